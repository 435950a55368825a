import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// `npm run dev` takes the API and the configuration from a shop that runs: the mock server's default
// address, or the site URL of a deployed environment in SITE_URL.
const shop = process.env.SITE_URL ?? "http://127.0.0.1:4300";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // Nothing inlined into the page: a strict Content-Security-Policy holds.
  // The one large chunk is the explorer of the API, for its readers only.
  build: { chunkSizeWarningLimit: 1600, assetsInlineLimit: 0, modulePreload: { polyfill: false }, sourcemap: false },
  server: {
    proxy: Object.fromEntries(["^/api/", "/config.json", "/cognito"].map((path) => [path, { target: shop, changeOrigin: true }])),
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: "src/testing/setup.ts",
    restoreMocks: true,
    testTimeout: 60_000,
  },
});
