import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { cartTotal } from "@/features/cart/cart";
import { cartActions } from "@/features/cart/cart-store";
import type { CheckedLine } from "@/features/cart/use-checked-cart";
import { orderQuery, placeOrder } from "@/features/orders/api/orders";
import type { Address, Order } from "@/features/orders/order";
import { preauthorise } from "@/features/payment/api/payment";
import { cardError, readCardNumber } from "@/features/payment/card";
import { CardField } from "@/features/payment/components/card-field";
import { ApiError } from "@/shared/api/api-error";
import { useApi } from "@/shared/api/api-context";
import { sum } from "@/shared/money";
import { ErrorMessage } from "@/shared/ui/messages";
import { SubmitButton } from "@/shared/ui/submit-button";

import { addressErrors, readAddress, type AddressErrors } from "../address-form";
import { deliveryPriceQuery } from "../api/checkout";
import { attemptFor, forgetAttempt } from "../order-attempt";
import { AddressFields } from "./address-fields";

interface CheckoutFormProps {
  lines: readonly CheckedLine[];
  onCountry: (country: string) => void;
  onPlaced: (order: Order) => void;
}

type Errors = AddressErrors & { cardNumber?: string };

export function CheckoutForm({ lines, onCountry, onPlaced }: CheckoutFormProps) {
  const api = useApi();
  const queries = useQueryClient();
  const [errors, setErrors] = useState<Errors>({});
  const place = useMutation({
    mutationFn: async ({ address, cardNumber }: { address: Address; cardNumber: string }) => {
      const items = lines.map(({ productId, size, quantity }) => ({ productId, ...(size !== null && { size }), quantity }));
      const deliveryPrice = await queries.query({
        ...deliveryPriceQuery(api, lines, address.country),
        staleTime: "static",
      });
      const goods = cartTotal(lines);
      const total = sum(goods ? [goods, deliveryPrice] : [deliveryPrice]) ?? deliveryPrice;
      const order = { items, address, deliveryPrice };
      const { key, paymentToken } = await attemptFor(order, total, () => preauthorise(api, cardNumber, total));
      return placeOrder(api, { ...order, paymentToken }, key);
    },
    onSuccess: (order) => {
      queries.setQueryData(orderQuery(api, order.orderId).queryKey, order);
      onPlaced(order);
      forgetAttempt();
      cartActions.clear();
    },
    onError: (error) => {
      if (!(error instanceof ApiError)) return;
      // A payment that was refused is not tried again: the next attempt is made with a card of its own.
      if (error.status === 402) forgetAttempt();
      // What delivery costs may have changed since it was shown.
      void queries.invalidateQueries({ queryKey: ["delivery-price"] });
      setErrors(addressErrors(error.violations));
    },
  });

  function submit(form: HTMLFormElement) {
    if (place.isPending) return;
    const data = new FormData(form);
    const { address, errors: inAddress } = readAddress(data);
    const cardNumber = readCardNumber(data);
    const inCard = cardError(cardNumber);
    const found: Errors = { ...inAddress, ...(inCard && { cardNumber: inCard }) };
    setErrors(found);
    if (address && !inCard) place.mutate({ address, cardNumber });
    else form.querySelector<HTMLElement>(`[name="${firstOf(form, found)}"]`)?.focus();
  }

  return (
    <form
      className="form"
      noValidate
      onInput={(event) => {
        // What is being put right is no longer wrong; the next submit looks again.
        const { name, value } = event.target as HTMLInputElement;
        if (name === "country") onCountry(value);
        setErrors((found) => Object.fromEntries(Object.entries(found).filter(([field]) => field !== name)));
      }}
      onSubmit={(event) => {
        event.preventDefault();
        submit(event.currentTarget);
      }}
    >
      <AddressFields errors={errors} />
      <h2>How do you pay?</h2>
      <CardField hint="The total is held on your card now and charged when your order arrives." error={errors.cardNumber} />
      {place.isError && <ErrorMessage error={place.error} />}
      <SubmitButton busy={place.isPending} busyText="Placing your order…">
        Place order
      </SubmitButton>
    </form>
  );
}

/** The first field with an error in the order in which they are on the page. */
function firstOf(form: HTMLFormElement, errors: Errors): string {
  const names = Array.from(form.elements, (element) => element.getAttribute("name") ?? "");
  return names.find((name) => name in errors) ?? "";
}
