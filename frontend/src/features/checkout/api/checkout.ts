import { queryOptions, skipToken } from "@tanstack/react-query";

import type { ApiClient } from "@/shared/api/api-client";
import type { Money } from "@/shared/money";

interface Piece {
  readonly productId: string;
  readonly quantity: number;
}

/** What it costs to bring the pieces to a country; asked once one is chosen. */
export const deliveryPriceQuery = (api: ApiClient, pieces: readonly Piece[], country: string | null) => {
  const items = pieces.map(({ productId, quantity }) => ({ productId, quantity }));
  return queryOptions({
    queryKey: ["delivery-price", country, items],
    queryFn:
      country === null
        ? skipToken
        : async ({ signal }) => {
            const { pricing } = await api.request<{ pricing: Money }>("/delivery/price", {
              method: "POST",
              body: { items, country },
              signal,
            });
            return pricing;
          },
  });
};
