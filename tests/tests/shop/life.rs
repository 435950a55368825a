//! The whole life of an order through the public API: paid, packed, delivered; too little of it
//! there, given up, changed, refused. With its mails, its money and its place in the ledger.

use reqwest::Method;
use serde_json::{Value, json};
use shopctl_tests::eventually;

use crate::Shop;
use crate::books::mails;
use crate::customer::Customer;
use crate::orders::{all_products, amount, item_of, messages_in, order_of, packing_path, problem};
use crate::payment::{GOOD, preauthorised};

/// A customer and the people who work for the shop.
struct Cast<'a> {
    shop: &'a Shop,
    lena: Customer<'a>,
    packer: Customer<'a>,
    courier: Customer<'a>,
    admin: Customer<'a>,
}

pub(crate) fn orders_live_and_end(shop: &Shop) {
    let cast = Cast {
        shop,
        lena: Customer::sign_up(shop, "lena@example.com"),
        packer: Customer::staff(shop, "packer@example.com", "warehouse"),
        courier: Customer::staff(shop, "courier@example.com", "delivery"),
        admin: Customer::staff(shop, "boss@example.com", "admin"),
    };
    let products = all_products(shop);
    let product = &products[5];
    promotion_codes_are_kept(&cast);
    delivered_with_fewer_pieces(&cast, product);
    not_enough_in_stock(&cast, &products[6]);
    given_up(&cast, product);
    changed_before_packing(&cast, product);
    nothing_could_be_packed(&cast, product);
    not_delivered(&cast, product);
    not_paid_for(&cast, product);
    sizes_are_kept_apart(&cast, &products);
    for stack in ["orders", "inventory", "notifications", "sales-report"] {
        let dead = shop.output(stack, "DeadLetterQueueUrl");
        assert_eq!(messages_in(shop, dead), 0, "dead letters of {stack}");
    }
}

impl Cast<'_> {
    fn place(&self, order: &Value) -> Value {
        self.lena.order(order, None).expect(202).json()
    }

    /// The order when it has this status; waits for it.
    #[track_caller]
    fn order_in(&self, id: &str, status: &str) -> Value {
        eventually(&format!("the order is {status}"), || {
            let order = self
                .lena
                .get(&format!("/api/orders/{id}"))
                .expect(200)
                .json();
            (order["status"] == status).then_some(order)
        })
    }

    fn confirmed(&self, product: &Value, quantity: u32) -> (String, Value) {
        let id = id_of(&self.place(&order_of(&[(product, quantity)])));
        let order = self.order_in(&id, "CONFIRMED");
        (id, order)
    }

    #[track_caller]
    fn payment_in(&self, id: &str, status: &str) -> Value {
        eventually(&format!("the payment is {status}"), || {
            let payment = self.admin.get(&format!("/api/payments/{id}"));
            let payment = payment.expect(200).json();
            (payment["status"] == status).then_some(payment)
        })
    }

    fn pack(&self, id: &str, step: &str) {
        let path = format!("/api/packaging-requests/{id}/{step}");
        self.packer.post(&path, &json!({})).expect(200);
    }

    fn pieces(&self, id: &str, product: &Value, quantity: u32) {
        self.pieces_of(id, &item_of(product, 0), quantity);
    }

    /// Packs so many pieces of one line.
    fn pieces_of(&self, id: &str, item: &Value, quantity: u32) {
        let path = packing_path(id, item);
        let body = json!({ "quantity": quantity });
        self.packer
            .send(Method::PUT, &path, &[], Some(&body))
            .expect(200);
    }

    fn deliver(&self, id: &str, step: &str, body: &Value) {
        let path = format!("/api/deliveries/{id}/{step}");
        eventually(&format!("the courier can {step}"), || {
            let answer = self.courier.post(&path, body);
            (answer.status == 200).then_some(())
        });
    }

    fn in_stock(&self, product: &Value) -> u64 {
        let path = format!("/api/inventory/{}", id_of_product(product));
        let stock = self.admin.get(&path).expect(200).json();
        stock["quantity"].as_u64().unwrap()
    }

    #[track_caller]
    fn stock_is(&self, product: &Value, quantity: u64) {
        eventually(&format!("there are {quantity} in stock"), || {
            (self.in_stock(product) == quantity).then_some(())
        });
    }

    /// The one mail to the customer about this order that says this.
    #[track_caller]
    fn mail(&self, id: &str, text: &str) {
        eventually(&format!("a mail says \u{201c}{text}\u{201d}"), || {
            let sent = mails(self.shop);
            let about = |mail: &&Value| {
                let body = mail["BodyText"].as_str().unwrap_or_default();
                mail["To"] == json!([self.lena.email]) && body.contains(id) && body.contains(text)
            };
            (sent.iter().filter(about).count() == 1).then_some(())
        });
    }
}

fn id_of(order: &Value) -> String {
    order["orderId"].as_str().unwrap().to_owned()
}

fn id_of_product(product: &Value) -> &str {
    product["productId"].as_str().unwrap()
}

fn promotion_codes_are_kept(cast: &Cast<'_>) {
    let path = "/api/promotions/TENTH";
    let ten = json!({ "percentage": 10, "limit": 1 });
    let put = |who: &Customer<'_>| who.send(Method::PUT, path, &[], Some(&ten));
    problem(put(&cast.lena), 403);
    put(&cast.admin).expect(200);
    let check = json!({ "code": "tenth", "subtotal": { "amount": 1005, "currency": "EUR" } });
    let answer = cast
        .lena
        .post("/api/promotions/check", &check)
        .expect(200)
        .json();
    assert_eq!(answer["valid"], true, "{answer}");
    assert_eq!(answer["discount"]["amount"], 101, "{answer}");
    let unknown = json!({ "code": "nothing" });
    let answer = cast
        .lena
        .post("/api/promotions/check", &unknown)
        .expect(200)
        .json();
    assert_eq!(answer["valid"], false, "{answer}");
}

/// Three pieces with a code, of which two are packed: two are paid for, less a tenth.
fn delivered_with_fewer_pieces(cast: &Cast<'_>, product: &Value) {
    let before = cast.in_stock(product);
    let mut wanted = order_of(&[(product, 3)]);
    wanted["promotionCode"] = json!("tenth");
    let placed = cast.place(&wanted);
    let id = id_of(&placed);
    let tenth = |pieces: u64| (amount(product) * pieces + 5) / 10;
    assert_eq!(placed["discount"]["amount"], tenth(3), "{placed}");
    let again = problem(cast.lena.order(&wanted, None), 422);
    assert_eq!(
        again["errors"][0]["pointer"], "/promotionCode",
        "used up: {again}"
    );
    cast.order_in(&id, "CONFIRMED");
    cast.mail(&id, "Discount (TENTH)");
    cast.stock_is(product, before - 3);
    assert_eq!(
        cast.payment_in(&id, "AUTHORISED")["amount"],
        placed["total"]
    );

    cast.pack(&id, "start");
    problem(
        cast.lena
            .post(&format!("/api/orders/{id}/cancel"), &json!({})),
        409,
    );
    cast.pieces(&id, product, 2);
    cast.pack(&id, "complete");
    let packed = cast.order_in(&id, "PACKAGED");
    assert_eq!(packed["items"][0]["quantity"], 2, "{packed}");
    let delivery = packed["deliveryPrice"]["amount"].as_u64().unwrap();
    let total = amount(product) * 2 - tenth(2) + delivery;
    assert_eq!(packed["total"]["amount"], total, "{packed}");
    cast.mail(&id, "you pay for no more than this");
    cast.stock_is(product, before - 2);

    cast.deliver(&id, "start", &json!({}));
    cast.mail(&id, "tracking number");
    cast.deliver(&id, "complete", &json!({}));
    let delivered = cast.order_in(&id, "FULFILLED");
    let statuses: Vec<_> = delivered["history"].as_array().unwrap().iter().collect();
    assert_eq!(statuses.len(), 4, "{delivered}");
    cast.mail(&id, "is charged");
    let payment = cast.payment_in(&id, "CAPTURED");
    assert_eq!(payment["amount"]["amount"], total, "{payment}");
}

/// One more than there are: nothing is set aside, nothing is paid.
fn not_enough_in_stock(cast: &Cast<'_>, product: &Value) {
    let before = cast.in_stock(product);
    let too_many = u32::try_from(before).unwrap() + 1;
    let id = id_of(&cast.place(&order_of(&[(product, too_many)])));
    let order = cast.order_in(&id, "CANCELLED");
    assert_eq!(order["cancellation"]["reason"], "NO_STOCK", "{order}");
    assert_eq!(
        order["cancellation"]["shortages"][0]["available"], before,
        "{order}"
    );
    cast.payment_in(&id, "CANCELLED");
    cast.mail(&id, "Total: 0.00 EUR");
    cast.stock_is(product, before);
}

fn given_up(cast: &Cast<'_>, product: &Value) {
    let before = cast.in_stock(product);
    let (id, _) = cast.confirmed(product, 1);
    let stranger = Customer::sign_up(cast.shop, "mallory@example.com");
    let path = format!("/api/orders/{id}/cancel");
    problem(stranger.post(&path, &json!({})), 404);
    for _ in 0..2 {
        let order = cast.lena.post(&path, &json!({})).expect(200).json();
        assert_eq!(order["status"], "CANCELLED", "{order}");
        assert_eq!(order["cancellation"]["reason"], "CUSTOMER", "{order}");
    }
    cast.payment_in(&id, "CANCELLED");
    cast.mail(&id, "As you wished");
    cast.stock_is(product, before);
}

/// More pieces want another payment; fewer lower the one that is there.
fn changed_before_packing(cast: &Cast<'_>, product: &Value) {
    let before = cast.in_stock(product);
    let (id, order) = cast.confirmed(product, 2);
    let path = format!("/api/orders/{id}");
    let pieces = |quantity: u32| json!({ "items": [item_of(product, quantity)] });
    let edit = |body: &Value| cast.lena.send(Method::PUT, &path, &[], Some(body));
    let fewer = edit(&pieces(1)).expect(200).json();
    assert!(
        fewer["total"]["amount"].as_u64() < order["total"]["amount"].as_u64(),
        "{fewer}"
    );
    cast.stock_is(product, before - 1);
    eventually("less is held", || {
        let payment = cast.payment_in(&id, "AUTHORISED");
        (payment["amount"] == fewer["total"]).then_some(())
    });
    problem(edit(&pieces(3)), 402);
    let mut paid = pieces(3);
    paid["paymentToken"] = json!(preauthorised(cast.shop, GOOD, 1_000_000));
    let more = edit(&paid).expect(200).json();
    assert_eq!(more["items"][0]["quantity"], 3, "{more}");
    cast.stock_is(product, before - 3);
    cast.lena
        .post(&format!("{path}/cancel"), &json!({}))
        .expect(200);
    cast.stock_is(product, before);
}

fn nothing_could_be_packed(cast: &Cast<'_>, product: &Value) {
    let before = cast.in_stock(product);
    let (id, _) = cast.confirmed(product, 1);
    cast.pack(&id, "start");
    cast.pieces(&id, product, 0);
    cast.pack(&id, "complete");
    cast.order_in(&id, "PACKAGING_FAILED");
    cast.payment_in(&id, "CANCELLED");
    cast.mail(&id, "nothing of it was there");
    cast.stock_is(product, before);
}

fn not_delivered(cast: &Cast<'_>, product: &Value) {
    let before = cast.in_stock(product);
    let (id, _) = cast.confirmed(product, 1);
    cast.pack(&id, "start");
    cast.pack(&id, "complete");
    cast.deliver(&id, "start", &json!({}));
    cast.deliver(&id, "fail", &json!({ "reason": "nobody at home" }));
    cast.order_in(&id, "DELIVERY_FAILED");
    cast.payment_in(&id, "CANCELLED");
    cast.mail(&id, "could not be delivered");
    cast.stock_is(product, before);
}

/// A payment that covers too little, or pays for another order already, buys nothing.
fn not_paid_for(cast: &Cast<'_>, product: &Value) {
    let mut order = order_of(&[(product, 1)]);
    order["paymentToken"] = json!(preauthorised(cast.shop, GOOD, 1));
    problem(cast.lena.order(&order, None), 402);
    order["paymentToken"] = json!(preauthorised(cast.shop, GOOD, 1_000_000));
    let id = id_of(&cast.place(&order));
    problem(cast.lena.order(&order, None), 402);
    cast.order_in(&id, "CONFIRMED");
}

/// Two sizes of a product are two lines, from the request to the package (U056).
fn sizes_are_kept_apart(cast: &Cast<'_>, products: &[Value]) {
    let several = |product: &&Value| product["sizes"].as_array().unwrap().len() > 1;
    let product = products.iter().find(several).unwrap();
    let line = |size: Option<&Value>, quantity: u32| {
        let mut item = json!({ "productId": product["productId"], "quantity": quantity });
        if let Some(size) = size {
            item["size"] = size.clone();
        }
        item
    };
    let [one, two] = [0, 1].map(|number| &product["sizes"][number]);
    let mut order = order_of(&[]);
    order["items"] = json!([line(None, 1), line(Some(&json!("none such")), 1)]);
    let refused = problem(cast.lena.order(&order, None), 422);
    for number in 0..2 {
        let pointer = format!("/items/{number}/size");
        assert_eq!(refused["errors"][number]["pointer"], pointer, "{refused}");
    }
    order["items"] = json!([line(Some(one), 1), line(Some(two), 2)]);
    let id = id_of(&cast.place(&order));
    cast.order_in(&id, "CONFIRMED");
    cast.mail(&id, &format!(", size {}", two.as_str().unwrap()));
    cast.pack(&id, "start");
    cast.pieces_of(&id, &line(Some(two), 0), 1);
    cast.pack(&id, "complete");
    let packed = cast.order_in(&id, "PACKAGED");
    let lines: Vec<_> = packed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["size"], &item["quantity"]))
        .collect();
    let piece = json!(1);
    assert_eq!(lines, [(one, &piece), (two, &piece)], "{packed}");
}
