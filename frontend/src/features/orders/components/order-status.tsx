import "./order-status.css";

const words: Readonly<Record<string, { label: string; kind: "waiting" | "good" | "bad" }>> = {
  NEW: { label: "Received", kind: "waiting" },
  CONFIRMED: { label: "Confirmed", kind: "good" },
  PACKAGED: { label: "Packed", kind: "good" },
  PACKAGING_FAILED: { label: "Not packed", kind: "bad" },
  FULFILLED: { label: "Delivered", kind: "good" },
  DELIVERY_FAILED: { label: "Not delivered", kind: "bad" },
  CANCELLED: { label: "Cancelled", kind: "bad" },
};

export function OrderStatus({ status }: { status: string }) {
  const { label, kind } = words[status] ?? { label: status.toLowerCase().replaceAll("_", " "), kind: "waiting" };
  return (
    <span className={`order-status order-status-${kind}`} data-status={status}>
      {label}
    </span>
  );
}
