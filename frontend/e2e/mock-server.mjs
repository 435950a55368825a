// The shop in memory: the built site, its API and the few Cognito calls that the site makes, for browser tests and
// for work on the pages without a deployed shop. Orders leave the queue after they were looked at twice, so nothing
// here waits. It answers with a strict Content-Security-Policy, and a browser test fails on any violation.
//
//   npm run build && npm run mock        PORT (default 4300)
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const root = join(import.meta.dirname, "..");
const port = Number(process.env.PORT ?? 4300);
const seed = JSON.parse(readFileSync(join(root, "../handlers/products/seed/catalogue.json"), "utf8"));
const seeded = "2026-01-15T09:00:00Z";
const products = seed.map(({ slug, ...product }) => ({ productId: slug, sizes: [], ...product, createdDate: seeded, modifiedDate: seeded }));
const users = new Map();
const tokens = new Map();
const orders = [];
const attempts = new Map();
const payments = new Set();

class Refusal extends Error {
  constructor(status, title, detail) {
    super(detail);
    Object.assign(this, { status, title, detail });
  }
}
const notFound = (what) => new Refusal(404, "Not found", `There is no such ${what}.`);

function pageOf(all, search, name, defaultLimit) {
  const start = Number(search.get("nextToken") ?? 0);
  const limit = Number(search.get("limit") ?? defaultLimit);
  return { [name]: all.slice(start, start + limit), nextToken: start + limit < all.length ? String(start + limit) : null };
}

function customerOf(request) {
  const email = tokens.get((request.headers.authorization ?? "").replace(/^Bearer /, ""));
  if (!email) throw new Refusal(401, "Unauthorized", "Please log in.");
  return email;
}

function orderOf(request, id) {
  const customer = customerOf(request);
  const order = orders.find((candidate) => candidate.visible.orderId === id && candidate.customer === customer);
  if (!order) throw notFound("order");
  return order;
}

/** What the customer sees of an order; seeing it moves it on. */
function seen(order) {
  order.looks += 1;
  return { ...order.visible, status: order.looks > 2 ? "CONFIRMED" : "NEW" };
}

function placeOrder(request, { items, address, deliveryPrice, paymentToken }) {
  const customer = customerOf(request);
  const key = `${customer} ${request.headers["idempotency-key"] ?? randomBytes(8).toString("hex")}`;
  if (attempts.has(key)) return seen(attempts.get(key));
  if (!payments.delete(paymentToken)) throw new Refusal(402, "Payment refused", "The payment is not known.");
  const lines = items.map(({ productId, size, quantity }) => {
    const product = products.find((candidate) => candidate.productId === productId);
    if (!product) throw new Refusal(422, "Unknown product", `We do not sell ${productId}.`);
    const isThere = size === undefined ? product.sizes.length === 0 : product.sizes.includes(size);
    if (!isThere) throw new Refusal(422, "Unknown size", `We do not sell ${productId} like this.`);
    return { productId, size, name: product.name, quantity, unitPrice: product.price, picture: product.pictures[0].url };
  });
  const goods = lines.reduce((sum, line) => sum + line.unitPrice.amount * line.quantity, 0);
  const total = { amount: goods + deliveryPrice.amount, currency: "EUR" };
  const now = new Date().toISOString();
  const orderId = randomBytes(14).toString("hex").slice(0, 27);
  const order = { customer, looks: 0, visible: { orderId, createdDate: now, modifiedDate: now, items: lines, address, deliveryPrice, total } };
  orders.unshift(order);
  attempts.set(key, order);
  return seen(order);
}

function api(request, path, search, body) {
  const [, collection, id, part] = /^\/api\/([\w-]+)(?:\/([^/]+))?(?:\/([\w-]+))?$/.exec(path) ?? [];
  switch (`${request.method} ${collection}${id ? "/id" : ""}${part ? `/${part}` : ""}`) {
    case "GET products": {
      const category = search.get("category");
      return [200, pageOf(products.filter((product) => !category || product.category === category), search, "products", 20)];
    }
    case "GET products/id": {
      const product = products.find(({ productId }) => productId === decodeURIComponent(id));
      if (!product) throw notFound("product");
      return [200, product];
    }
    case "GET categories": {
      const names = [...new Set(products.map((product) => product.category))];
      return [200, { categories: names.map((name) => ({ name, count: products.filter((product) => product.category === name).length })) }];
    }
    case "POST delivery/id":
      return [200, { pricing: { amount: 1000, currency: "EUR" } }];
    case "POST payment-3p/id": {
      const paymentToken = randomBytes(14).toString("hex");
      payments.add(paymentToken);
      return [200, { paymentToken }];
    }
    case "POST orders":
      return [202, placeOrder(request, body)];
    case "GET orders": {
      const customer = customerOf(request);
      return [200, pageOf(orders.filter((order) => order.customer === customer).map(seen), search, "orders", 20)];
    }
    case "GET orders/id":
      return [200, seen(orderOf(request, id))];
    case "GET orders/id/payment": {
      const { orderId, total } = orderOf(request, id).visible;
      return [200, { orderId, status: "AUTHORISED", amount: total, refunded: { ...total, amount: 0 } }];
    }
    default:
      throw notFound("resource");
  }
}

class CognitoRefusal extends Error {
  constructor(type, message) {
    super(message);
    this.type = type;
  }
}

function authenticated(email) {
  const idToken = randomBytes(24).toString("hex");
  tokens.set(idToken, email);
  tokens.set(`refresh ${email}`, email);
  return { AuthenticationResult: { IdToken: idToken, AccessToken: idToken, RefreshToken: `refresh ${email}`, ExpiresIn: 3600, TokenType: "Bearer" } };
}

const cognito = {
  SignUp({ Username, Password }) {
    if (users.has(Username)) throw new CognitoRefusal("UsernameExistsException", "User already exists.");
    if (!/[A-Z]/.test(Password)) {
      throw new CognitoRefusal("InvalidPasswordException", "Password did not conform with policy: Password must have uppercase characters");
    }
    users.set(Username, { password: Password, isConfirmed: false });
    return { UserConfirmed: false };
  },
  ConfirmSignUp({ Username, ConfirmationCode }) {
    if (ConfirmationCode !== "123456") throw new CognitoRefusal("CodeMismatchException", "Invalid verification code provided.");
    users.get(Username).isConfirmed = true;
    return {};
  },
  ResendConfirmationCode: () => ({}),
  RevokeToken({ Token }) {
    tokens.delete(Token);
    return {};
  },
  InitiateAuth({ AuthFlow, AuthParameters }) {
    if (AuthFlow === "REFRESH_TOKEN_AUTH") {
      const email = tokens.get(AuthParameters.REFRESH_TOKEN);
      if (!email) throw new CognitoRefusal("NotAuthorizedException", "Invalid Refresh Token");
      return authenticated(email);
    }
    const user = users.get(AuthParameters.USERNAME);
    if (user?.password !== AuthParameters.PASSWORD) throw new CognitoRefusal("NotAuthorizedException", "Incorrect username or password.");
    if (!user.isConfirmed) throw new CognitoRefusal("UserNotConfirmedException", "User is not confirmed.");
    return authenticated(AuthParameters.USERNAME);
  },
};

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain", ".json": "application/json" };

function file(path) {
  // A path without an extension is a page of the site, and they are all the same file.
  const name = extname(path) === "" ? "index.html" : normalize(path);
  try {
    return { body: readFileSync(join(root, "dist", name)), type: types[extname(name)] ?? "application/octet-stream" };
  } catch {
    return null;
  }
}

function answer(request, text) {
  const { pathname, searchParams } = new URL(request.url, "http://shop");
  if (pathname === "/config.json") {
    return [200, { apiUrl: "/api", region: "eu-central-1", userPoolId: "local_pool", userPoolClientId: "local-client", cognitoEndpoint: "/cognito" }];
  }
  if (pathname === "/cognito") {
    try {
      return [200, cognito[request.headers["x-amz-target"].split(".")[1]](JSON.parse(text))];
    } catch (error) {
      return [400, { __type: error.type ?? "InvalidParameterException", message: error.message }];
    }
  }
  if (!pathname.startsWith("/api/")) return null;
  try {
    return api(request, pathname, searchParams, text ? JSON.parse(text) : undefined);
  } catch (error) {
    const { status = 500, title = "Internal error", detail = error.message } = error;
    return [status, { type: "about:blank", title, status, detail }, "application/problem+json"];
  }
}

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const json = answer(request, Buffer.concat(chunks).toString());
  if (json) {
    const [status, body, type = "application/json"] = json;
    response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
    return;
  }
  const found = file(new URL(request.url, "http://shop").pathname);
  response.writeHead(found ? 200 : 404, { "content-type": found?.type ?? "text/plain", "content-security-policy": policy });
  response.end(found?.body ?? "not found");
}).listen(port, "127.0.0.1", () => console.log(`the shop is open at http://127.0.0.1:${port}/`));
