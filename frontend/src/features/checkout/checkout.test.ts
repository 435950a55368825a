import { describe, expect, it } from "vitest";

import { addressErrors, readAddress } from "./address-form";
import { forgetAttempt, keyFor } from "./order-attempt";

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

describe("the idempotency key", () => {
  const { address } = readAddress(form());
  if (!address) throw new Error("the address is good");
  const order = { items: [{ productId: "boot", quantity: 1 }], address };

  it("is the same for the same order, until that is placed", () => {
    const key = keyFor(order);
    expect(key).toMatch(/^[\da-f]{32}$/);
    expect(keyFor(structuredClone(order))).toBe(key);
    forgetAttempt();
    expect(keyFor(order)).not.toBe(key);
  });

  it("is another one for another order", () => {
    const key = keyFor(order);
    expect(keyFor({ ...order, items: [{ productId: "boot", quantity: 2 }] })).not.toBe(key);
  });
});
