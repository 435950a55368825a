import { describe, expect, it } from "vitest";

import { addToCart, cartTotal, changeQuantity, countItems, maximumQuantity, parseCart, removeFromCart, type CartLine } from "./cart";

const line = (productId: string, amount: number, quantity: number, size: string | null = null): CartLine => ({
  productId,
  size,
  name: `The ${productId}`,
  price: { amount, currency: "EUR" },
  picture: null,
  quantity,
});

const boot = line("boot", 21900, 1);
const mug = line("mug", 1200, 2);

describe("a cart", () => {
  it("keeps the order in which things were added", () => {
    expect(addToCart(addToCart([], boot), mug).map(({ productId }) => productId)).toEqual(["boot", "mug"]);
  });

  it("adds up the same product, at its newest price", () => {
    const [only, ...others] = addToCart([boot], { ...boot, price: { amount: 19900, currency: "EUR" }, quantity: 2 });
    expect(others).toEqual([]);
    expect(only).toMatchObject({ quantity: 3, price: { amount: 19900 } });
  });

  it("has a line for each size of a product", () => {
    const [small, large] = [line("shirt", 4900, 1, "S"), line("shirt", 4900, 2, "L")];
    const cart = [small, large].reduce(addToCart, [boot]);
    expect(cart).toEqual([boot, small, large]);
    expect(addToCart(cart, large)[2]).toMatchObject({ size: "L", quantity: 4 });
    expect(changeQuantity(cart, small, 5).map(({ quantity }) => quantity)).toEqual([1, 5, 2]);
    expect(removeFromCart(cart, { productId: "shirt", size: "L" })).toEqual([boot, small]);
    expect(removeFromCart(cart, { productId: "shirt", size: null })).toEqual(cart);
  });

  it("counts and totals", () => {
    expect(countItems([boot, mug])).toBe(3);
    expect(cartTotal([boot, mug])).toEqual({ amount: 24300, currency: "EUR" });
    expect(cartTotal([])).toBeNull();
  });

  it.each([
    [0, 1],
    [-3, 1],
    [2.9, 2],
    [1000, maximumQuantity],
  ])("makes of the quantity %d a %d", (asked, kept) => {
    expect(changeQuantity([mug], mug, asked)).toEqual([{ ...mug, quantity: kept }]);
  });

  it("never holds more of a product than can be ordered", () => {
    const full = addToCart([line("mug", 1200, maximumQuantity)], mug);
    expect(countItems(full)).toBe(maximumQuantity);
  });

  it("forgets what is removed and leaves the rest alone", () => {
    expect(removeFromCart([boot, mug], boot)).toEqual([mug]);
    expect(removeFromCart([boot, mug], { productId: "lamp", size: null })).toEqual([boot, mug]);
  });
});

describe("a stored cart", () => {
  it("comes back as it was", () => {
    expect(parseCart(JSON.parse(JSON.stringify([boot, mug])))).toEqual([boot, mug]);
  });

  it("of before there were sizes has none", () => {
    expect(parseCart([{ ...mug, size: undefined }])).toEqual([mug]);
  });

  it.each([null, 7, "cart", {}, { lines: [] }])("that is %o is an empty one", (stored) => {
    expect(parseCart(stored)).toEqual([]);
  });

  it("loses the lines that make no sense, not the others", () => {
    const broken = [
      { ...boot, productId: undefined },
      { ...boot, price: { amount: 12.5, currency: "EUR" } },
      { ...boot, price: { amount: 1250, currency: "euro" } },
      { ...boot, quantity: "1" },
      { ...boot, size: 42 },
      { ...boot, picture: {} },
      null,
    ];
    expect(parseCart([...broken, mug])).toEqual([mug]);
  });
});
