/** An amount in minor units (cents), so that no price is ever a fraction. */
export interface Money {
  readonly amount: number;
  readonly currency: string;
}

export const multiply = (price: Money, quantity: number): Money => ({ ...price, amount: price.amount * quantity });

export function sum(prices: readonly Money[]): Money | null {
  const [first, ...others] = prices;
  if (!first) return null;
  return others.reduce((total, price) => {
    if (price.currency !== total.currency) throw new Error(`cannot add ${price.currency} to ${total.currency}`);
    return { ...total, amount: total.amount + price.amount };
  }, first);
}

export const sameMoney = (left: Money, right: Money): boolean =>
  left.amount === right.amount && left.currency === right.currency;

/** The price as a person reads it. The currency says how many minor units make one of it. */
export function formatMoney({ amount, currency }: Money, locale = "en-IE"): string {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
