// Functions `api` (list and get) of the catalogue and `process` of the orders, as handlers/products and handlers/orders
// have them: the same routes, checks, calls and answers. For measure.py only.
import { ConditionalCheckFailedException, DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";

const PAGE = 20;
const LARGEST_PAGE = 100;
const LARGEST_ID = "aWgEPTl1tmebfsQzFP4bxwgy80V";
const STATUSES = new Set(["NEW", "CONFIRMED", "PACKAGED", "PACKAGING_FAILED", "FULFILLED", "DELIVERY_FAILED", "CANCELLED"]);
const TableName = process.env.TABLE_NAME;
const table = new DynamoDBClient({});

class Problem extends Error {
  constructor(status, title, detail) {
    super(detail);
    Object.assign(this, { status, title });
  }
  answer() {
    const body = { type: "about:blank", title: this.title, status: this.status, detail: this.message };
    return answer(this.status, body, "application/problem+json");
  }
}

const badRequest = (detail) => new Problem(400, "Bad Request", detail);
const notFound = (detail) => new Problem(404, "Not Found", detail);

const answer = (status, value, kind = "application/json") => ({
  statusCode: status,
  headers: { "content-type": kind, "cache-control": "no-store" },
  body: JSON.stringify(value),
  isBase64Encoded: false,
});

const log = (level, message, fields) => console.log(JSON.stringify({ level, message, ...fields }));

const isId = (text) => typeof text === "string" && /^[0-9A-Za-z]{27}$/.test(text) && text <= LARGEST_ID;

function expect(holds, what) {
  if (!holds) throw new TypeError(what);
}

const checkMoney = (value) => expect(Number.isInteger(value.amount) && typeof value.currency === "string", "money");
const checkTime = (text) => expect(!Number.isNaN(Date.parse(text)), "time");

/** A row as clients see it; fails when it is none. */
function product(attributes) {
  const row = unmarshall(attributes);
  expect(isId(row.productId), "productId");
  checkMoney(row.price);
  checkTime(row.createdDate);
  checkTime(row.modifiedDate);
  const { width, length, height, weight } = row.package;
  return {
    productId: row.productId, name: row.name, description: row.description, category: row.category,
    price: { amount: row.price.amount, currency: row.price.currency },
    pictures: row.pictures.map(({ url, alt }) => ({ url, alt })),
    tags: row.tags, sizes: row.sizes ?? [], package: { width, length, height, weight },
    listed: row.listed === "yes",
    ...(row.available != null && { available: row.available }),
    createdDate: row.createdDate, modifiedDate: row.modifiedDate, version: row.version ?? 0,
  };
}

function place(token, category) {
  let found;
  try {
    found = JSON.parse(Buffer.from(token, "base64url").toString());
    const { category: _, name, id, ...others } = found;
    expect(typeof name === "string" && isId(id) && Object.keys(others).length === 0, "token");
  } catch {
    throw badRequest("nextToken is not one that this list gave out");
  }
  if ((found.category ?? null) !== category) throw badRequest("nextToken belongs to the list of another category");
  return found;
}

function limited(text) {
  if (!text) return PAGE;
  if (!/^\+?[0-9]+$/.test(text) || Number(text) < 1 || Number(text) > LARGEST_PAGE) {
    throw badRequest(`limit has to be a number from 1 to ${LARGEST_PAGE}`);
  }
  return Number(text);
}

async function listProducts(event) {
  const query = event.queryStringParameters ?? {};
  const category = query.category || null;
  const [IndexName, name, value] = category ? ["byCategory", "listedIn", category] : ["byName", "listed", "yes"];
  const limit = limited(query.limit);
  const start = query.nextToken && place(query.nextToken, category);
  const page = await table.send(new QueryCommand({
    TableName, IndexName, KeyConditionExpression: "#partition = :value",
    ExpressionAttributeNames: { "#partition": name }, ExpressionAttributeValues: { ":value": { S: value } }, Limit: limit + 1,
    ...(start && { ExclusiveStartKey: { productId: { S: start.id }, [name]: { S: value }, name: { S: start.name } } }),
  }));
  const found = (page.Items ?? []).map(product);
  const products = found.slice(0, limit);
  let nextToken = null;
  if (found.length > limit || (page.LastEvaluatedKey && found.length > 0)) {
    const last = products.at(-1);
    nextToken = Buffer.from(JSON.stringify({ category, name: last.name, id: last.productId })).toString("base64url");
  }
  return answer(200, { products, nextToken });
}

async function getProduct(event) {
  const id = event.pathParameters.productId;
  if (isId(id)) {
    const { Item } = await table.send(new GetItemCommand({ TableName, Key: { productId: { S: id } }, ConsistentRead: true }));
    const found = Item && product(Item);
    if (found?.listed) return answer(200, found);
  }
  throw notFound("there is no such product");
}

const ROUTES = { "GET /api/products": listProducts, "GET /api/products/{productId}": getProduct };

export async function api(event) {
  const route = event.requestContext.routeKey;
  let given;
  try {
    if (!(route in ROUTES)) throw notFound("there is no such resource");
    given = await ROUTES[route](event);
  } catch (error) {
    if (error instanceof Problem) {
      log("INFO", "request refused", { route, detail: error.message });
      given = error.answer();
    } else {
      log("ERROR", "request failed", { route, error: String(error) });
      given = new Problem(500, "Internal Server Error", "something went wrong on our side; it has been recorded").answer();
    }
  }
  log("INFO", "request answered", { route, status: given.statusCode });
  return given;
}

/** The order of a message; fails when it is none. */
function order(body) {
  const found = JSON.parse(body);
  expect(isId(found.orderId) && STATUSES.has(found.status) && typeof found.userId === "string", "order");
  checkTime(found.createdDate);
  checkTime(found.modifiedDate);
  for (const item of found.items) {
    expect(isId(item.productId) && typeof item.name === "string" && Number.isInteger(item.quantity), "item");
    checkMoney(item.unitPrice);
  }
  for (const name of ["name", "street", "city", "postalCode", "country"]) expect(typeof found.address[name] === "string", name);
  for (const change of found.history) {
    expect(STATUSES.has(change.status), "history");
    checkTime(change.time);
  }
  checkMoney(found.deliveryPrice);
  checkMoney(found.total);
  return found;
}

/** Writes the order unless the table has it; gives back what the table then has. */
async function record(placed) {
  try {
    await table.send(new PutItemCommand({
      TableName, Item: marshall({ ...placed, version: 1 }), ConditionExpression: "attribute_not_exists(orderId)",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    }));
    return placed;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException && error.Item) return unmarshall(error.Item);
    throw error;
  }
}

export async function process_(event) {
  const batchItemFailures = [];
  const stopped = new Set();
  for (const message of event.Records) {
    const group = message.attributes.MessageGroupId;
    try {
      // A later message of a group must not overtake one that failed.
      if (group === undefined || !stopped.has(group)) {
        const stored = await record(order(message.body));
        log("INFO", "order taken from the queue", { order_id: stored.orderId, status: stored.status });
        continue;
      }
    } catch (error) {
      log("ERROR", "message failed", { message_id: message.messageId, error: String(error) });
    }
    stopped.add(group);
    batchItemFailures.push({ itemIdentifier: message.messageId });
  }
  return { batchItemFailures };
}

export { process_ as process };
