import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { beforeEach, describe, expect, it } from "vitest";

import type { Product } from "@/features/catalogue/product";

import { cartActions } from "./cart-store";
import { AddToCart } from "./components/add-to-cart";
import { CartLink } from "./components/cart-link";

const lantern: Product = {
  productId: "lantern",
  name: "Lantern",
  description: "",
  category: "Camp",
  price: { amount: 6900, currency: "EUR" },
  pictures: [],
  tags: [],
  sizes: [],
  createdDate: "2026-01-15T09:00:00Z",
  modifiedDate: "2026-01-15T09:00:00Z",
};

beforeEach(() => cartActions.clear());

describe("adding to the cart", () => {
  it("is counted in the header, said aloud and stored", async () => {
    const user = userEvent.setup();
    render(
      <MemoryRouter>
        <CartLink />
        <AddToCart product={lantern} />
      </MemoryRouter>,
    );
    expect(screen.getByRole("link", { name: "Cart, 0 items" })).toBeDefined();

    await user.click(screen.getByRole("button", { name: "One more" }));
    await user.click(screen.getByRole("button", { name: "Add to cart" }));

    expect(screen.getByRole("link", { name: "Cart, 2 items" })).toBeDefined();
    expect(screen.getByText(/Added 2 to your cart/).closest("[role=status]")).not.toBeNull();
    expect(JSON.parse(localStorage.getItem("tarnside.cart") ?? "")).toMatchObject([{ productId: "lantern", quantity: 2 }]);
  });

  it("needs a size where there are several", async () => {
    const user = userEvent.setup();
    const stored = () => JSON.parse(localStorage.getItem("tarnside.cart") ?? "") as unknown;
    render(
      <MemoryRouter>
        <AddToCart product={{ ...lantern, sizes: ["S", "L"] }} />
      </MemoryRouter>,
    );
    const size = screen.getByRole("combobox", { name: "Size" });
    await user.click(screen.getByRole("button", { name: "Add to cart" }));
    expect(screen.getByText("Please choose a size.")).toBeDefined();
    expect(document.activeElement).toBe(size);
    expect(stored()).toEqual([]);

    await user.selectOptions(size, "L");
    expect(screen.queryByText("Please choose a size.")).toBeNull();
    await user.click(screen.getByRole("button", { name: "Add to cart" }));
    expect(stored()).toMatchObject([{ productId: "lantern", size: "L", quantity: 1 }]);
  });

  it("is seen in the other tabs", () => {
    render(
      <MemoryRouter>
        <CartLink />
      </MemoryRouter>,
    );
    const cart = [{ productId: "x", name: "X", price: lantern.price, picture: null, quantity: 1 }];
    localStorage.setItem("tarnside.cart", JSON.stringify(cart));
    act(() => {
      window.dispatchEvent(new StorageEvent("storage", { key: "tarnside.cart", storageArea: localStorage }));
    });
    expect(screen.getByRole("link", { name: "Cart, 1 item" })).toBeDefined();
  });
});
