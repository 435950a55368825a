import { describe, expect, it } from "vitest";

import { cardError, readCardNumber } from "./card";

describe("a card number", () => {
  const read = (cardNumber: string) => {
    const data = new FormData();
    data.set("cardNumber", cardNumber);
    return readCardNumber(data);
  };

  it.each(["4242 4242 4242 4242", "4242-4242-4242-4242", " 4242424242424242 "])("may be written %s", (written) => {
    expect(read(written)).toBe("4242424242424242");
    expect(cardError(read(written))).toBeUndefined();
  });

  it.each(["", "4242", "4242424242424243", "424242424242424x"])("is not %s", (written) => {
    expect(cardError(read(written))).toMatch(/card/);
  });
});
