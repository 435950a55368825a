import { beforeEach, describe, expect, it, vi } from "vitest";

import { createApiClient, type TokenSource } from "./api-client";
import { ApiError } from "./api-error";

const fetchMock = vi.fn<typeof fetch>();
const token = vi.fn<TokenSource>();
const api = createApiClient("/api", token);

const json = (body: unknown, status = 200, type = "application/json") =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": type } });

const sent = (call: number) => {
  const [url, init] = fetchMock.mock.calls[call] ?? [];
  return { url, headers: new Headers(init?.headers), body: init?.body };
};

const failure = async (request: Promise<unknown>) => {
  const error = await request.then(() => null, (reason: unknown) => reason);
  if (!(error instanceof ApiError)) throw new Error(`no ApiError: ${String(error)}`);
  return { status: error.status, title: error.title, detail: error.detail };
};

beforeEach(() => {
  vi.resetAllMocks();
  vi.stubGlobal("fetch", fetchMock);
  token.mockResolvedValue("first");
});

describe("a request", () => {
  it("leaves out what was not asked for", async () => {
    fetchMock.mockResolvedValue(json({ products: [] }));
    await expect(api.request("/products", { query: { category: "Home & more", limit: 12, nextToken: null } })).resolves.toEqual({ products: [] });
    expect(sent(0).url).toBe("/api/products?category=Home+%26+more&limit=12");
    expect(sent(0).headers.has("authorization")).toBe(false);
    expect(token).not.toHaveBeenCalled();
  });

  it("sends body, token and further headers", async () => {
    fetchMock.mockResolvedValue(json({}, 202));
    await api.request("/orders", { method: "POST", body: { items: [] }, headers: { "idempotency-key": "k" }, signedIn: true });
    expect(sent(0).body).toBe('{"items":[]}');
    expect(Object.fromEntries(sent(0).headers)).toMatchObject({
      authorization: "Bearer first",
      "content-type": "application/json",
      "idempotency-key": "k",
    });
  });

  it("is tried once more with a new token when the token is refused", async () => {
    token.mockImplementation((options) => Promise.resolve(options?.renew ? "second" : "first"));
    fetchMock.mockResolvedValueOnce(json({ message: "Unauthorized" }, 401)).mockResolvedValueOnce(json({ orders: [] }));
    await expect(api.request("/orders", { signedIn: true })).resolves.toEqual({ orders: [] });
    expect(sent(1).headers.get("authorization")).toBe("Bearer second");
  });

  it("is not tried a third time", async () => {
    fetchMock.mockImplementation(() => Promise.resolve(json({ title: "Unauthorized" }, 401)));
    await expect(failure(api.request("/orders", { signedIn: true }))).resolves.toMatchObject({ status: 401 });
    expect(fetchMock).toHaveBeenCalledTimes(2);
  });
});

describe("a failure", () => {
  it("is told in the words of the problem document", async () => {
    const problem = { type: "about:blank", title: "Out of stock", status: 409, detail: "Only two left." };
    fetchMock.mockResolvedValue(json(problem, 409, "application/problem+json"));
    expect(await failure(api.request("/orders"))).toEqual({ status: 409, title: "Out of stock", detail: "Only two left." });
  });

  it("brings along which values were wrong", async () => {
    const errors = [{ pointer: "/address/city", detail: "this is needed" }];
    const problem = { title: "Unacceptable values", status: 422, detail: "1 value", errors };
    fetchMock.mockResolvedValue(json(problem, 422, "application/problem+json"));
    await expect(api.request("/orders")).rejects.toHaveProperty("violations", errors);
  });

  it.each([
    ["an error that is no problem document", json({ message: "Internal Server Error" }, 500)],
    ["a proxy's error page", new Response("<h1>502</h1>", { status: 502, headers: { "content-type": "text/html" } })],
    ["a page where data should be", new Response("<!doctype html>", { status: 200, headers: { "content-type": "text/html" } })],
    ["data that is cut off", new Response('{"products":[', { status: 200, headers: { "content-type": "application/json" } })],
  ])("is told in plain words for %s", async (_, response) => {
    fetchMock.mockResolvedValue(response);
    expect(await failure(api.request("/products"))).toMatchObject({ title: "The shop is not answering properly" });
  });

  it("of the network is told apart from one of the shop", async () => {
    fetchMock.mockRejectedValue(new TypeError("Failed to fetch"));
    expect(await failure(api.request("/products"))).toMatchObject({ status: 0, title: "We cannot reach the shop" });
  });

  it("is none when the page itself gave up", async () => {
    const controller = new AbortController();
    controller.abort();
    fetchMock.mockRejectedValue(controller.signal.reason);
    await expect(api.request("/products", { signal: controller.signal })).rejects.toHaveProperty("name", "AbortError");
  });
});
