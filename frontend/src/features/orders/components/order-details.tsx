import { useQuery } from "@tanstack/react-query";

import { useApi } from "@/shared/api/api-context";
import { countryName } from "@/shared/country";
import { ErrorMessage, Loading } from "@/shared/ui/messages";

import { orderQuery } from "../api/orders";
import type { Order } from "../order";
import { OrderDate } from "./order-date";
import { OrderItems } from "./order-items";
import { OrderStatus } from "./order-status";
import "./order-details.css";

export function OrderDetails({ orderId }: { orderId: string }) {
  const query = useQuery(orderQuery(useApi(), orderId));
  if (query.isPending) return <Loading what="your order" />;
  if (query.isLoadingError) return <ErrorMessage error={query.error} onRetry={query.refetch} />;
  const order = query.data;
  const { name, street, postalCode, city, country } = order.address;
  return (
    <div className="order-details">
      <section aria-labelledby="order-state">
        <h2 id="order-state">Status</h2>
        <p role="status" className="order-state">
          <OrderStatus status={order.status} /> {explain(order)}
        </p>
        <dl className="order-facts">
          <dt>Order number</dt>
          <dd>
            <code>{order.orderId}</code>
          </dd>
          <dt>Placed</dt>
          <dd>
            <OrderDate value={order.createdDate} />
          </dd>
          <dt>Delivered to</dt>
          <dd>
            <address>
              {name}
              <br />
              {street}
              <br />
              {postalCode} {city}
              <br />
              {countryName(country)}
            </address>
          </dd>
        </dl>
      </section>
      <section aria-labelledby="order-items">
        <h2 id="order-items">Items</h2>
        <OrderItems order={order} />
      </section>
    </div>
  );
}

function explain({ status }: Order): string {
  switch (status) {
    case "NEW":
      return "We have your order and are looking at it.";
    case "CONFIRMED":
      return "Everything is fine, we are getting it ready.";
    case "PACKAGED":
      return "It is packed and on its way to you.";
    case "FULFILLED":
      return "It was delivered.";
    case "DELIVERY_FAILED":
      return "We are sorry, it could not be delivered. Nothing will be charged.";
    case "PACKAGING_FAILED":
    case "CANCELLED":
      return "This order was cancelled. Nothing will be charged.";
    default:
      return "";
  }
}
