//! Money: the provider as a page uses it, and a payment from the order to the refund.

use serde_json::{Value, json};
use shopctl_tests::{Answer, eventually};

use crate::Shop;
use crate::bus::Tap;
use crate::consumers::consumer_of;
use crate::customer::Customer;
use crate::orders::{messages_in, problem};

/// A card that is good for any amount.
pub(crate) const GOOD: &str = "4242424242424242";
pub(crate) const DECLINED: &str = "4000000000000002";
/// A card that holds the money and does not pay it.
pub(crate) const FAILS_LATER: &str = "4000000000000341";

pub(crate) fn provider_holds_money(shop: &Shop) {
    let said = problem(ask(shop, "preauth", &json!({"amount": 3000})), 400);
    assert_eq!(said["detail"], "Missing 'cardNumber' in request body.");
    let declined = json!({"cardNumber": DECLINED, "amount": 3000});
    let said = problem(ask(shop, "preauth", &declined), 402);
    assert_eq!(said["detail"], "The card was declined.");
    let url = shop.site("/api/payment-3p/check");
    let broken = shop.http.request(reqwest::Method::POST, &url, |request| {
        request
            .header("content-type", "application/json")
            .body("{\"paymentToken\":")
    });
    assert_eq!(problem(broken, 400)["detail"], "Failed to parse JSON body.");

    let token = preauthorised(shop, GOOD, 3000);
    let about = |amount: u32| json!({"paymentToken": token, "amount": amount});
    assert!(granted(shop, "check", &about(3000)));
    assert!(!granted(shop, "check", &about(3001)));
    assert!(granted(shop, "updateAmount", &about(2000)));
    assert!(!granted(shop, "updateAmount", &about(2001)));
    let token = json!({"paymentToken": token});
    assert!(granted(shop, "processPayment", &token));
    assert!(!granted(shop, "processPayment", &token));
    assert!(!granted(shop, "cancelPayment", &token));
}

pub(crate) fn payment_follows_its_order(shop: &Shop, bus: &Tap<'_>) {
    let admin = Customer::staff(shop, "paula@example.com", "admin");
    let customer = Customer::sign_up(shop, "carla@example.com");

    // Bound to one order, and to no other.
    let token = preauthorised(shop, GOOD, 3000);
    let paid = "37dGamnp4Ohe3JM9FL5PNQR3jGm";
    let yes = json!({"ok": true});
    let no = |reason: &str| json!({"ok": false, "reason": reason});
    assert_eq!(authorise(shop, paid, &token, 3001), no("NOT_COVERED"));
    for _ in 0..2 {
        assert_eq!(authorise(shop, paid, &token, 3000), yes);
    }
    let another = "37dGaryDBtCBHp0nczk3OkqjYg1";
    assert_eq!(authorise(shop, another, &token, 100), no("TOKEN_USED"));
    let path = format!("/api/payments/{paid}");
    problem(customer.get(&path), 403);
    let payment = admin.get(&path).expect(200).json();
    assert_eq!(payment["status"], "AUTHORISED", "{payment}");
    assert!(payment.get("paymentToken").is_none(), "{payment}");
    let created = bus.hear("PaymentCreated", about(paid));
    assert!(!created.to_string().contains(&token), "{created}");

    // The order becomes cheaper, is delivered, and everything is told twice.
    for (status, total) in [("NEW", 2500), ("FULFILLED", 2500), ("FULFILLED", 2500)] {
        tell(shop, paid, status, total);
    }
    let payment = status_of(&admin, paid, "CAPTURED");
    assert_eq!(payment["amount"]["amount"], 2500, "{payment}");
    bus.hear("PaymentModified", |detail| {
        detail["new"]["orderId"] == paid && detail["new"]["status"] == "CAPTURED"
    });
    let token = json!({"paymentToken": token});
    assert!(
        !granted(shop, "processPayment", &token),
        "the token is used"
    );

    // Some of it is given back, then the rest, and then there is nothing left.
    let refund = format!("{path}/refund");
    let part = json!({"amount": {"amount": 1000, "currency": "EUR"}, "reason": "a scratch"});
    problem(customer.post(&refund, &part), 403);
    let payment = admin.post(&refund, &part).expect(200).json();
    assert_eq!(payment["refunded"]["amount"], 1000, "{payment}");
    let payment = admin.post(&refund, &json!({})).expect(200).json();
    assert_eq!(payment["status"], "REFUNDED", "{payment}");
    problem(admin.post(&refund, &json!({})), 409);

    // An order that is called off lets the money go.
    let token = preauthorised(shop, GOOD, 100);
    assert_eq!(authorise(shop, another, &token, 100), yes);
    tell(shop, another, "CANCELLED", 100);
    status_of(&admin, another, "CANCELLED");

    // A card that refuses in the end is a failure that shows.
    let unpaid = "37dGaoYrITS1PXSnnFp9cKr3rMA";
    let token = preauthorised(shop, FAILS_LATER, 100);
    assert_eq!(authorise(shop, unpaid, &token, 100), yes);
    tell(shop, unpaid, "FULFILLED", 100);
    let payment = status_of(&admin, unpaid, "FAILED");
    assert_eq!(payment["failure"], "CAPTURE", "{payment}");
    bus.hear("PaymentModified", |detail| {
        detail["new"]["orderId"] == unpaid && detail["new"]["status"] == "FAILED"
    });
    let dead = shop.output("payment", "OrdersDeadLetterQueueUrl");
    assert_eq!(messages_in(shop, dead), 0, "in the dead-letter queue");
}

/// A token for a card that is good for this.
pub(crate) fn preauthorised(shop: &Shop, card: &str, amount: u64) -> String {
    let answer = try_preauthorise(shop, card, amount).expect(200).json();
    answer["paymentToken"].as_str().unwrap().to_owned()
}

/// What the provider says to this.
pub(crate) fn try_preauthorise(shop: &Shop, card: &str, amount: u64) -> Answer {
    let body = json!({"cardNumber": card, "amount": amount, "currency": "EUR"});
    ask(shop, "preauth", &body)
}

fn ask(shop: &Shop, operation: &str, body: &Value) -> Answer {
    let url = shop.site(&format!("/api/payment-3p/{operation}"));
    shop.http.post(&url, &[], body)
}

fn granted(shop: &Shop, operation: &str, body: &Value) -> bool {
    let answer = ask(shop, operation, body).expect(200).json();
    answer["ok"].as_bool().unwrap()
}

/// What the order service asks.
fn authorise(shop: &Shop, order_id: &str, token: &str, total: u32) -> Value {
    let function = shop.output("payment", "AuthoriseFunctionArn");
    let request = json!({
        "orderId": order_id, "userId": "carla", "paymentToken": token,
        "total": {"amount": total, "currency": "EUR"},
    });
    shop.emulator.invoke(function, &request)
}

/// What the order service says, to the payments alone: there is no such order, and the others would
/// look for it.
fn tell(shop: &Shop, order_id: &str, status: &str, total: u32) {
    let order = json!({
        "userId": "carla", "email": "carla@example.com", "orderId": order_id, "status": status,
        "createdDate": "2026-01-02T03:04:05.678Z", "modifiedDate": "2099-01-02T03:04:05.678Z",
        "items": [], "history": [],
        "address": {
            "name": "Carla", "street": "Seestraße 12", "city": "Lindau", "postalCode": "88131",
            "country": "DE", "phoneNumber": "+49 8382 000",
        },
        "deliveryPrice": {"amount": 0, "currency": "EUR"},
        "total": {"amount": total, "currency": "EUR"},
    });
    let detail = json!({"old": order, "new": order, "changed": ["status", "total"]});
    let event = json!({
        "id": "told", "source": "shop.orders", "detail-type": "OrderModified",
        "time": "2026-01-02T03:04:05Z", "detail": detail,
    });
    let dead = shop.output("payment", "OrdersDeadLetterQueueUrl");
    let queue = consumer_of(&shop.emulator, dead).queue.url;
    let message = json!({ "QueueUrl": queue, "MessageBody": event.to_string() });
    shop.emulator.call("sqs", "send_message", &message);
}

fn about(order_id: &str) -> impl Fn(&Value) -> bool {
    move |detail| detail["orderId"] == order_id
}

fn status_of(admin: &Customer<'_>, order_id: &str, status: &str) -> Value {
    eventually(&format!("the payment is {status}"), || {
        let payment = admin.get(&format!("/api/payments/{order_id}")).expect(200);
        Some(payment.json()).filter(|payment| payment["status"] == status)
    })
}
