import { queryOptions } from "@tanstack/react-query";

import { ordersKey } from "@/features/orders/api/orders";
import type { ApiClient } from "@/shared/api/api-client";
import type { Money } from "@/shared/money";

/** The payment of an order, as far as its page needs it. */
export interface Payment {
  readonly orderId: string;
  /** What the customer still has to pay, because the card that he gave did not. */
  readonly owed?: Money | null;
}

/** Holds the amount on the card; what comes back stands for it. The number goes to nobody but the payment provider. */
export async function preauthorise(api: ApiClient, cardNumber: string, { amount, currency }: Money): Promise<string> {
  const { paymentToken } = await api.request<{ paymentToken: string }>("/payment-3p/preauth", {
    method: "POST",
    body: { cardNumber, amount, currency },
  });
  return paymentToken;
}

const path = (orderId: string) => `/orders/${encodeURIComponent(orderId)}/payment`;

/** Below the key of the orders, so that a log-out forgets it too. */
export const paymentQuery = (api: ApiClient, orderId: string) =>
  queryOptions({
    queryKey: [ordersKey, "payment", orderId],
    queryFn: ({ signal }) => api.request<Payment>(path(orderId), { signedIn: true, signal }),
  });

/** Pays what is owed for an order. The same token again, after an answer that was lost, pays nothing more. */
export const payOwed = (api: ApiClient, orderId: string, paymentToken: string): Promise<Payment> =>
  api.request<Payment>(path(orderId), { method: "POST", body: { paymentToken }, signedIn: true });
