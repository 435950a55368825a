import AxeBuilder from "@axe-core/playwright";
import { test as base, type Page } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { join } from "node:path";

export { expect } from "@playwright/test";

interface Shop {
  /** Keeps a picture of the page for a person to look at. */
  picture: (name: string) => Promise<void>;
  /** Fails on anything that WCAG 2.2 AA forbids and a program can find. */
  checkAccessibility: () => Promise<void>;
  /** This test provokes refusals of these addresses. */
  expectRefusal: (url: RegExp) => void;
}

/** A browser that fails the test when the page reports an error or a request is not answered well. */
export const test = base.extend<{ shop: Shop }>({
  shop: [
    async ({ page }, use, testInfo) => {
      const problems: string[] = [];
      const expected: RegExp[] = [];
      watch(page, (url, problem) => {
        if (!expected.some((pattern) => pattern.test(url))) problems.push(problem);
      });
      await slowDown(page);
      let count = 0;
      await use({
        picture: async (name) => {
          count += 1;
          const file = `${String(count).padStart(2, "0")}-${name}.png`;
          const folder = join(process.env.ARTIFACTS_DIR ?? "test-results", "screenshots", testInfo.project.name);
          await page.screenshot({ path: join(folder, testInfo.titlePath[1] ?? "", file), fullPage: true, animations: "disabled" });
        },
        checkAccessibility: async () => {
          const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
          const findings = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}\n${node.failureSummary ?? ""}`));
          base.expect(findings, "accessibility").toEqual([]);
        },
        expectRefusal: (url) => expected.push(url),
      });
      base.expect(problems, "errors in the console and failed requests").toEqual([]);
    },
    { auto: true },
  ],
});

/** Waits that a fast machine forgives show on a processor that is `CPU_SLOWDOWN` times slower. */
async function slowDown(page: Page) {
  const rate = Number(process.env.CPU_SLOWDOWN ?? 1);
  if (rate === 1) return;
  const browser = await page.context().newCDPSession(page);
  await browser.send("Emulation.setCPUThrottlingRate", { rate });
}

function watch(page: Page, report: (url: string, problem: string) => void) {
  page.on("pageerror", (error) => report("", `uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") report(message.location().url, `console: ${message.text()} ${message.location().url}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) report(response.url(), `${response.status()} ${response.request().method()} ${response.url()}`);
  });
  page.on("requestfailed", (request) => {
    // The page itself gives up what it no longer needs.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") report(request.url(), `no answer: ${request.url()}`);
  });
}

export const newCustomer = () => ({ email: `anna.${randomUUID().slice(0, 8)}@example.com`, password: "Forest-walk-2026" });
