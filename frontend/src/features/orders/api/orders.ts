import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import type { ApiClient } from "@/shared/api/api-client";

import { isWaiting, type Order, type OrderRequest } from "../order";

interface OrderPage {
  readonly orders: readonly Order[];
  readonly nextToken: string | null;
}

/** Quick at first, then ever slower: most orders are through the queue within a second. */
const pollAfter = (updates: number) => Math.min(500 * 1.5 ** updates, 10_000);

/** The first part of every key here: what a log-out has to forget. */
export const ordersKey = "orders";

export const ordersQuery = (api: ApiClient) =>
  infiniteQueryOptions({
    queryKey: [ordersKey, "list"],
    queryFn: ({ pageParam, signal }) =>
      api.request<OrderPage>("/orders", { query: { nextToken: pageParam }, signedIn: true, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextToken,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.orders.some(isWaiting)) ? pollAfter(state.dataUpdateCount) : false,
  });

export const orderQuery = (api: ApiClient, orderId: string) =>
  queryOptions({
    queryKey: [ordersKey, "one", orderId],
    queryFn: ({ signal }) => api.request<Order>(`/orders/${encodeURIComponent(orderId)}`, { signedIn: true, signal }),
    refetchInterval: ({ state }) => (state.data && isWaiting(state.data) ? pollAfter(state.dataUpdateCount) : false),
  });

/** Repeating it with the same key places no second order. */
export const placeOrder = (api: ApiClient, order: OrderRequest, idempotencyKey: string): Promise<Order> =>
  api.request<Order>("/orders", {
    method: "POST",
    body: order,
    headers: { "idempotency-key": idempotencyKey },
    signedIn: true,
  });
