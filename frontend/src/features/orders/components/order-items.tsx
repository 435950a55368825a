import { Link } from "react-router";

import { formatMoney, multiply, type Money } from "@/shared/money";
import { paths } from "@/shared/paths";

import type { OrderItem } from "../order";
import "./order-items.css";

export function OrderItems({ items, total }: { items: readonly OrderItem[]; total: Money }) {
  return (
    <>
      <ul className="order-items">
        {items.map((item) => (
          <li key={item.productId}>
            {item.picture && <img src={item.picture} alt="" width="64" height="64" />}
            <span>
              <Link to={paths.product(item.productId)}>{item.name}</Link>
              <span className="order-item-quantity">
                {item.quantity} × {formatMoney(item.unitPrice)}
              </span>
            </span>
            <span className="price">{formatMoney(multiply(item.unitPrice, item.quantity))}</span>
          </li>
        ))}
      </ul>
      <p className="summary-total">
        <span>Total, including VAT</span> <span className="price">{formatMoney(total)}</span>
      </p>
    </>
  );
}
