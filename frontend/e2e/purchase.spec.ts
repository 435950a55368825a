import { expect, newCustomer, test } from "./shop-test";

test("purchase", async ({ page, shop }) => {
  const customer = newCustomer();
  const cards = page.getByRole("main").getByRole("article");

  await test.step("catalogue", async () => {
    await page.goto("/");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(cards).toHaveCount(12);
    await shop.checkAccessibility();
    await shop.picture("catalogue");
    await page.getByRole("button", { name: "Load more" }).click();
    await expect(cards).toHaveCount(24);
    await expect(cards.nth(12).getByRole("link")).toBeFocused();
  });

  await test.step("category", async () => {
    const filter = page.getByRole("navigation", { name: "Categories" });
    await filter.getByRole("link", { name: /^Camp/ }).click();
    await expect(filter.getByRole("link", { name: /^Camp/ })).toHaveAttribute("aria-current", "page");
    await expect(cards.filter({ hasText: "Camp" })).not.toHaveCount(0);
    await expect(cards.filter({ hasNotText: "Camp" })).toHaveCount(0);
    await shop.picture("category");
  });

  let price = "";
  await test.step("product", async () => {
    await cards.getByRole("link", { name: "Glimmer camp lantern" }).click();
    await expect(page).toHaveURL(/\/products\/[^/]+$/);
    await expect(page.getByRole("heading", { level: 1, name: "Glimmer camp lantern" })).toBeFocused();
    price = await page.locator(".product-price").innerText();
    await page.getByRole("button", { name: "One more" }).click();
    await page.getByRole("button", { name: "Add to cart" }).click();
    await expect(page.getByText("Added 2 to your cart.")).toBeVisible();
    await shop.checkAccessibility();
    await shop.picture("product");
  });

  await test.step("cart", async () => {
    await page.getByRole("link", { name: "Cart, 2 items" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Your cart" })).toBeVisible();
    await expect(page.getByText(`${price} each`)).toBeVisible();
    await page.getByRole("button", { name: "One less" }).click();
    await expect(page.getByRole("complementary", { name: "Summary" }).getByText(price)).toBeVisible();
    await page.reload();
    await expect(page.getByRole("link", { name: "Cart, 1 item" })).toBeVisible();
    await shop.checkAccessibility();
    await shop.picture("cart");
  });

  await test.step("sign-up", async () => {
    await page.getByRole("link", { name: "Go to checkout" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Log in" })).toBeVisible();
    await page.getByRole("link", { name: "Create an account" }).click();
    // The page before has a field of the same name.
    await expect(page.getByRole("heading", { level: 1, name: "Create your account" })).toBeVisible();
    await page.getByLabel("E-mail address").fill(customer.email);
    await page.getByLabel("Password", { exact: true }).fill(customer.password);
    await page.getByLabel("Password again").fill(customer.password);
    await shop.checkAccessibility();
    await shop.picture("sign-up");
    await page.getByRole("button", { name: "Create account" }).click();
  });

  await test.step("confirm", async () => {
    await expect(page.getByText(`We sent a code to ${customer.email}`)).toBeVisible();
    await shop.checkAccessibility();
    await shop.picture("confirm");
    await page.getByLabel("Code").fill("123456");
    await page.getByRole("button", { name: "Confirm" }).click();
    // Logged in, and back on the way to the checkout.
    await expect(page.getByRole("heading", { level: 1, name: "Checkout" })).toBeVisible();
  });

  await test.step("log-in", async () => {
    await page.getByRole("button", { name: "Account" }).click();
    await expect(page.getByText(customer.email).filter({ visible: true }).first()).toBeVisible();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("link", { name: "Cart, 1 item" }).click();
    await page.getByRole("link", { name: "Go to checkout" }).click();
    await page.getByLabel("E-mail address").fill(customer.email);
    await page.getByLabel("Password").fill(customer.password);
    await shop.checkAccessibility();
    await shop.picture("log-in");
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Checkout" })).toBeVisible();
  });

  let total = "";
  await test.step("checkout", async () => {
    await page.getByRole("button", { name: "Place order" }).click();
    await expect(page.getByText("Please enter the city.")).toBeVisible();
    await expect(page.getByLabel("Full name")).toBeFocused();
    await shop.checkAccessibility();
    await page.getByLabel("Full name").fill("Anna Berg");
    await page.getByLabel("Street and number").fill("Seestraße 12");
    await page.getByLabel("Postal code").fill("88131");
    await page.getByLabel("City").fill("Lindau");
    await page.getByLabel("Country").selectOption("Germany");
    await expect(page.locator(".summary-extra", { hasText: "Delivery" })).toContainText("€");
    total = await page.locator(".summary-total .price").innerText();
    await page.getByLabel("Card number").fill("4242 4242 4242 4242");
    await shop.picture("checkout");
    const [request] = await Promise.all([
      page.waitForRequest((request) => request.url().endsWith("/api/orders") && request.method() === "POST"),
      page.getByRole("button", { name: "Place order" }).click(),
    ]);
    expect(request.headers()["idempotency-key"]).toMatch(/^[\da-f]{32}$/);
    expect(request.headers().authorization).toMatch(/^Bearer ./);
  });

  let orderId = "";
  await test.step("order", async () => {
    await expect(page.getByRole("heading", { level: 1, name: "Thank you for your order" })).toBeVisible();
    await expect(page.getByRole("link", { name: "Cart, 0 items" })).toBeVisible();
    await expect(page.getByText("Confirmed")).toBeVisible({ timeout: 30_000 });
    orderId = await page.locator("code").innerText();
    await shop.checkAccessibility();
    await shop.picture("order");
  });

  await test.step("my orders", async () => {
    await page.getByRole("link", { name: "All my orders" }).click();
    const order = page.getByRole("list", { name: "Orders" }).getByRole("article");
    await expect(order).toHaveCount(1);
    await expect(order).toContainText("Glimmer camp lantern");
    await expect(order).toContainText(total);
    await expect(order).toContainText("Confirmed");
    await shop.checkAccessibility();
    await shop.picture("my-orders");
    await order.getByRole("link").click();
    await expect(page.locator("code")).toHaveText(orderId);
    await page.reload();
    await expect(page.locator("code")).toHaveText(orderId);
  });

  // Something is owed after a delivery only, so the payment is played here.
  await test.step("what is owed", async () => {
    const owed = { amount: 2500, currency: "EUR" };
    const answers = [
      { status: 402, json: { title: "Payment refused", status: 402, detail: "25.00 EUR could not be taken; try another card" } },
      { status: 200, json: { orderId } },
    ];
    await page.route("**/api/orders/*/payment", (route) =>
      route.fulfill(route.request().method() === "POST" ? answers.shift() : { json: { orderId, owed } }),
    );
    shop.expectRefusal(/\/payment$/);
    await page.reload();
    await expect(page.getByRole("region", { name: "€25.00 to pay" })).toBeVisible();
    const card = page.getByLabel("Card number");
    await card.fill("4242 4242 4242 4242");
    await page.getByRole("button", { name: "Pay €25.00" }).click();
    await expect(page.getByText("could not be taken")).toBeVisible();
    await expect(card).toBeFocused();
    await shop.checkAccessibility();
    await shop.picture("owed");
    await card.fill("5555 5555 5555 4444");
    await page.getByRole("button", { name: "Pay €25.00" }).click();
    await expect(page.getByText("You have paid €25.00")).toBeFocused();
    await expect(card).toBeHidden();
    await shop.checkAccessibility();
    await shop.picture("paid");
  });
});
