import { describe, expect, it } from "vitest";

import { formatMoney, multiply, sum } from "./money";

const euro = (amount: number) => ({ amount, currency: "EUR" });

describe("formatMoney", () => {
  it.each([
    [euro(0), "€0.00"],
    [euro(5), "€0.05"],
    [euro(2900), "€29.00"],
    [euro(123456), "€1,234.56"],
    [euro(-1050), "-€10.50"],
    [{ amount: 1500, currency: "JPY" }, "JP¥1,500"],
    [{ amount: 1234, currency: "KWD" }, "KWD 1.234"],
  ])("shows %o as %s", (money, text) => {
    expect(formatMoney(money).replace("\u00a0", " ")).toBe(text);
  });

  it("follows the language", () => {
    expect(formatMoney(euro(123456), "de-DE").replace("\u00a0", " ")).toBe("1.234,56 €");
  });

  it("has no rounding error where fractions would have one", () => {
    expect(formatMoney(multiply(euro(110), 3))).toBe("€3.30");
  });
});

describe("sum", () => {
  it("of nothing has no currency", () => {
    expect(sum([])).toBeNull();
  });

  it("adds what is of one currency", () => {
    expect(sum([euro(1), euro(20), euro(300)])).toEqual(euro(321));
  });

  it("refuses to mix currencies", () => {
    expect(() => sum([euro(1), { amount: 1, currency: "USD" }])).toThrow("cannot add USD to EUR");
  });
});
