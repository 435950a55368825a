"""The work that every implementation is given: events as API Gateway and SQS send them, and what the table answers."""

import functools
import json

ID = "2SwcbqZrBNGd67ZJYvPpSjMmHO3"
TIME = "2026-01-02T03:04:05.678Z"
PAGES = (20, 50)  # products on a page: as many as without `limit`, and more
MOST = 100  # and as many as one may ask for


def attribute(value):
    """A value as DynamoDB writes it."""
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case list():
            return {"L": [attribute(element) for element in value]}
        case dict():
            return {"M": {name: attribute(element) for name, element in value.items()}}


def row(number):
    """A product as its table has it."""
    return attribute({
        "productId": ID[:-2] + f"{number:02}",
        "name": f"Enamel mug {number}",
        "description": "A mug for the mountains and the office.\n\nHolds 350 ml, bears a fire and a fall, and is easy to clean.",
        "category": "Kitchen",
        "price": {"amount": 1250 + number, "currency": "EUR"},
        "pictures": [{"url": f"/images/mug-{number}.svg", "alt": "A blue mug"}, {"url": "/images/mug-top.svg", "alt": "From above"}],
        "tags": ["mug", "enamel", "outdoor"],
        "sizes": ["S", "M", "L"],
        "package": {"width": 120, "length": 120, "height": 110, "weight": 260},
        "listed": "yes",
        "listedIn": "Kitchen",
        "available": 17,
        "availableVersion": 4,
        "createdDate": TIME,
        "modifiedDate": TIME,
        "version": 3,
    })["M"]


ORDER = {
    "userId": "0f4a7d2e-7f0e-4d0e-9a53-3c1f5d0e2b11",
    "email": "eve@shopctl.example",
    "orderId": ID,
    "status": "NEW",
    "createdDate": TIME,
    "modifiedDate": TIME,
    "items": [
        {"productId": ID[:-2] + f"{number:02}", "name": f"Enamel mug {number}", "quantity": 2,
         "unitPrice": {"amount": 1250, "currency": "EUR"}, "picture": "/images/mug.svg"}
        for number in range(3)
    ],
    "address": {"name": "Eve", "street": "Am Deich 1", "city": "Husum", "postalCode": "25813", "country": "DE"},
    "deliveryPrice": {"amount": 1000, "currency": "EUR"},
    "total": {"amount": 8500, "currency": "EUR"},
    "history": [{"status": "NEW", "time": TIME}],
}

ROWS = [row(number) for number in range(MOST + 1)]


@functools.cache
def rows(limit):
    """A page of the table: all implementations ask for one row more than they show, to see whether there are more."""
    found = ROWS[:limit]
    return json.dumps({"Count": len(found), "ScannedCount": len(found), "Items": found}).encode()


# By operation: what the table answers to a request.
ANSWERS = {
    "Query": lambda request: rows(json.loads(request)["Limit"]),
    "GetItem": lambda _request: json.dumps({"Item": ROWS[0]}).encode(),
    "PutItem": lambda _request: b"{}",
}


def request(route, path=None, query=None):
    """An event of an HTTP API (payload format 2.0)."""
    method, _, raw_path = route.partition(" ")
    for name, value in (path or {}).items():
        raw_path = raw_path.replace("{" + name + "}", value)
    event = {
        "version": "2.0", "routeKey": route, "rawPath": raw_path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in (query or {}).items()),
        "headers": {"accept": "application/json", "host": "shop.example", "user-agent": "bench"},
        "requestContext": {
            "accountId": "anonymous", "apiId": "bench", "domainName": "shop.example", "domainPrefix": "shop",
            "http": {"method": method, "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "bench"},
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": route, "stage": "$default",
            "time": "02/Jan/2026:03:04:05 +0000", "timeEpoch": 1767323045678,
        },
        "isBase64Encoded": False,
    }
    if path:
        event["pathParameters"] = path
    if query:
        event["queryStringParameters"] = query
    return json.dumps(event).encode()


def messages(body):
    """An event of an SQS FIFO queue with one message."""
    return json.dumps({"Records": [{
        "messageId": "19dd0b57-b21e-4ac1-bd88-01bbb068cb78", "receiptHandle": "handle", "body": body, "md5OfBody": "",
        "attributes": {
            "ApproximateReceiveCount": "1", "SentTimestamp": "1767323045678", "SequenceNumber": "18849496460467696128",
            "MessageGroupId": "eve", "SenderId": "AIDAIENQZJOLO23YVJ4VO", "MessageDeduplicationId": ID,
            "ApproximateFirstReceiveTimestamp": "1767323045679",
        },
        "messageAttributes": {}, "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:orders.fifo", "awsRegion": "us-east-1",
    }]}).encode()


LIST, GET = "GET /api/products", "GET /api/products/{productId}"

# What is measured: name -> (service, function, event).
MEASURED = {
    **{
        f"a page of {products} products": ("products", "api", request(LIST, query={"limit": str(products)}))
        for products in PAGES
    },
    "one product": ("products", "api", request(GET, {"productId": ID})),
    "an order from the queue": ("orders", "process", messages(json.dumps(ORDER))),
}

# All have to answer these alike, or they do not do the same work: (service, function, event).
COMPARED = [
    *MEASURED.values(),
    ("products", "api", request(LIST)),
    ("products", "api", request(LIST, query={"limit": "3"})),
    ("products", "api", request(LIST, query={"category": "Kitchen", "limit": "100"})),
    ("products", "api", request(LIST, query={"limit": "0"})),
    ("products", "api", request(LIST, query={"limit": "many"})),
    ("products", "api", request(LIST, query={"nextToken": "xyz"})),
    # {"category":"Shoes","name":"Boot","id":"2SwcbqZrBNGd67ZJYvPpSjMmHO3"}
    ("products", "api", request(LIST, query={
        "nextToken": "eyJjYXRlZ29yeSI6IlNob2VzIiwibmFtZSI6IkJvb3QiLCJpZCI6IjJTd2NicVpyQk5HZDY3WkpZdlBwU2pNbUhPMyJ9"})),
    ("products", "api", request(GET, {"productId": "mug"})),
    ("products", "api", request("GET /api/nothing")),
    ("orders", "process", messages("{")),
    ("orders", "process", messages(json.dumps({**ORDER, "orderId": "1"}))),
    ("orders", "process", messages(json.dumps({**ORDER, "status": "LOST"}))),
]

# A function of every service, to see how soon it asks for work.
SERVICES = {
    "admin": "tool", "delivery": "api", "inventory": "api", "notifications": "events", "orders": "api", "payment": "api",
    "payment-3p": "api", "products": "api", "sales-report": "events", "users": "api",
}

# What their templates set, in one.
SETTINGS = {
    name: "bench" for name in (
        "STACK_NAME TABLE_NAME WORD_TABLE_NAME PROMOTION_TABLE_NAME IDEMPOTENCY_TABLE_NAME TOKEN_TABLE_NAME SENT_TABLE_NAME "
        "OUTBOX_TABLE_NAME QUOTE_FUNCTION DELIVERY_PRICE_FUNCTION AUTHORISE_FUNCTION RELEASE_FUNCTION EXCHANGE_FUNCTION "
        "GET_ORDER_FUNCTION ORDER_FUNCTION BUS_NAME SHOP_NAME SENDER_ADDRESS OWNER_ADDRESS TOPIC_ARN USER_POOL_ID "
        "DATABASE_SCHEMA DATABASE_PASSWORD BUCKET_NAME"
    ).split()
} | {
    "TABLES": "{}", "HOLD_DAYS": "7", "TIME_ZONE": "Europe/Berlin", "CURRENCY": "EUR", "TAX_RATE": "0",
    "SITE_URL": "https://shop.example/", "PROVIDER_URL": "https://shop.example/api/payment-3p",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/orders.fifo",
    "DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": "3306",
}
