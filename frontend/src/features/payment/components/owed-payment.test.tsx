import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import type { ApiClient, ApiRequest } from "@/shared/api/api-client";
import { ApiContext } from "@/shared/api/api-context";
import { ApiError } from "@/shared/api/api-error";

import { OwedPayment } from "./owed-payment";

const owed = { amount: 2500, currency: "EUR" };
const good = "4242 4242 4242 4242";
const other = "5555 5555 5555 4444";

/** A shop in which 25 euro are owed for order `o1`, until a request of those that it is sent pays it. */
function openShop() {
  const payment = { orderId: "o1", owed: owed as typeof owed | undefined };
  const preauth = vi.fn(({ cardNumber }: { cardNumber: string }) => `token of ${cardNumber}`);
  const pay = vi.fn<(request: { paymentToken: string }) => void>(() => {
    payment.owed = undefined;
  });
  const respond = (path: string, { method = "GET", body, signedIn }: ApiRequest) => {
    switch (`${method} ${path}`) {
      case "POST /payment-3p/preauth":
        return { paymentToken: preauth(body as { cardNumber: string }) };
      case "POST /orders/o1/payment":
        pay(body as { paymentToken: string });
        return { ...payment };
      case "GET /orders/o1/payment":
        expect(signedIn).toBe(true);
        return { ...payment };
      default:
        throw new ApiError(404, { title: "Not Found" });
    }
  };
  const request = (path: string, options: ApiRequest = {}) => new Promise((resolve) => resolve(respond(path, options)));
  return { payment, preauth, pay, api: { request } as ApiClient };
}

function open(api: ApiClient, orderId = "o1") {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <ApiContext value={api}>
      <QueryClientProvider client={queries}>
        <OwedPayment orderId={orderId} />
      </QueryClientProvider>
    </ApiContext>,
  );
  return { queries, user: userEvent.setup() };
}

const field = () => screen.findByLabelText<HTMLInputElement>("Card number");
const button = () => screen.getByRole("button", { name: /^Pay/ });

async function payWith(user: ReturnType<typeof userEvent.setup>, cardNumber: string) {
  const input = await field();
  await user.clear(input);
  await user.type(input, cardNumber);
  await user.click(button());
}

const refusal = (detail: string) => new ApiError(402, { title: "Card declined", detail });

describe("what is owed for an order", () => {
  it("is paid with another card, which is said and takes the place of the form", async () => {
    const shop = openShop();
    const { user } = open(shop.api);
    expect(await screen.findByRole("region", { name: "€25.00 to pay" })).toBeDefined();
    await payWith(user, good);

    const thanks = await screen.findByText("Thank you. You have paid €25.00.");
    expect(thanks.closest("[role=status]")).not.toBeNull();
    expect(document.activeElement).toBe(thanks);
    expect(screen.queryByLabelText("Card number")).toBeNull();
    expect(shop.preauth).toHaveBeenCalledExactlyOnceWith({ cardNumber: "4242424242424242", ...owed });
    expect(shop.pay).toHaveBeenCalledExactlyOnceWith({ paymentToken: "token of 4242424242424242" });
  });

  it("is not asked for when nothing is owed, or nobody can tell", async () => {
    const shop = openShop();
    shop.payment.owed = undefined;
    const { queries } = open(shop.api);
    await waitFor(() => expect(queries.isFetching()).toBe(0));
    expect(screen.queryByRole("region")).toBeNull();

    const { queries: others } = open(shop.api, "unknown");
    await waitFor(() => expect(others.isFetching()).toBe(0));
    expect(screen.queryByRole("region")).toBeNull();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("is not asked of anybody with a number that is none", async () => {
    const shop = openShop();
    const { user } = open(shop.api);
    await payWith(user, "4242");
    expect((await field()).getAttribute("aria-invalid")).toBe("true");
    expect(document.activeElement).toBe(await field());
    expect(shop.preauth).not.toHaveBeenCalled();
  });
});

describe("a card that does not pay", () => {
  it("is told beside its number, which takes the focus, and another one can be tried", async () => {
    const shop = openShop();
    shop.preauth.mockImplementationOnce(() => {
      throw refusal("The card was declined.");
    });
    const { user } = open(shop.api);
    await payWith(user, "4000 0000 0000 0002");
    const error = await screen.findByText("The card was declined.");
    const input = await field();
    expect(input.getAttribute("aria-describedby")?.split(" ")).toContain(error.id);
    await waitFor(() => expect(document.activeElement).toBe(input));
    expect(shop.pay).not.toHaveBeenCalled();

    await payWith(user, good);
    expect(await screen.findByText(/Thank you/)).toBeDefined();
  });

  it("when the money is to be taken is told there too, and is asked anew when it is tried again", async () => {
    const shop = openShop();
    shop.pay.mockImplementationOnce(() => {
      throw refusal("25.00 EUR could not be taken; try another card");
    });
    const { user } = open(shop.api);
    await payWith(user, other);
    expect(await screen.findByText(/could not be taken/)).toBeDefined();
    await user.click(button());
    expect(await screen.findByText(/Thank you/)).toBeDefined();
    expect(shop.preauth).toHaveBeenCalledTimes(2);
  });
});

describe("an answer that does not come", () => {
  const lost = () => {
    throw new ApiError(0, { title: "We cannot reach the shop" });
  };

  it("is told, and trying again holds nothing twice", async () => {
    const shop = openShop();
    shop.pay.mockImplementationOnce(lost);
    const { user } = open(shop.api);
    await payWith(user, good);
    expect((await screen.findByRole("alert")).textContent).toContain("We cannot reach the shop");
    await user.click(button());
    expect(await screen.findByText(/Thank you/)).toBeDefined();
    expect(shop.preauth).toHaveBeenCalledTimes(1);
    expect(shop.pay).toHaveBeenCalledTimes(2);
  });

  it("is no reason to keep to that card", async () => {
    const shop = openShop();
    shop.pay.mockImplementationOnce(lost);
    const { user } = open(shop.api);
    await payWith(user, good);
    await screen.findByRole("alert");
    await payWith(user, other);
    expect(await screen.findByText(/Thank you/)).toBeDefined();
    expect(shop.pay).toHaveBeenLastCalledWith({ paymentToken: "token of 5555555555554444" });
  });
});

it("says so when it was paid in another window", async () => {
  const shop = openShop();
  shop.pay.mockImplementationOnce(() => {
    shop.payment.owed = undefined;
    throw new ApiError(409, { title: "Conflict", detail: "nothing is owed for this order" });
  });
  const { user } = open(shop.api);
  await payWith(user, good);
  expect(await screen.findByText("Nothing is owed for this order any more.")).toBeDefined();
  expect(screen.queryByLabelText("Card number")).toBeNull();
});
