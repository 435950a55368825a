import { cartTotal, lineTotal } from "@/features/cart/cart";
import type { CheckedLine } from "@/features/cart/use-checked-cart";
import { formatMoney, sum, type Money } from "@/shared/money";
import { titleOf } from "@/shared/title";

import "./checkout-summary.css";

interface CheckoutSummaryProps {
  lines: readonly CheckedLine[];
  /** Unknown until a country is chosen. */
  deliveryPrice: Money | undefined;
}

export function CheckoutSummary({ lines, deliveryPrice }: CheckoutSummaryProps) {
  const goods = cartTotal(lines);
  const total = goods && deliveryPrice ? sum([goods, deliveryPrice]) : goods;
  return (
    <>
      <ul className="checkout-lines">
        {lines.map((line) => (
          <li key={`${line.productId} ${line.size ?? ""}`}>
            {line.picture && <img src={line.picture.url} alt="" width="56" height="56" />}
            <span>
              {titleOf(line)}
              <span className="checkout-quantity">
                {line.quantity} × {formatMoney(line.price)}
              </span>
            </span>
            <span className="price">{formatMoney(lineTotal(line))}</span>
          </li>
        ))}
      </ul>
      <p className="summary-extra">
        <span>Delivery</span> <span className="price">{deliveryPrice ? formatMoney(deliveryPrice) : "depends on the country"}</span>
      </p>
      {total && (
        <p className="summary-total">
          <span>Total, including VAT</span> <span className="price">{formatMoney(total)}</span>
        </p>
      )}
    </>
  );
}
