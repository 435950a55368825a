import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { ApiError } from "@/shared/api/api-error";
import { useApi } from "@/shared/api/api-context";
import { formatMoney, sameMoney, type Money } from "@/shared/money";
import { ErrorMessage } from "@/shared/ui/messages";
import { SubmitButton } from "@/shared/ui/submit-button";

import { paymentQuery, payOwed, preauthorise } from "../api/payment";
import { cardError, readCardNumber } from "../card";
import { CardField } from "./card-field";

interface PayFormProps {
  orderId: string;
  owed: Money;
  /** Nothing is owed any more: this was paid, or it had been paid already. */
  onSettled: (paid: Money | null) => void;
}

/** An amount held on a card. */
interface Hold {
  readonly cardNumber: string;
  readonly amount: Money;
  readonly token: string;
}

export function PayForm({ orderId, owed, onSettled }: PayFormProps) {
  const api = useApi();
  const queries = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const hold = useRef<Hold | null>(null);
  const [error, setError] = useState<string>();
  const { queryKey } = paymentQuery(api, orderId);

  const pay = useMutation({
    mutationFn: async (cardNumber: string) => {
      // Tried again after an answer that was lost, the same card pays with what is held on it already.
      let held = hold.current;
      if (held?.cardNumber !== cardNumber || !sameMoney(held.amount, owed)) {
        held = { cardNumber, amount: owed, token: await preauthorise(api, cardNumber, owed) };
        hold.current = held;
      }
      return payOwed(api, orderId, held.token);
    },
    onSuccess: (payment) => {
      queries.setQueryData(queryKey, payment);
      onSettled(owed);
    },
    onError: (reason) => {
      if (!(reason instanceof ApiError)) return;
      // What was refused is not tried again with the same hold.
      if (reason.status === 402) hold.current = null;
      if (isAboutCard(reason)) setError(reason.detail ?? reason.title);
      // Somebody has paid it meanwhile, perhaps in another window.
      if (reason.status === 409) {
        onSettled(null);
        void queries.invalidateQueries({ queryKey });
      }
    },
  });

  useEffect(() => {
    if (error) form.current?.querySelector("input")?.focus();
  }, [error]);

  function submit(data: FormData) {
    if (pay.isPending) return;
    const cardNumber = readCardNumber(data);
    const found = cardError(cardNumber);
    setError(found);
    if (found === undefined) pay.mutate(cardNumber);
    else form.current?.querySelector("input")?.focus();
  }

  return (
    <form
      ref={form}
      className="form"
      noValidate
      onInput={() => setError(undefined)}
      onSubmit={(event) => {
        event.preventDefault();
        submit(new FormData(event.currentTarget));
      }}
    >
      <CardField hint="It takes the place of the one you gave before." error={error} />
      {pay.isError && !isAboutCard(pay.error) && <ErrorMessage error={pay.error} />}
      <SubmitButton busy={pay.isPending} busyText="Paying…">
        Pay {formatMoney(owed)}
      </SubmitButton>
    </form>
  );
}

/** Whether it is told beside the number of the card: the provider does not take it, or it does not pay. */
const isAboutCard = (error: unknown) => error instanceof ApiError && (error.status === 402 || error.status === 400);
