import { expect, newCustomer, test } from "./shop-test";

test("a product's address opens the product", async ({ page, shop }) => {
  await page.goto("/?category=Shoes");
  await page.getByRole("link", { name: "Ridgeline leather boot" }).click();
  await page.waitForURL(/\/products\//);
  await page.goto(page.url());
  await expect(page.getByRole("heading", { level: 1, name: "Ridgeline leather boot" })).toBeVisible();
  const picture = page.getByRole("img", { name: /walking boot/ });
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  await shop.picture("product");
});

test("a size is chosen and kept apart from others", async ({ page, shop }) => {
  await page.goto("/?category=Shoes");
  await page.getByRole("link", { name: "Ridgeline leather boot" }).click();
  const add = page.getByRole("button", { name: "Add to cart" });
  await add.click();
  await expect(page.getByText("Please choose a size.")).toBeVisible();
  await shop.checkAccessibility();
  for (const size of ["42", "43", "42"]) {
    await page.getByLabel("Size").selectOption(size);
    await add.click();
  }
  await shop.picture("size");
  await page.getByRole("link", { name: "Cart, 3 items" }).click();
  const lines = page.getByRole("list", { name: "Items in your cart" }).getByRole("listitem");
  await expect(lines).toHaveCount(2);
  await expect(lines.nth(0)).toContainText("Ridgeline leather boot, size 42");
  await page.getByRole("button", { name: "Remove Ridgeline leather boot, size 42" }).click();
  await expect(lines).toHaveCount(1);
  await expect(lines).toContainText("size 43");
  await shop.checkAccessibility();
});

test("an address that does not exist is said to be none", async ({ page, shop }) => {
  shop.expectRefusal(/no-such-page/);
  await page.goto("/no-such-page");
  await expect(page.getByRole("heading", { level: 1, name: "Page not found" })).toBeVisible();
  await shop.checkAccessibility();
  await shop.picture("not-found");
  await page.getByRole("link", { name: "Back to the shop" }).click();
  await expect(page).toHaveURL(/\/$/);
});

test("a product that does not exist is said to be none", async ({ page, shop }) => {
  shop.expectRefusal(/no-such-product/);
  await page.goto("/products/no-such-product");
  await expect(page.getByRole("heading", { level: 1, name: "Page not found" })).toBeVisible();
});

test("a wrong password is explained", async ({ page, shop }) => {
  shop.expectRefusal(/cognito|:\d+\/?$/);
  const customer = newCustomer();
  await page.goto("/log-in");
  await page.getByLabel("E-mail address").fill(customer.email);
  await page.getByLabel("Password").fill(customer.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert")).toContainText("E-mail address or password is wrong");
  await shop.checkAccessibility();
  await shop.picture("wrong-password");
});

test("an empty cart says what to do", async ({ page, shop }) => {
  await page.goto("/cart");
  await expect(page.getByRole("heading", { name: "Your cart is empty" })).toBeVisible();
  await shop.checkAccessibility();
  await shop.picture("empty-cart");
});

test("the shop in the dark", async ({ page, shop }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto("/");
  await expect(page.getByRole("main").getByRole("article")).toHaveCount(12);
  await shop.checkAccessibility();
  await shop.picture("catalogue");
  await page.goto("/?category=Shoes");
  await page.getByRole("main").getByRole("article").first().getByRole("link").click();
  await page.getByRole("button", { name: "Add to cart" }).click();
  await expect(page.getByText("Please choose a size.")).toBeVisible();
  await shop.checkAccessibility();
  await shop.picture("product");
});

test("the shop on the narrowest phone", async ({ page, shop }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of ["/", "/cart", "/sign-up", "/log-in", "/confirm"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, `${path} scrolls sideways`).toBeLessThanOrEqual(0);
  }
  await shop.picture("narrow");
});

test("a shop that cannot be reached is asked again", async ({ page, shop }) => {
  shop.expectRefusal(/\/api\/products/);
  await page.route("**/api/products?*", (route) => route.abort("connectionrefused"));
  await page.goto("/");
  await expect(page.getByRole("alert")).toContainText("We cannot reach the shop");
  await shop.checkAccessibility();
  await shop.picture("no-answer");
  await page.unroute("**/api/products?*");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("main").getByRole("article")).toHaveCount(12);
});
