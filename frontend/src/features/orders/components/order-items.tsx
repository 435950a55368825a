import { Link } from "react-router";

import { formatMoney, multiply } from "@/shared/money";
import { paths } from "@/shared/paths";
import { titleOf } from "@/shared/title";

import type { Order } from "../order";
import "./order-items.css";

export function OrderItems({ order: { items, deliveryPrice, discount, total } }: { order: Order }) {
  return (
    <>
      <ul className="order-items">
        {items.map((item) => (
          <li key={`${item.productId} ${item.size ?? ""}`}>
            {item.picture && <img src={item.picture} alt="" width="64" height="64" />}
            <span>
              <Link to={paths.product(item.productId)}>{titleOf(item)}</Link>
              <span className="order-item-quantity">
                {item.quantity} × {formatMoney(item.unitPrice)}
              </span>
            </span>
            <span className="price">{formatMoney(multiply(item.unitPrice, item.quantity))}</span>
          </li>
        ))}
      </ul>
      {discount && discount.amount > 0 && (
        <p className="summary-extra">
          <span>Discount</span> <span className="price">{formatMoney({ ...discount, amount: -discount.amount })}</span>
        </p>
      )}
      <p className="summary-extra">
        <span>Delivery</span> <span className="price">{formatMoney(deliveryPrice)}</span>
      </p>
      <p className="summary-total">
        <span>Total, including VAT</span> <span className="price">{formatMoney(total)}</span>
      </p>
    </>
  );
}
