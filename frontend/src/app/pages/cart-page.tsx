import { Link } from "react-router";

import { cartTotal } from "@/features/cart/cart";
import { CartLines } from "@/features/cart/components/cart-lines";
import { useCheckedCart } from "@/features/cart/use-checked-cart";
import { formatMoney } from "@/shared/money";
import { paths } from "@/shared/paths";
import { EmptyState } from "@/shared/ui/messages";
import { Page } from "@/shared/ui/page";

export function CartPage() {
  const lines = useCheckedCart();
  const total = cartTotal(lines);
  const isBlocked = lines.some((line) => line.fault !== null);
  return (
    <Page title="Your cart">
      {total === null ? (
        <EmptyState title="Your cart is empty">
          <p>Things that you put into it stay here, also when you close the browser.</p>
          <Link className="button" to={paths.home}>
            Look around
          </Link>
        </EmptyState>
      ) : (
        <div className="with-aside">
          <CartLines lines={lines} />
          <aside className="panel" aria-label="Summary">
            <p className="summary-total" role="status">
              <span>Total, including VAT</span> <span className="price">{formatMoney(total)}</span>
            </p>
            {isBlocked ? (
              <p>Remove what we do not sell like this any more, then you can go on.</p>
            ) : (
              <Link className="button button-wide" to={paths.checkout}>
                Go to checkout
              </Link>
            )}
            <p className="panel-note">Nothing is charged before you have placed the order.</p>
          </aside>
        </div>
      )}
    </Page>
  );
}
