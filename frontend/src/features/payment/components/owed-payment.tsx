import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { useApi } from "@/shared/api/api-context";
import { formatMoney, type Money } from "@/shared/money";

import { paymentQuery } from "../api/payment";
import { PayForm } from "./pay-form";
import "./owed-payment.css";

/** What is owed for an order and the form to pay it with; nothing when nothing is owed. */
export function OwedPayment({ orderId }: { orderId: string }) {
  // The order is what the page is for: when its payment cannot be told, it is shown without.
  const { data: payment } = useQuery(paymentQuery(useApi(), orderId));
  const [outcome, setOutcome] = useState<string | null>(null);
  const owed = payment?.owed;
  return (
    <>
      {owed && (
        <section className="panel owed-payment" aria-labelledby="owed">
          <h2 id="owed">{formatMoney(owed)} to pay</h2>
          <p>The card that you gave for this order did not pay it. Please pay with another one.</p>
          <PayForm orderId={orderId} owed={owed} onSettled={(paid) => setOutcome(wordsFor(paid))} />
        </section>
      )}
      {/* Always there, because a screen reader hears of what changes in it only. */}
      <div role="status">{outcome && !owed && <Outcome>{outcome}</Outcome>}</div>
    </>
  );
}

const wordsFor = (paid: Money | null) =>
  paid ? `Thank you. You have paid ${formatMoney(paid)}.` : "Nothing is owed for this order any more.";

/** Takes the focus, which was in the form that is gone. */
function Outcome({ children }: { children: string }) {
  const text = useRef<HTMLParagraphElement>(null);
  useEffect(() => text.current?.focus(), []);
  return (
    <p ref={text} tabIndex={-1} className="message message-info owed-payment-outcome">
      {children}
    </p>
  );
}
