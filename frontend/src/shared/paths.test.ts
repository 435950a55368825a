import { expect, it } from "vitest";

import { logInPath, nextPath } from "./paths";

it.each([
  ["/checkout", "/checkout"],
  ["/?category=Camp", "/?category=Camp"],
  ["https://evil.example", "/"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["javascript:alert(1)", "/"],
  ["", "/"],
])("after logging in with next=%s one is at %s", (next, path) => {
  expect(nextPath(new URLSearchParams({ next }))).toBe(path);
});

it("finds back to where the log-in was asked for", () => {
  const address = new URL(logInPath("/orders/1?a=b&c=d"), "http://shop");
  expect(nextPath(address.searchParams)).toBe("/orders/1?a=b&c=d");
});
