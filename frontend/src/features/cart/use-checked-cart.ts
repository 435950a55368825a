import { useQueries } from "@tanstack/react-query";

import { productQuery } from "@/features/catalogue/api/products";
import type { Product } from "@/features/catalogue/product";
import { ApiError } from "@/shared/api/api-error";
import { useApi } from "@/shared/api/api-context";
import { sameMoney, type Money } from "@/shared/money";

import type { CartLine } from "./cart";
import { useCart } from "./cart-store";

/** A line with what the shop says today. */
export interface CheckedLine extends CartLine {
  /** The price when it was put into the cart, where that is not today's. */
  readonly formerPrice: Money | null;
  /** Why it cannot be ordered: the shop does not sell it any more, or not in this size. */
  readonly fault: "gone" | "size" | null;
}

/**
 * The cart against today's catalogue: a price may have changed since a line was stored. Until the shop has
 * answered, or when it does not, a line shows what it remembers; the order takes the server's price anyway.
 */
export function useCheckedCart(): readonly CheckedLine[] {
  const api = useApi();
  const cart = useCart();
  const ids = [...new Set(cart.map((line) => line.productId))];
  const products = useQueries({ queries: ids.map((productId) => productQuery(api, productId)) });
  return cart.map((line) => {
    const query = products[ids.indexOf(line.productId)];
    const price = query?.data?.price ?? line.price;
    return {
      ...line,
      name: query?.data?.name ?? line.name,
      price,
      formerPrice: sameMoney(price, line.price) ? null : line.price,
      fault: faultOf(line, query?.data, query?.error),
    };
  });
}

function faultOf({ size }: CartLine, product: Product | undefined, error: unknown): CheckedLine["fault"] {
  if (error instanceof ApiError && error.status === 404) return "gone";
  if (!product) return null;
  const isThere = size === null ? product.sizes.length === 0 : product.sizes.includes(size);
  return isThere ? null : "size";
}
