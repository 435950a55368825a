import type { OrderRequest } from "@/features/orders/order";
import { randomId } from "@/shared/random-id";

const storageKey = "tarnside.order-attempt";

/**
 * The idempotency key for this very order. The same order tried again, even after a reload, has the same key, so
 * that an answer lost on the way never buys anything twice; a changed order is another one.
 */
export function keyFor(order: OrderRequest): string {
  const fingerprint = JSON.stringify(order);
  const last = read();
  if (last?.fingerprint === fingerprint) return last.key;
  const attempt = { fingerprint, key: randomId() };
  try {
    sessionStorage.setItem(storageKey, JSON.stringify(attempt));
  } catch {
    // Without storage a retry within the page still goes through the same mutation.
  }
  return attempt.key;
}

/** The order is placed: the next one, even for the same things, is a new one. */
export function forgetAttempt() {
  try {
    sessionStorage.removeItem(storageKey);
  } catch {
    // Nothing was stored then.
  }
}

function read(): { fingerprint: string; key: string } | null {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey) ?? "null") as { fingerprint: string; key: string } | null;
  } catch {
    return null;
  }
}
