import "./order-status.css";

const words: Readonly<Record<string, { label: string; kind: "waiting" | "good" | "bad" }>> = {
  NEW: { label: "Received", kind: "waiting" },
  CREATED: { label: "Confirmed", kind: "good" },
  REJECTED: { label: "Not accepted", kind: "bad" },
};

export function OrderStatus({ status }: { status: string }) {
  const { label, kind } = words[status] ?? { label: status.toLowerCase().replaceAll("_", " "), kind: "waiting" };
  return (
    <span className={`order-status order-status-${kind}`} data-status={status}>
      {label}
    </span>
  );
}
