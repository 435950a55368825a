import { cartTotal, lineTotal } from "@/features/cart/cart";
import type { CheckedLine } from "@/features/cart/use-checked-cart";
import { formatMoney } from "@/shared/money";

import "./checkout-summary.css";

export function CheckoutSummary({ lines }: { lines: readonly CheckedLine[] }) {
  const total = cartTotal(lines);
  return (
    <>
      <ul className="checkout-lines">
        {lines.map((line) => (
          <li key={line.productId}>
            {line.picture && <img src={line.picture.url} alt="" width="56" height="56" />}
            <span>
              {line.name}
              <span className="checkout-quantity">
                {line.quantity} × {formatMoney(line.price)}
              </span>
            </span>
            <span className="price">{formatMoney(lineTotal(line))}</span>
          </li>
        ))}
      </ul>
      {total && (
        <p className="summary-total">
          <span>Total, including VAT</span> <span className="price">{formatMoney(total)}</span>
        </p>
      )}
    </>
  );
}
