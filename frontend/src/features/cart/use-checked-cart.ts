import { useQueries } from "@tanstack/react-query";

import { productQuery } from "@/features/catalogue/api/products";
import { ApiError } from "@/shared/api/api-error";
import { useApi } from "@/shared/api/api-context";
import { sameMoney, type Money } from "@/shared/money";

import type { CartLine } from "./cart";
import { useCart } from "./cart-store";

/** A line with what the shop says today. */
export interface CheckedLine extends CartLine {
  /** The price when it was put into the cart, where that is not today's. */
  readonly formerPrice: Money | null;
  /** The shop does not sell it any more. */
  readonly isGone: boolean;
}

/**
 * The cart against today's catalogue: a price may have changed since a line was stored. Until the shop has
 * answered, or when it does not, a line shows what it remembers; the order takes the server's price anyway.
 */
export function useCheckedCart(): readonly CheckedLine[] {
  const api = useApi();
  const cart = useCart();
  const products = useQueries({ queries: cart.map((line) => productQuery(api, line.productId)) });
  return cart.map((line, index) => {
    const query = products[index];
    const price = query?.data?.price ?? line.price;
    return {
      ...line,
      name: query?.data?.name ?? line.name,
      price,
      formerPrice: sameMoney(price, line.price) ? null : line.price,
      isGone: query?.error instanceof ApiError && query.error.status === 404,
    };
  });
}
