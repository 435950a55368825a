import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { useApi } from "@/shared/api/api-context";
import { formatMoney } from "@/shared/money";
import { paths } from "@/shared/paths";
import { EmptyState, ErrorMessage, Loading } from "@/shared/ui/messages";

import { ordersQuery } from "../api/orders";
import { shortOrderId, type Order } from "../order";
import { OrderDate } from "./order-date";
import { OrderStatus } from "./order-status";
import "./order-list.css";

export function OrderList() {
  const query = useInfiniteQuery(ordersQuery(useApi()));

  if (query.isPending) return <Loading what="your orders" />;
  if (query.isLoadingError) return <ErrorMessage error={query.error} onRetry={query.refetch} />;

  const orders = query.data.pages.flatMap((page) => page.orders);
  if (orders.length === 0) {
    return (
      <EmptyState title="No orders yet">
        <p>What you order will be listed here.</p>
        <Link className="button" to={paths.home}>
          Look around
        </Link>
      </EmptyState>
    );
  }

  return (
    <>
      <ul className="order-list" aria-label="Orders">
        {orders.map((order) => (
          <li key={order.orderId}>
            <OrderCard order={order} />
          </li>
        ))}
      </ul>
      {query.isFetchNextPageError && <ErrorMessage error={query.error} />}
      {query.hasNextPage && (
        <div className="list-end">
          <button
            type="button"
            className="button button-quiet"
            aria-disabled={query.isFetchingNextPage}
            onClick={() => {
              if (!query.isFetchingNextPage) void query.fetchNextPage();
            }}
          >
            {query.isFetchingNextPage ? "Loading…" : "Older orders"}
          </button>
        </div>
      )}
    </>
  );
}

function OrderCard({ order }: { order: Order }) {
  return (
    <article className="order-card">
      <div>
        <h2>
          <Link to={paths.order(order.orderId)}>Order {shortOrderId(order.orderId)}</Link>
        </h2>
        <p className="order-card-date">
          <OrderDate value={order.createdDate} />
        </p>
        <p>{order.items.map((item) => (item.quantity > 1 ? `${item.quantity} × ${item.name}` : item.name)).join(", ")}</p>
      </div>
      <div className="order-card-end">
        <span role="status">
          <OrderStatus status={order.status} />
        </span>
        <span className="price">{formatMoney(order.total)}</span>
      </div>
    </article>
  );
}
