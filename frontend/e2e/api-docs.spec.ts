import { expect, newCustomer, test } from "./shop-test";

test("the API's documentation lists what there is and tries it", async ({ page, shop }) => {
  await page.goto("/");
  await page.getByRole("contentinfo").getByRole("link", { name: "For developers" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "The shop's API" })).toBeVisible();
  const operation = (name: string) => page.locator(`.opblock[id$="-${name}"]`);
  // The explorer is a large script.
  await expect(operation("get-products")).toBeVisible({ timeout: 60_000 });
  for (const name of ["post-orders", "get-users-me", "post-payment-3p-preauth", "get-deliveries", "get-inventory"]) {
    await expect(operation(name)).toBeVisible();
  }
  await expect(page.getByText("You try calls as nobody.")).toBeVisible();
  await shop.picture("api-docs");

  const products = operation("get-products");
  await products.locator(".opblock-summary-control").click();
  await products.getByRole("button", { name: "Execute" }).click();
  const answer = products.locator(".live-responses-table .response");
  await expect(answer.locator(".response-col_status").first()).toContainText("200");
  await expect(answer.locator("code").first()).toContainText("productId");
  await shop.picture("tried");
});

test("a call is tried as whoever is logged in", async ({ page, shop }) => {
  const customer = newCustomer();
  await page.goto("/sign-up?next=/api-docs");
  await page.getByLabel("E-mail address").fill(customer.email);
  await page.getByLabel("Password", { exact: true }).fill(customer.password);
  await page.getByLabel("Password again").fill(customer.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByLabel("Code").fill("123456");
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByText(`You try calls as ${customer.email}.`)).toBeVisible();
  const orders = page.locator('.opblock[id$="-get-orders"]');
  await expect(orders).toBeVisible({ timeout: 60_000 });
  await orders.locator(".opblock-summary-control").click();
  await orders.getByRole("button", { name: "Execute" }).click();
  const answer = orders.locator(".live-responses-table .response");
  await expect(answer.locator(".response-col_status").first()).toContainText("200");
  await expect(answer.locator("code").first()).toContainText('"orders": []');
  await shop.picture("as-a-customer");
});
