import { defineConfig } from "@playwright/test";
import { join } from "node:path";

/** Everything that a run leaves behind goes here. */
const artifacts = process.env.ARTIFACTS_DIR ?? join(import.meta.dirname, "test-results");
process.env.ARTIFACTS_DIR = artifacts;

// A deployed shop, or else the built site on a mock server of our own. The workers inherit the port.
const site = process.env.SITE_URL;
const port = (process.env.MOCK_PORT ??= String(20_000 + (process.pid % 20_000)));

export default defineConfig({
  testDir: "e2e",
  outputDir: join(artifacts, "traces"),
  reporter: [["list"], ["html", { outputFolder: join(artifacts, "report"), open: "never" }]],
  forbidOnly: Boolean(process.env.CI),
  fullyParallel: true,
  workers: 2,
  // Many times what a machine takes that has nothing else to do.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  use: {
    baseURL: site ?? `http://127.0.0.1:${port}/`,
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    locale: "en-IE",
    timezoneId: "Europe/Berlin",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "desktop", use: { viewport: { width: 1280, height: 900 } } },
    { name: "phone", use: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 } },
  ],
  ...(site
    ? {}
    : {
        webServer: {
          command: "npm run build && npm run mock",
          url: `http://127.0.0.1:${port}/`,
          env: { PORT: port },
          timeout: 120_000,
        },
      }),
});
