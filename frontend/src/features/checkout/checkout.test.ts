import { describe, expect, it, vi } from "vitest";

import { addressErrors, readAddress } from "./address-form";
import { attemptFor, forgetAttempt } from "./order-attempt";

const fields = { name: " Anna  Berg ", street: "Seestraße 12", postalCode: "88131", city: "Lindau", country: "DE" };
const form = (changes: Partial<typeof fields> = {}) => {
  const data = new FormData();
  for (const [name, value] of Object.entries({ ...fields, ...changes })) data.set(name, value);
  return data;
};

describe("an address", () => {
  it("is tidied up", () => {
    expect(readAddress(form())).toEqual({ address: { ...fields, name: "Anna Berg" }, errors: null });
  });

  it.each(["1010", "D02 AF30", "1234 AB", "00-950"])("may have the postal code %s", (postalCode) => {
    expect(readAddress(form({ postalCode })).errors).toBeNull();
  });

  it("says of every field what is wrong with it", () => {
    const { errors } = readAddress(form({ name: "  ", city: "", postalCode: "?", country: "XX" }));
    expect(Object.keys(errors ?? {}).sort()).toEqual(["city", "country", "name", "postalCode"]);
  });
});

it("shows what the shop finds wrong with an address beside its field", () => {
  const violations = [
    { pointer: "/items/0/quantity", detail: "from 1 to 99 pieces can be ordered" },
    { pointer: "/address/city", detail: "at most 100 characters" },
  ];
  expect(addressErrors(violations)).toEqual({ city: "Please correct this: at most 100 characters." });
});

describe("an attempt to order", () => {
  const { address } = readAddress(form());
  if (!address) throw new Error("the address is good");
  const price = { amount: 1000, currency: "EUR" };
  const order = { items: [{ productId: "boot", quantity: 1 }], address, deliveryPrice: price };
  const total = { amount: 5000, currency: "EUR" };
  const pay = vi.fn(() => Promise.resolve("token"));

  it("keeps its key and its payment until it is placed", async () => {
    const first = await attemptFor(order, total, pay);
    expect(first.key).toMatch(/^[\da-f]{32}$/);
    expect(await attemptFor(structuredClone(order), { ...total }, pay)).toMatchObject({ key: first.key, paymentToken: "token" });
    expect(pay).toHaveBeenCalledTimes(1);
    forgetAttempt();
    expect((await attemptFor(order, total, pay)).key).not.toBe(first.key);
    expect(pay).toHaveBeenCalledTimes(2);
  });

  it("is another one for another order or another total", async () => {
    const { key } = await attemptFor(order, total, pay);
    expect((await attemptFor({ ...order, items: [{ productId: "boot", quantity: 2 }] }, total, pay)).key).not.toBe(key);
    const again = await attemptFor(order, total, pay);
    expect((await attemptFor(order, { ...total, amount: 5001 }, pay)).key).not.toBe(again.key);
  });
});
