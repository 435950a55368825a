import { multiply, sum, type Money } from "@/shared/money";

/** What the cart remembers of a product: enough to show it before the shop has answered. */
export interface CartLine {
  readonly productId: string;
  readonly name: string;
  readonly price: Money;
  readonly picture: { readonly url: string; readonly alt: string } | null;
  readonly quantity: number;
}

/** Never changed in place. The order of lines is the order in which they were added. */
export type Cart = readonly CartLine[];

export const maximumQuantity = 20;

const clamp = (quantity: number) => Math.min(Math.max(Math.trunc(quantity), 1), maximumQuantity);

/** Adds to the line of the same product, if there is one, and takes over its newest name and price. */
export function addToCart(cart: Cart, added: CartLine): Cart {
  const present = cart.find((line) => line.productId === added.productId);
  if (!present) return [...cart, { ...added, quantity: clamp(added.quantity) }];
  const merged = { ...added, quantity: clamp(present.quantity + added.quantity) };
  return cart.map((line) => (line === present ? merged : line));
}

export const changeQuantity = (cart: Cart, productId: string, quantity: number): Cart =>
  cart.map((line) => (line.productId === productId ? { ...line, quantity: clamp(quantity) } : line));

export const removeFromCart = (cart: Cart, productId: string): Cart => cart.filter((line) => line.productId !== productId);

export const countItems = (cart: Cart): number => cart.reduce((count, line) => count + line.quantity, 0);

export const lineTotal = (line: Pick<CartLine, "price" | "quantity">): Money => multiply(line.price, line.quantity);

/** Null for an empty cart, which has no currency. */
export const cartTotal = (cart: Cart): Money | null => sum(cart.map(lineTotal));

/** Reads what an earlier visit stored and drops every line that makes no sense. */
export function parseCart(stored: unknown): Cart {
  return Array.isArray(stored) ? stored.filter(isLine).map((line) => ({ ...line, quantity: clamp(line.quantity) })) : [];
}

function isLine(value: unknown): value is CartLine {
  if (typeof value !== "object" || value === null) return false;
  const { productId, name, price, picture, quantity } = value as Record<string, unknown>;
  return (
    typeof productId === "string" &&
    typeof name === "string" &&
    Number.isFinite(quantity) &&
    isMoney(price) &&
    (picture === null || (typeof picture === "object" && typeof (picture as Record<string, unknown>).url === "string"))
  );
}

function isMoney(value: unknown): value is Money {
  if (typeof value !== "object" || value === null) return false;
  const { amount, currency } = value as Record<string, unknown>;
  return Number.isSafeInteger(amount) && typeof currency === "string" && /^[A-Z]{3}$/.test(currency);
}
