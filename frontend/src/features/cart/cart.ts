import { multiply, sum, type Money } from "@/shared/money";

/** What a line is about: no two lines of a cart are about the same. */
export interface Article {
  readonly productId: string;
  /** One of the product's sizes; null where it comes in one only. */
  readonly size: string | null;
}

/** What the cart remembers of a product: enough to show it before the shop has answered. */
export interface CartLine extends Article {
  readonly name: string;
  readonly price: Money;
  readonly picture: { readonly url: string; readonly alt: string } | null;
  readonly quantity: number;
}

/** Never changed in place. The order of lines is the order in which they were added. */
export type Cart = readonly CartLine[];

export const maximumQuantity = 20;

const clamp = (quantity: number) => Math.min(Math.max(Math.trunc(quantity), 1), maximumQuantity);

export const isSame = (one: Article, other: Article): boolean => one.productId === other.productId && one.size === other.size;

/** Adds to the line of the same product and size, if there is one, and takes over its newest name and price. */
export function addToCart(cart: Cart, added: CartLine): Cart {
  const present = cart.find((line) => isSame(line, added));
  if (!present) return [...cart, { ...added, quantity: clamp(added.quantity) }];
  const merged = { ...added, quantity: clamp(present.quantity + added.quantity) };
  return cart.map((line) => (line === present ? merged : line));
}

export const changeQuantity = (cart: Cart, article: Article, quantity: number): Cart =>
  cart.map((line) => (isSame(line, article) ? { ...line, quantity: clamp(quantity) } : line));

export const removeFromCart = (cart: Cart, article: Article): Cart => cart.filter((line) => !isSame(line, article));

export const countItems = (cart: Cart): number => cart.reduce((count, line) => count + line.quantity, 0);

export const lineTotal = (line: Pick<CartLine, "price" | "quantity">): Money => multiply(line.price, line.quantity);

/** Null for an empty cart, which has no currency. */
export const cartTotal = (cart: Cart): Money | null => sum(cart.map(lineTotal));

/** Reads what an earlier visit stored and drops every line that makes no sense. */
export function parseCart(stored: unknown): Cart {
  if (!Array.isArray(stored)) return [];
  return stored.filter(isLine).map((line) => ({ ...line, size: line.size ?? null, quantity: clamp(line.quantity) }));
}

/** Carts of before there were sizes have none. */
type StoredLine = Omit<CartLine, "size"> & { readonly size?: string | null };

function isLine(value: unknown): value is StoredLine {
  if (typeof value !== "object" || value === null) return false;
  const { productId, size, name, price, picture, quantity } = value as Record<string, unknown>;
  return (
    typeof productId === "string" &&
    (size === undefined || size === null || typeof size === "string") &&
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
