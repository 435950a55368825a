"""Functions `api` (list and get) of the catalogue and `process` of the orders, as handlers/products and handlers/orders
have them: the same routes, checks, calls and answers. For measure.py only."""

import base64
import json
import os
import re
import sys
from datetime import datetime

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config

PAGE, LARGEST_PAGE = 20, 100
LARGEST_ID = "aWgEPTl1tmebfsQzFP4bxwgy80V"
STATUSES = {"NEW", "CONFIRMED", "PACKAGED", "PACKAGING_FAILED", "FULFILLED", "DELIVERY_FAILED", "CANCELLED"}

table = boto3.client("dynamodb", config=Config(tcp_keepalive=True))
read, write = TypeDeserializer().deserialize, TypeSerializer().serialize


class Problem(Exception):
    def __init__(self, status, title, detail):
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail

    def answer(self):
        body = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return answer(self.status, body, "application/problem+json")


def bad_request(detail):
    return Problem(400, "Bad Request", detail)


def not_found(detail):
    return Problem(404, "Not Found", detail)


def answer(status, value, kind="application/json"):
    return {
        "statusCode": status,
        "headers": {"content-type": kind, "cache-control": "no-store"},
        "body": json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        "isBase64Encoded": False,
    }


def log(level, message, **fields):
    print(json.dumps({"level": level, "message": message, **fields}), flush=True)


def is_id(text):
    return isinstance(text, str) and re.fullmatch("[0-9A-Za-z]{27}", text) is not None and text <= LARGEST_ID


def money(value):
    return {"amount": int(value["amount"]), "currency": value["currency"]}


def product(row):
    """A row as clients see it; KeyError or ValueError when it is none."""
    row = {name: read(value) for name, value in row.items()}
    for name in ("createdDate", "modifiedDate"):
        datetime.fromisoformat(row[name])
    if not is_id(row["productId"]):
        raise ValueError("productId")
    package = row["package"]
    found = {
        "productId": row["productId"], "name": row["name"], "description": row["description"], "category": row["category"],
        "price": money(row["price"]),
        "pictures": [{"url": picture["url"], "alt": picture["alt"]} for picture in row["pictures"]],
        "tags": row["tags"], "sizes": row.get("sizes", []),
        "package": {name: int(package[name]) for name in ("width", "length", "height", "weight")},
        "listed": row.get("listed") == "yes",
    }
    if row.get("available") is not None:
        found["available"] = int(row["available"])
    return {**found, "createdDate": row["createdDate"], "modifiedDate": row["modifiedDate"], "version": int(row.get("version", 0))}


def place(token, category):
    try:
        found = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if set(found) - {"category"} != {"name", "id"} or not isinstance(found["name"], str) or not is_id(found["id"]):
            raise ValueError
    except (ValueError, TypeError):
        raise bad_request("nextToken is not one that this list gave out") from None
    if found.get("category") != category:
        raise bad_request("nextToken belongs to the list of another category")
    return found


def limited(text):
    if not text:
        return PAGE
    if not re.fullmatch(r"\+?[0-9]+", text) or not 1 <= int(text) <= LARGEST_PAGE:
        raise bad_request(f"limit has to be a number from 1 to {LARGEST_PAGE}")
    return int(text)


def list_products(event):
    query = event.get("queryStringParameters") or {}
    category = query.get("category") or None
    index, name, value = ("byCategory", "listedIn", category) if category else ("byName", "listed", "yes")
    limit = limited(query.get("limit"))
    options = {}
    if query.get("nextToken"):
        start = place(query["nextToken"], category)
        options["ExclusiveStartKey"] = {"productId": {"S": start["id"]}, name: {"S": value}, "name": {"S": start["name"]}}
    page = table.query(
        TableName=os.environ["TABLE_NAME"], IndexName=index, KeyConditionExpression="#partition = :value",
        ExpressionAttributeNames={"#partition": name}, ExpressionAttributeValues={":value": {"S": value}}, Limit=limit + 1,
        **options,
    )
    found = [product(row) for row in page.get("Items", [])]
    products, token = found[:limit], None
    if len(found) > limit or ("LastEvaluatedKey" in page and found):
        last = products[-1]
        following = {"category": category, "name": last["name"], "id": last["productId"]}
        text = json.dumps(following, ensure_ascii=False, separators=(",", ":")).encode()
        token = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    return answer(200, {"products": products, "nextToken": token})


def get_product(event):
    name = event["pathParameters"]["productId"]
    if is_id(name):
        row = table.get_item(TableName=os.environ["TABLE_NAME"], Key={"productId": {"S": name}}, ConsistentRead=True).get("Item")
        found = product(row) if row else None
        if found and found["listed"]:
            return answer(200, found)
    raise not_found("there is no such product")


ROUTES = {"GET /api/products": list_products, "GET /api/products/{productId}": get_product}


def api(event, _context):
    route = event["requestContext"]["routeKey"]
    try:
        if route not in ROUTES:
            raise not_found("there is no such resource")
        given = ROUTES[route](event)
    except Problem as problem:
        log("INFO", "request refused", route=route, detail=problem.detail)
        given = problem.answer()
    except Exception as error:  # the client learns only that it was our fault
        log("ERROR", "request failed", route=route, error=repr(error))
        given = Problem(500, "Internal Server Error", "something went wrong on our side; it has been recorded").answer()
    log("INFO", "request answered", route=route, status=given["statusCode"])
    return given


def order(body):
    """The order of a message; KeyError, TypeError or ValueError when it is none."""
    found = json.loads(body)
    if not is_id(found["orderId"]) or found["status"] not in STATUSES:
        raise ValueError("order")
    for name in ("createdDate", "modifiedDate"):
        datetime.fromisoformat(found[name])
    for item in found["items"]:
        if not is_id(item["productId"]):
            raise ValueError("item")
        item["name"], item["quantity"], money(item["unitPrice"])
    for name in ("name", "street", "city", "postalCode", "country"):
        found["address"][name]
    for change in found["history"]:
        if change["status"] not in STATUSES:
            raise ValueError("history")
        datetime.fromisoformat(change["time"])
    found["userId"], money(found["deliveryPrice"]), money(found["total"])
    return found


def record(placed):
    """Writes the order unless the table has it; gives back what the table then has."""
    try:
        table.put_item(
            TableName=os.environ["TABLE_NAME"], Item={name: write(value) for name, value in {**placed, "version": 1}.items()},
            ConditionExpression="attribute_not_exists(orderId)", ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return placed
    except table.exceptions.ConditionalCheckFailedException as failed:
        return {name: read(value) for name, value in failed.response["Item"].items()}


def process(event, _context):
    failed, stopped = [], set()
    for message in event["Records"]:
        group = message["attributes"].get("MessageGroupId")
        try:
            # A later message of a group must not overtake one that failed.
            if group is None or group not in stopped:
                stored = record(order(message["body"]))
                log("INFO", "order taken from the queue", order_id=stored["orderId"], status=stored["status"])
                continue
        except Exception as error:  # it comes again, and is kept when it fails for good
            log("ERROR", "message failed", message_id=message["messageId"], error=repr(error))
        stopped.add(group)
        failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}


if __name__ == "__main__":
    sys.exit("this is started by the runtime interface client: python -m awslambdaric shop.api")
