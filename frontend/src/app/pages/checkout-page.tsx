import { useState } from "react";
import { Link, Navigate, useNavigate } from "react-router";

import { useSession } from "@/features/account/account-context";
import { useCheckedCart } from "@/features/cart/use-checked-cart";
import { CheckoutForm } from "@/features/checkout/components/checkout-form";
import { CheckoutSummary } from "@/features/checkout/components/checkout-summary";
import { paths } from "@/shared/paths";
import { Loading } from "@/shared/ui/messages";
import { Page } from "@/shared/ui/page";

export function CheckoutPage() {
  const session = useSession();
  const lines = useCheckedCart();
  const navigate = useNavigate();
  const [isPlaced, setPlaced] = useState(false);

  if (isPlaced) return <Loading what="your order" />;
  if (lines.length === 0 || lines.some((line) => line.isGone)) return <Navigate to={paths.cart} replace />;
  return (
    <Page title="Checkout">
      <div className="with-aside">
        <section aria-labelledby="delivery">
          <h2 id="delivery">Where does it go?</h2>
          <CheckoutForm
            lines={lines}
            onPlaced={(order) => {
              setPlaced(true);
              void navigate(paths.order(order.orderId), { replace: true, state: { isNew: true } });
            }}
          />
        </section>
        <aside className="panel" aria-labelledby="summary">
          <h2 id="summary">Your order</h2>
          <CheckoutSummary lines={lines} />
          <p className="panel-note">
            We will send a confirmation to {session?.email}. <Link to={paths.cart}>Change the cart</Link>
          </p>
        </aside>
      </div>
    </Page>
  );
}
