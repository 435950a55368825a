import { useRef } from "react";
import { Link } from "react-router";

import { formatMoney } from "@/shared/money";
import { paths } from "@/shared/paths";
import { titleOf } from "@/shared/title";

import { lineTotal } from "../cart";
import { cartActions } from "../cart-store";
import type { CheckedLine } from "../use-checked-cart";
import { QuantityField } from "./quantity-field";
import "./cart-lines.css";

const faults = {
  gone: "We do not sell this any more. Please remove it.",
  size: "We do not sell it like this any more. Please remove it and choose a size.",
} as const;

export function CartLines({ lines }: { lines: readonly CheckedLine[] }) {
  const list = useRef<HTMLUListElement>(null);

  function remove(line: CheckedLine) {
    cartActions.remove(line);
    // The button that had the focus is gone with its row.
    list.current?.focus();
  }

  return (
    <ul className="cart-lines" ref={list} tabIndex={-1} aria-label="Items in your cart">
      {lines.map((line) => (
        <li key={`${line.productId} ${line.size ?? ""}`} className="cart-line">
          {line.picture && <img src={line.picture.url} alt="" width="120" height="120" />}
          <div className="cart-line-text">
            <h2>
              <Link to={paths.product(line.productId)}>{titleOf(line)}</Link>
            </h2>
            {line.fault !== null ? (
              <p className="cart-line-notice">{faults[line.fault]}</p>
            ) : (
              <p className="cart-line-unit">{formatMoney(line.price)} each</p>
            )}
            {line.formerPrice && <p className="cart-line-notice">The price has changed from {formatMoney(line.formerPrice)}.</p>}
          </div>
          <p className="cart-line-total price">{formatMoney(lineTotal(line))}</p>
          <div className="cart-line-actions">
            <QuantityField
              label={`Quantity of ${titleOf(line)}`}
              value={line.quantity}
              onChange={(quantity) => cartActions.changeQuantity(line, quantity)}
            />
            <button type="button" className="link-button" aria-label={`Remove ${titleOf(line)}`} onClick={() => remove(line)}>
              Remove
            </button>
          </div>
        </li>
      ))}
    </ul>
  );
}
