//! Every consumer of the shop bears what queues may do: each message twice, late, in any order, and
//! one poisoned among ten. All lives that an order can have happen that way; then the whole history
//! is told again, the newest first, and no row of any table is another one.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::Shop;
use crate::books::{Books, doubled_mails, mails, physical, rows_of, scan, the_books_agree};
use crate::customer::Customer;
use crate::orders::{all_products, order_of, problem};
use crate::payment::{FAILS_LATER, GOOD, preauthorised};
use crate::shaker::Shaker;

const CODE: &str = "/api/promotions/SHAKEN";

/// Customers, the people who work for the shop, and what stands between them.
struct Cast<'a> {
    shop: &'a Shop,
    shaker: Shaker<'a>,
    ida: Customer<'a>,
    jon: Customer<'a>,
    packer: Customer<'a>,
    courier: Customer<'a>,
    admin: Customer<'a>,
}

/// Orders, by what becomes of them.
struct Lives {
    delivered: String,
    delivered_and_deleted: String,
    /// Delivered, and paid with another card after that.
    owed: String,
    too_many: String,
    nothing_packed: String,
    given_up: String,
    given_up_and_deleted: String,
    changed: String,
    undelivered: String,
    called_off: String,
    /// Of a customer who leaves: delivered before, and after that.
    left: String,
    left_on_its_way: String,
}

pub(crate) fn every_consumer_bears_everything_twice_and_in_any_order(shop: &Shop) {
    let doubled = doubled_mails(shop);
    let cast = Cast {
        shop,
        ida: Customer::sign_up(shop, "shaken-ida@example.com"),
        jon: Customer::sign_up(shop, "shaken-jon@example.com"),
        packer: Customer::staff(shop, "shaken-packer@example.com", "warehouse"),
        courier: Customer::staff(shop, "shaken-courier@example.com", "delivery"),
        admin: Customer::staff(shop, "shaken-admin@example.com", "admin"),
        shaker: Shaker::between(shop),
    };
    let plenty = all_products(shop)[9].clone();
    let lantern = a_product_is_made_and_renamed(&cast);
    cast.count(&plenty, 40);
    cast.count(&lantern, 3);
    let ten = json!({ "percentage": 10, "limit": 5 });
    let admin = &cast.admin;
    admin.send(Method::PUT, CODE, &[], Some(&ten)).expect(200);

    let lives = orders_are_placed(&cast, &plenty, &lantern);
    orders_are_packed_or_not(&cast, &lives, &plenty, &lantern);
    packages_arrive_or_not(&cast, &lives);
    what_comes_after_the_end(&cast, &lives);
    let path = format!("/api/products/{}", id_of(&lantern));
    let seen = admin.get(&format!("/api/admin/products/{}", id_of(&lantern)));
    let tag = [("if-match", seen.header("etag"))];
    admin.send(Method::DELETE, &path, &tag, None).expect(204);

    everything_is_told(&cast, &lives, &[&plenty, &lantern]);
    customers_are_told(&cast, &lives, &lantern);
    the_books_agree(shop);
    let before = all_rows(shop);
    cast.shaker.again("");
    is_the_same(&before, &all_rows(shop));
    assert_eq!(
        doubled_mails(shop),
        doubled,
        "nobody hears twice of an order"
    );
    cast.shaker.away();
}

impl Cast<'_> {
    /// Sets how many there are, and waits until customers see it.
    fn count(&self, product: &Value, pieces: u32) {
        let path = format!("/api/inventory/{}", id_of(product));
        let read = self.admin.get(&path).expect(200);
        let tag = [("if-match", read.header("etag"))];
        let pieces = json!({ "quantity": pieces });
        let count = self.admin.send(Method::PUT, &path, &tag, Some(&pieces));
        count.expect(200);
        let url = self.shop.api(&format!("/products/{}", id_of(product)));
        self.shaker.until("the count is shown", || {
            let shown = self.shop.http.get(&url).expect(200).json();
            (shown["available"] == pieces["quantity"])
                .then_some(())
                .ok_or(shown)
        });
    }

    fn place(&self, who: &Customer<'_>, product: &Value, pieces: u32) -> String {
        self.placed(who, &order_of(&[(product, pieces)]))
    }

    fn placed(&self, who: &Customer<'_>, order: &Value) -> String {
        let order = who.order(order, None).expect(202).json();
        order["orderId"].as_str().unwrap().to_owned()
    }

    /// Waits until each of these orders has this status.
    #[track_caller]
    fn are(&self, wanted: &[(&str, &[&String])]) {
        self.shaker.until("each order is where it should be", || {
            let rows = scan(self.shop, &physical(self.shop, "orders", "Table"));
            let is = |id: &String, status: &str| {
                let is = |row: &&Value| row["orderId"] == **id && row["status"] == status;
                rows.iter().any(|row| is(&row))
            };
            let all = wanted
                .iter()
                .flat_map(|(status, ids)| ids.iter().map(move |id| (*status, *id)));
            let left: Vec<_> = all.filter(|(status, id)| !is(id, status)).collect();
            if left.is_empty() {
                Ok(())
            } else {
                Err(format!("{left:?} of {rows:#?}"))
            }
        });
    }

    fn pack(&self, id: &str, step: &str) {
        let path = format!("/api/packaging-requests/{id}/{step}");
        self.packer.post(&path, &json!({})).expect(200);
    }

    /// Packs fewer pieces than ordered.
    fn pack_fewer(&self, id: &str, product: &Value, pieces: u32) {
        self.pack(id, "start");
        let path = format!("/api/packaging-requests/{id}/items/{}", id_of(product));
        let pieces = json!({ "quantity": pieces });
        let packed = self.packer.send(Method::PUT, &path, &[], Some(&pieces));
        packed.expect(200);
        self.pack(id, "complete");
    }

    fn deliver(&self, id: &str, step: &str) {
        let path = format!("/api/deliveries/{id}/{step}");
        let body = match step {
            "fail" => json!({ "reason": "nobody at home" }),
            _ => json!({}),
        };
        self.shaker.until("the courier has the package", || {
            let answer = self.courier.post(&path, &body);
            if answer.status == 200 {
                Ok(())
            } else {
                Err(answer)
            }
        });
    }

    fn delete_order(&self, id: &str) {
        let path = format!("/api/admin/orders/{id}");
        self.admin
            .send(Method::DELETE, &path, &[], None)
            .expect(204);
        self.shaker.again(id);
        problem(self.admin.get(&path), 404);
    }
}

fn id_of(product: &Value) -> &str {
    product["productId"].as_str().unwrap()
}

fn a_product_is_made_and_renamed(cast: &Cast<'_>) -> Value {
    let new = json!({
        "name": "Dim lantern", "description": "For dark evenings.", "category": "Camp",
        "price": {"amount": 1900, "currency": "EUR"}, "tags": [], "sizes": [],
        "pictures": [{"url": "/images/products/noon-wall-clock.svg", "alt": "A lantern"}],
        "package": {"width": 90, "length": 120, "height": 60, "weight": 480},
    });
    let made = cast.admin.post("/api/products", &new).expect(201).json();
    let id = id_of(&made);
    let path = format!("/api/products/{id}");
    let name = json!({ "name": "Bright lantern" });
    let tag = [("if-match", "\"1\"")];
    let renamed = cast.admin.send(Method::PATCH, &path, &tag, Some(&name));
    let renamed = renamed.expect(200).json();
    cast.shaker.until("the warehouse knows its name", || {
        let stock = cast.admin.get(&format!("/api/inventory/{id}"));
        let known = stock.status == 200 && stock.json()["name"] == name["name"];
        if known { Ok(()) } else { Err(stock) }
    });
    renamed
}

fn orders_are_placed(cast: &Cast<'_>, plenty: &Value, lantern: &Value) -> Lives {
    let ida = |pieces: u32| cast.place(&cast.ida, plenty, pieces);
    let with = |name: &str, value: Value| {
        let mut order = order_of(&[(plenty, 1)]);
        order[name] = value;
        cast.placed(&cast.ida, &order)
    };
    let card = preauthorised(cast.shop, FAILS_LATER, 1_000_000);
    let lives = Lives {
        delivered: ida(3),
        delivered_and_deleted: ida(1),
        owed: with("paymentToken", json!(card)),
        too_many: cast.place(&cast.ida, lantern, 4),
        nothing_packed: cast.place(&cast.ida, lantern, 1),
        given_up: with("promotionCode", json!("SHAKEN")),
        given_up_and_deleted: ida(1),
        changed: ida(2),
        undelivered: ida(1),
        called_off: ida(1),
        left: cast.place(&cast.jon, plenty, 1),
        left_on_its_way: cast.place(&cast.jon, plenty, 1),
    };
    let confirmed = [
        &lives.delivered,
        &lives.delivered_and_deleted,
        &lives.owed,
        &lives.nothing_packed,
        &lives.given_up,
        &lives.given_up_and_deleted,
        &lives.changed,
        &lives.undelivered,
        &lives.called_off,
        &lives.left,
        &lives.left_on_its_way,
    ];
    cast.are(&[("CONFIRMED", &confirmed), ("CANCELLED", &[&lives.too_many])]);
    lives
}

fn orders_are_packed_or_not(cast: &Cast<'_>, lives: &Lives, plenty: &Value, lantern: &Value) {
    for id in [&lives.given_up, &lives.given_up_and_deleted] {
        let path = format!("/api/orders/{id}/cancel");
        cast.ida.post(&path, &json!({})).expect(200);
    }
    // What the warehouse says about it is still on the way.
    cast.delete_order(&lives.given_up_and_deleted);
    let fewer = json!({ "items": [{ "productId": id_of(plenty), "quantity": 1 }] });
    let path = format!("/api/orders/{}", lives.changed);
    let changed = cast.ida.send(Method::PUT, &path, &[], Some(&fewer));
    changed.expect(200);

    cast.pack_fewer(&lives.delivered, plenty, 2);
    cast.pack_fewer(&lives.nothing_packed, lantern, 0);
    let whole = [
        &lives.delivered_and_deleted,
        &lives.owed,
        &lives.undelivered,
        &lives.called_off,
        &lives.left,
        &lives.left_on_its_way,
    ];
    for id in whole {
        cast.pack(id, "start");
        cast.pack(id, "complete");
    }
    cast.are(&[
        ("PACKAGED", &whole),
        ("PACKAGED", &[&lives.delivered]),
        ("PACKAGING_FAILED", &[&lives.nothing_packed]),
        ("CANCELLED", &[&lives.given_up]),
    ]);
}

fn packages_arrive_or_not(cast: &Cast<'_>, lives: &Lives) {
    let path = format!("/api/deliveries/{}", lives.called_off);
    cast.shaker.until("the package waits for a courier", || {
        let answer = cast.admin.get(&path);
        if answer.status == 200 {
            Ok(())
        } else {
            Err(answer)
        }
    });
    cast.admin
        .send(Method::DELETE, &path, &[], None)
        .expect(200);
    cast.shaker.again(&lives.called_off);
    problem(cast.admin.get(&path), 404);

    let arriving = [
        &lives.delivered,
        &lives.delivered_and_deleted,
        &lives.owed,
        &lives.left,
    ];
    for id in arriving {
        cast.deliver(id, "start");
        cast.deliver(id, "complete");
    }
    cast.deliver(&lives.undelivered, "start");
    cast.deliver(&lives.undelivered, "fail");
    cast.are(&[
        ("FULFILLED", &arriving),
        ("DELIVERY_FAILED", &[&lives.undelivered, &lives.called_off]),
    ]);
}

fn what_comes_after_the_end(cast: &Cast<'_>, lives: &Lives) {
    let path = format!("/api/orders/{}/payment", lives.owed);
    let owed = cast.shaker.until("the card has refused", || {
        let payment = cast.ida.get(&path).expect(200).json();
        match payment["owed"]["amount"].as_u64() {
            Some(owed) => Ok(owed),
            None => Err(payment),
        }
    });
    let card = json!({ "paymentToken": preauthorised(cast.shop, GOOD, owed) });
    let paid = cast.ida.post(&path, &card).expect(200).json();
    assert_eq!(paid["status"], "CAPTURED", "{paid}");

    let gone = cast.jon.send(Method::DELETE, "/api/users/me", &[], None);
    gone.expect(204);
    cast.deliver(&lives.left_on_its_way, "start");
    cast.deliver(&lives.left_on_its_way, "complete");
    cast.shaker.until("the customer who left is forgotten", || {
        let books = Books::read(cast.shop);
        let said: Vec<_> = [&lives.left, &lives.left_on_its_way]
            .iter()
            .flat_map(|id| [&books.orders[*id], &books.shipments[*id]])
            .filter(|row| row.to_string().contains("Anna Berg"))
            .collect();
        if said.is_empty() {
            Ok(())
        } else {
            Err(format!("{said:#?}"))
        }
    });
    cast.delete_order(&lives.delivered_and_deleted);
}

/// Waits until what the tables say was told to those who listen, and handled by them.
fn everything_is_told(cast: &Cast<'_>, lives: &Lives, products: &[&Value]) {
    let counted = |id: &str, version: &Value| {
        cast.shaker.has_heard(|message| {
            let detail = &message["detail"];
            message["detail-type"] == "StockChanged"
                && detail["productId"] == id
                && detail["version"] == *version
        })
    };
    let told = |kind: &str, row: &Value| {
        cast.shaker.has_heard(|message| {
            let new = &message["detail"]["new"];
            message["detail-type"] == kind
                && new["orderId"] == row["orderId"]
                && new["modifiedDate"] == row["modifiedDate"]
        })
    };
    let deleted = [&lives.given_up_and_deleted, &lives.delivered_and_deleted];
    cast.shaker.until("everything is told and handled", || {
        let mut left = cast.shaker.unhandled();
        let books = Books::read(cast.shop);
        for id in lives.all() {
            let order = books.orders.get(id);
            if order.is_some_and(|order| !told("OrderModified", order)) {
                left.push(format!("{order:?}"));
            }
            let payment = &books.payments[id];
            let has_moved = payment["history"].as_array().unwrap().len() > 1;
            if has_moved && !told("PaymentModified", payment) {
                left.push(format!("{payment}"));
            }
        }
        for product in products.iter().map(|product| id_of(product)) {
            let sql = format!("SELECT version FROM product WHERE product_id = '{product}'");
            let version = rows_of(cast.shop, "inventory", &sql)[0][0].clone();
            if !counted(product, &version) {
                left.push(format!("version {version} of {product}"));
            }
        }
        let is_deleted = |id: &&&String| {
            cast.shaker.has_heard(|message| {
                message["detail-type"] == "OrderDeleted" && message["detail"]["orderId"] == ***id
            })
        };
        if deleted.iter().filter(is_deleted).count() < deleted.len() {
            left.push(format!("one of {deleted:?}"));
        }
        if left.is_empty() { Ok(()) } else { Err(left) }
    });
    let code = cast.admin.get(CODE).expect(200).json();
    assert_eq!(code["redeemed"], 0, "given back with its order: {code}");
}

impl Lives {
    fn all(&self) -> [&String; 12] {
        [
            &self.delivered,
            &self.delivered_and_deleted,
            &self.owed,
            &self.too_many,
            &self.nothing_packed,
            &self.given_up,
            &self.given_up_and_deleted,
            &self.changed,
            &self.undelivered,
            &self.called_off,
            &self.left,
            &self.left_on_its_way,
        ]
    }
}

/// Each of these has one mail that says so, and the owner one that says what is scarce.
fn customers_are_told(cast: &Cast<'_>, lives: &Lives, lantern: &Value) {
    let sent = mails(cast.shop);
    for (id, text) in [
        (&lives.delivered, "you pay for no more than this"),
        (&lives.delivered, "tracking number"),
        (&lives.delivered, "is charged"),
        (&lives.owed, "pay for it with another card"),
        (&lives.too_many, "Total: 0.00 EUR"),
        (&lives.nothing_packed, "nothing of it was there"),
        (&lives.given_up, "As you wished"),
        (&lives.undelivered, "could not be delivered"),
        (&lives.called_off, "could not be delivered"),
    ] {
        let about = |mail: &&Value| {
            let body = mail["BodyText"].as_str().unwrap_or_default();
            mail["To"] == json!([cast.ida.email]) && body.contains(id) && body.contains(text)
        };
        let count = sent.iter().filter(about).count();
        assert_eq!(count, 1, "mails about {id} with \u{201c}{text}\u{201d}");
    }
    let scarce = format!("2 left: Bright lantern ({})", id_of(lantern));
    let says = |mail: &&Value| mail["BodyText"].to_string().contains(&scarce);
    let scarce = sent.iter().filter(says).count();
    assert_eq!(scarce, 1, "mails about lanterns");
}

/// Every row of every table of the shop, and the mails, by where it is.
fn all_rows(shop: &Shop) -> BTreeMap<String, BTreeSet<String>> {
    let cloud = &shop.emulator;
    let text = |rows: &[Value]| rows.iter().map(Value::to_string).collect();
    let tables = cloud.call("dynamodb", "list_tables", &json!({}));
    let tables = tables["TableNames"].as_array().unwrap().iter();
    let mut rows: BTreeMap<_, _> = tables
        .map(|name| name.as_str().unwrap().to_owned())
        .map(|name| (name.clone(), text(&scan(shop, &name))))
        .collect();
    for schema in ["inventory", "sales_report"] {
        let sql = format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}'"
        );
        for table in rows_of(shop, schema, &sql).as_array().unwrap() {
            let table = table[0].as_str().unwrap();
            let found = rows_of(shop, schema, &format!("SELECT * FROM {table}"));
            let name = format!("{schema}.{table}");
            rows.insert(name, text(found.as_array().unwrap()));
        }
    }
    rows.insert("mails".to_owned(), text(&mails(shop)));
    rows
}

#[track_caller]
fn is_the_same(
    before: &BTreeMap<String, BTreeSet<String>>,
    now: &BTreeMap<String, BTreeSet<String>>,
) {
    assert!(before.values().map(BTreeSet::len).sum::<usize>() > 100);
    for (table, before) in before {
        let now = &now[table];
        let gone: Vec<_> = before.difference(now).collect();
        let new: Vec<_> = now.difference(before).collect();
        assert!(
            gone.is_empty() && new.is_empty(),
            "{table} after everything came once more\nbefore: {gone:#?}\nnow: {new:#?}"
        );
    }
    assert_eq!(before.len(), now.len(), "tables");
}
