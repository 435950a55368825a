import type { OrderRequest } from "@/features/orders/order";
import type { Money } from "@/shared/money";
import { randomId } from "@/shared/random-id";

const storageKey = "tarnside.order-attempt";

/** What is ordered, without its payment. */
export type Unpaid = Omit<OrderRequest, "paymentToken">;

/** One intention to buy: it keeps its key and its payment however often it is tried. */
export interface Attempt {
  readonly key: string;
  readonly paymentToken: string;
}

/**
 * The attempt for this very order at this very total. The same order tried again, even after a reload, has the same
 * idempotency key and the same payment, so that an answer lost on the way never buys or holds anything twice; a
 * changed order is another one. `pay` is asked for a payment only when there is none yet.
 */
export async function attemptFor(order: Unpaid, total: Money, pay: () => Promise<string>): Promise<Attempt> {
  const fingerprint = JSON.stringify([order, total]);
  const last = read();
  if (last?.fingerprint === fingerprint) return last;
  const attempt = { fingerprint, key: randomId(), paymentToken: await pay() };
  try {
    sessionStorage.setItem(storageKey, JSON.stringify(attempt));
  } catch {
    // Without storage a retry within the page still goes through the same mutation.
  }
  return attempt;
}

/** The order is placed, or its payment was refused: the next one, even for the same things, is a new one. */
export function forgetAttempt() {
  try {
    sessionStorage.removeItem(storageKey);
  } catch {
    // Nothing was stored then.
  }
}

function read(): (Attempt & { fingerprint: string }) | null {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey) ?? "null") as (Attempt & { fingerprint: string }) | null;
  } catch {
    return null;
  }
}
