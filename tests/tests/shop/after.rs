//! What comes after an order has ended: money that the card did not pay, an order that is deleted, a
//! customer who leaves.

use reqwest::Method;
use serde_json::{Value, json};
use shopctl_tests::eventually;

use crate::Shop;
use crate::bus::Tap;
use crate::customer::Customer;
use crate::orders::{all_products, order_of, problem};
use crate::payment::{FAILS_LATER, GOOD, preauthorised};

/// A customer, and those who bring her orders to their end.
struct Cast<'a> {
    shop: &'a Shop,
    nora: Customer<'a>,
    packer: Customer<'a>,
    courier: Customer<'a>,
    admin: Customer<'a>,
}

pub(crate) fn what_comes_after_the_end(shop: &Shop, bus: &Tap<'_>) {
    let cast = Cast {
        shop,
        nora: Customer::sign_up(shop, "nora@example.com"),
        packer: Customer::returning(shop, "packer@example.com"),
        courier: Customer::returning(shop, "courier@example.com"),
        admin: Customer::returning(shop, "boss@example.com"),
    };
    let product = &all_products(shop)[8];
    let delivered = what_a_card_did_not_pay_is_paid_with_another(&cast, product);
    u107_an_order_at_its_end_is_deleted(&cast, product, bus);
    customers_who_leave_are_forgotten(&cast, product, &delivered);
}

impl Cast<'_> {
    fn placed(&self, product: &Value, card: &str) -> String {
        let mut order = order_of(&[(product, 1)]);
        order["paymentToken"] = json!(preauthorised(self.shop, card, 1_000_000));
        let order = self.nora.order(&order, None).expect(202).json();
        order["orderId"].as_str().unwrap().to_owned()
    }

    /// The order as an administrator sees it, when it has this status; waits for it.
    #[track_caller]
    fn order_in(&self, id: &str, status: &str) -> Value {
        eventually(&format!("the order is {status}"), || {
            let order = self.admin.get(&format!("/api/admin/orders/{id}"));
            Some(order.expect(200).json()).filter(|order| order["status"] == status)
        })
    }

    /// Packs the order and hands it to the courier.
    fn packed(&self, id: &str) {
        self.order_in(id, "CONFIRMED");
        for step in ["start", "complete"] {
            let path = format!("/api/packaging-requests/{id}/{step}");
            self.packer.post(&path, &json!({})).expect(200);
        }
        self.order_in(id, "PACKAGED");
    }

    fn handed_over(&self, id: &str) {
        for step in ["start", "complete"] {
            let path = format!("/api/deliveries/{id}/{step}");
            eventually(&format!("the courier can {step}"), || {
                (self.courier.post(&path, &json!({})).status == 200).then_some(())
            });
        }
        self.order_in(id, "FULFILLED");
    }

    /// Whether a mail about the order to this address says this.
    fn has_mail(&self, to: &str, id: &str, text: &str) -> bool {
        let url = format!("{}/_ministack/ses/messages", self.shop.emulator.endpoint);
        let sent = self.shop.http.get(&url).expect(200).json();
        let sent = sent["messages"]["000000000000"].as_array().unwrap();
        sent.iter().any(|mail| {
            let body = mail["BodyText"].as_str().unwrap_or_default();
            mail["To"] == json!([to]) && body.contains(id) && body.contains(text)
        })
    }
}

/// The goods are delivered, the card refuses: the customer is told and pays with another one.
fn what_a_card_did_not_pay_is_paid_with_another(cast: &Cast<'_>, product: &Value) -> String {
    let id = cast.placed(product, FAILS_LATER);
    cast.packed(&id);
    cast.handed_over(&id);
    let path = format!("/api/orders/{id}/payment");
    let owed = eventually("the payment is refused", || {
        let payment = cast.nora.get(&path).expect(200).json();
        (payment["status"] == "FAILED").then(|| payment["owed"].clone())
    });
    let total = cast.order_in(&id, "FULFILLED")["total"].clone();
    assert_eq!(owed, total);
    eventually("she is told", || {
        let told = cast.has_mail(&cast.nora.email, &id, "pay for it with another card");
        told.then_some(())
    });

    let retry = format!("/api/payments/{id}/retry");
    problem(cast.nora.post(&retry, &json!({})), 403);
    let again = cast.admin.post(&retry, &json!({})).expect(200).json();
    assert_eq!(again["status"], "FAILED", "{again}");

    let pay = |who: &Customer<'_>, token: &str| who.post(&path, &json!({"paymentToken": token}));
    let small = preauthorised(cast.shop, GOOD, 1);
    problem(pay(&cast.nora, &small), 402);
    let token = preauthorised(cast.shop, GOOD, total["amount"].as_u64().unwrap());
    problem(pay(&cast.courier, &token), 404);
    for _ in 0..2 {
        let paid = pay(&cast.nora, &token).expect(200).json();
        assert_eq!(paid["status"], "CAPTURED", "{paid}");
        assert_eq!(paid["amount"], total, "{paid}");
        assert_eq!(paid.get("owed"), None, "{paid}");
    }
    problem(pay(&cast.nora, &preauthorised(cast.shop, GOOD, 100)), 409);
    id
}

fn u107_an_order_at_its_end_is_deleted(cast: &Cast<'_>, product: &Value, bus: &Tap<'_>) {
    let id = cast.placed(product, GOOD);
    cast.order_in(&id, "CONFIRMED");
    let path = format!("/api/admin/orders/{id}");
    let delete = |who: &Customer<'_>| who.send(Method::DELETE, &path, &[], None);
    problem(delete(&cast.nora), 403);
    problem(delete(&cast.admin), 409);
    let cancel = format!("/api/orders/{id}/cancel");
    cast.nora.post(&cancel, &json!({})).expect(200);
    delete(&cast.admin).expect(204);
    problem(cast.admin.get(&path), 404);
    problem(delete(&cast.admin), 404);
    problem(cast.nora.get(&format!("/api/orders/{id}")), 404);
    bus.event("OrderDeleted", &id);
}

/// What is over is forgotten at once, what is on its way when it has arrived; nobody is told then.
fn customers_who_leave_are_forgotten(cast: &Cast<'_>, product: &Value, delivered: &str) {
    let open = cast.placed(product, GOOD);
    cast.packed(&open);
    let gone = cast.nora.send(Method::DELETE, "/api/users/me", &[], None);
    gone.expect(204);
    let is_forgotten = |order: &Value| {
        let text = order.to_string();
        !text.contains("Anna Berg") && !text.contains("Seestra") && !text.contains("nora@")
    };
    let forgotten = |id: &str| {
        eventually("the customer is forgotten", || {
            let order = cast.order_in(id, "FULFILLED");
            is_forgotten(&order).then_some(order)
        })
    };
    let order = forgotten(delivered);
    assert_eq!(order["address"]["country"], "DE", "{order}");
    assert_eq!(order["items"][0]["name"], product["name"], "{order}");
    let packed = cast.order_in(&open, "PACKAGED");
    assert!(!is_forgotten(&packed), "it has to arrive: {packed}");
    let late = cast.nora.order(&order_of(&[(product, 1)]), None);
    problem(late, 403);

    cast.handed_over(&open);
    forgotten(&open);
    for id in [delivered, open.as_str()] {
        eventually("the shipment is forgotten", || {
            let path = format!("/api/deliveries/{id}");
            let shipment = cast.courier.get(&path).expect(200).json();
            is_forgotten(&shipment).then_some(())
        });
    }
    assert!(!cast.has_mail(&cast.nora.email, &open, "was delivered"));
}
