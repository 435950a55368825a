import { storedValue, useStoredValue } from "@/shared/stored-value";

import { addToCart, changeQuantity, parseCart, removeFromCart, type Cart, type CartLine } from "./cart";

/** The one cart of this browser. It needs no account and survives a reload. */
const stored = storedValue<Cart>("tarnside.cart", parseCart);

export const useCart = (): Cart => useStoredValue(stored);

export const cartActions = {
  add: (line: CartLine) => stored.set(addToCart(stored.get(), line)),
  changeQuantity: (productId: string, quantity: number) => stored.set(changeQuantity(stored.get(), productId, quantity)),
  remove: (productId: string) => stored.set(removeFromCart(stored.get(), productId)),
  clear: () => stored.set([]),
};
