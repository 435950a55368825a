import { Link } from "react-router";

import { paths } from "@/shared/paths";

import { countItems } from "../cart";
import { useCart } from "../cart-store";
import "./cart-link.css";

export function CartLink() {
  const count = countItems(useCart());
  return (
    <Link className="header-link cart-link" to={paths.cart} aria-label={`Cart, ${count} ${count === 1 ? "item" : "items"}`}>
      <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" className="icon">
        <path d="M5 8h14l1 12H4Z" />
        <path d="M8.500 10V7a3.500 3.500 0 0 1 7 0v3" />
      </svg>
      <span className="cart-link-text">Cart</span>
      {count > 0 && <span className="cart-count">{count}</span>}
    </Link>
  );
}
