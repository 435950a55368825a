import { storedValue, useStoredValue } from "@/shared/stored-value";

import { addToCart, changeQuantity, parseCart, removeFromCart, type Article, type Cart, type CartLine } from "./cart";

/** The one cart of this browser. It needs no account and survives a reload. */
const stored = storedValue<Cart>("tarnside.cart", parseCart);

export const useCart = (): Cart => useStoredValue(stored);

export const cartActions = {
  add: (line: CartLine) => stored.set(addToCart(stored.get(), line)),
  changeQuantity: (article: Article, quantity: number) => stored.set(changeQuantity(stored.get(), article, quantity)),
  remove: (article: Article) => stored.set(removeFromCart(stored.get(), article)),
  clear: () => stored.set([]),
};
