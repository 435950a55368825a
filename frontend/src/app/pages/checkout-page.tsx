import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, Navigate, useNavigate } from "react-router";

import { useSession } from "@/features/account/account-context";
import { useCheckedCart } from "@/features/cart/use-checked-cart";
import { deliveryPriceQuery } from "@/features/checkout/api/checkout";
import { CheckoutForm } from "@/features/checkout/components/checkout-form";
import { CheckoutSummary } from "@/features/checkout/components/checkout-summary";
import { useApi } from "@/shared/api/api-context";
import { paths } from "@/shared/paths";
import { Loading } from "@/shared/ui/messages";
import { Page } from "@/shared/ui/page";

export function CheckoutPage() {
  const session = useSession();
  const lines = useCheckedCart();
  const navigate = useNavigate();
  const [isPlaced, setPlaced] = useState(false);
  const [country, setCountry] = useState<string | null>(null);
  const delivery = useQuery(deliveryPriceQuery(useApi(), lines, country));

  if (isPlaced) return <Loading what="your order" />;
  if (lines.length === 0 || lines.some((line) => line.fault !== null)) return <Navigate to={paths.cart} replace />;
  return (
    <Page title="Checkout">
      <div className="with-aside">
        <section aria-labelledby="delivery">
          <h2 id="delivery">Where does it go?</h2>
          <CheckoutForm
            lines={lines}
            onCountry={setCountry}
            onPlaced={(order) => {
              setPlaced(true);
              void navigate(paths.order(order.orderId), { replace: true, state: { isNew: true } });
            }}
          />
        </section>
        <aside className="panel" aria-labelledby="summary">
          <h2 id="summary">Your order</h2>
          <CheckoutSummary lines={lines} deliveryPrice={delivery.data} />
          <p className="panel-note">
            We will send a confirmation to {session?.email}. <Link to={paths.cart}>Change the cart</Link>
          </p>
        </aside>
      </div>
    </Page>
  );
}
