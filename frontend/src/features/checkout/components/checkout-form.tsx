import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { cartActions } from "@/features/cart/cart-store";
import type { CheckedLine } from "@/features/cart/use-checked-cart";
import { orderQuery, placeOrder } from "@/features/orders/api/orders";
import type { Address, Order } from "@/features/orders/order";
import { ApiError } from "@/shared/api/api-error";
import { useApi } from "@/shared/api/api-context";
import { ErrorMessage } from "@/shared/ui/messages";
import { SubmitButton } from "@/shared/ui/submit-button";

import { addressErrors, readAddress, type AddressErrors } from "../address-form";
import { forgetAttempt, keyFor } from "../order-attempt";
import { AddressFields } from "./address-fields";

interface CheckoutFormProps {
  lines: readonly CheckedLine[];
  onPlaced: (order: Order) => void;
}

export function CheckoutForm({ lines, onPlaced }: CheckoutFormProps) {
  const api = useApi();
  const queries = useQueryClient();
  const [errors, setErrors] = useState<AddressErrors>({});
  const place = useMutation({
    mutationFn: (address: Address) => {
      const items = lines.map(({ productId, quantity }) => ({ productId, quantity }));
      const order = { items, address };
      return placeOrder(api, order, keyFor(order));
    },
    onSuccess: (order) => {
      queries.setQueryData(orderQuery(api, order.orderId).queryKey, order);
      onPlaced(order);
      forgetAttempt();
      cartActions.clear();
    },
    onError: (error) => {
      if (error instanceof ApiError) setErrors(addressErrors(error.violations));
    },
  });

  function submit(form: HTMLFormElement) {
    if (place.isPending) return;
    const { address, errors: found } = readAddress(new FormData(form));
    setErrors(found ?? {});
    if (address) place.mutate(address);
    else form.querySelector<HTMLElement>(`[name="${firstOf(form, found)}"]`)?.focus();
  }

  return (
    <form
      className="form"
      noValidate
      onInput={(event) => {
        // What is being put right is no longer wrong; the next submit looks again.
        const { name } = event.target as HTMLInputElement;
        setErrors((found) => Object.fromEntries(Object.entries(found).filter(([field]) => field !== name)));
      }}
      onSubmit={(event) => {
        event.preventDefault();
        submit(event.currentTarget);
      }}
    >
      <AddressFields errors={errors} />
      {place.isError && <ErrorMessage error={place.error} />}
      <SubmitButton busy={place.isPending} busyText="Placing your order…">
        Place order
      </SubmitButton>
    </form>
  );
}

/** The first field with an error in the order in which they are on the page. */
function firstOf(form: HTMLFormElement, errors: AddressErrors): string {
  const names = Array.from(form.elements, (element) => element.getAttribute("name") ?? "");
  return names.find((name) => name in errors) ?? "";
}
