import { Link, useLocation, useParams } from "react-router";

import { useSession } from "@/features/account/account-context";
import { OrderDetails } from "@/features/orders/components/order-details";
import { shortOrderId } from "@/features/orders/order";
import { OwedPayment } from "@/features/payment/components/owed-payment";
import { paths } from "@/shared/paths";
import { Page } from "@/shared/ui/page";

export function OrderPage() {
  const { orderId = "" } = useParams();
  const session = useSession();
  const { state } = useLocation() as { state: { isNew?: boolean } | null };
  const isNew = state?.isNew === true;
  return (
    <Page title={`Order ${shortOrderId(orderId)}`} heading={isNew ? "Thank you for your order" : undefined}>
      {isNew && <p className="lead">A confirmation goes to {session?.email}. You can follow your order here.</p>}
      <OwedPayment orderId={orderId} />
      <OrderDetails orderId={orderId} />
      <p className="page-end">
        <Link to={paths.orders}>All my orders</Link>
      </p>
    </Page>
  );
}
