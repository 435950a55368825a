import { OrderList } from "@/features/orders/components/order-list";
import { Page } from "@/shared/ui/page";

export function OrdersPage() {
  return (
    <Page title="My orders" width="reading">
      <OrderList />
    </Page>
  );
}
