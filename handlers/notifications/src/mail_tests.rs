#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use serde_json::json;
use shop_core::id::Id;

use super::*;
use crate::notice::Channel;

fn shop() -> Shop {
    Shop {
        name: "Tarnside".to_owned(),
        site_url: "https://shop.example/".to_owned(),
        owner: "owner@shop.example".to_owned(),
    }
}

fn order(name: &str, product: &str) -> CustomerOrder {
    serde_json::from_value(json!({
        "userId": "eve", "email": "eve@example.com",
        "orderId": Id::fixed(1_767_225_600, "order"), "status": "NEW",
        "createdDate": "2026-03-04T23:04:05.678Z", "modifiedDate": "2026-03-04T23:04:06Z",
        "items": [
            {"productId": Id::fixed(1, "boot"), "name": product, "quantity": 2,
             "unitPrice": {"amount": 21900, "currency": "EUR"}},
            {"productId": Id::fixed(1, "cup"), "name": "Enamel cup", "quantity": 1,
             "unitPrice": {"amount": 1450, "currency": "EUR"}},
        ],
        "address": {"name": name, "street": "1 Main Street", "city": "Springfield",
                    "postalCode": "12345", "country": "DE"},
        "deliveryPrice": {"amount": 0, "currency": "EUR"},
        "total": {"amount": 45250, "currency": "EUR"},
        "history": [],
    }))
    .unwrap()
}

fn html(notice: &Notice) -> &str {
    match &notice.channel {
        Channel::Mail { html, .. } => html,
        Channel::Topic => panic!("not a mail"),
    }
}

fn in_status(status: &str, more: serde_json::Value) -> CustomerOrder {
    let mut row = serde_json::to_value(order("Eve Example", "Boot")).unwrap();
    row["status"] = status.into();
    for (name, value) in more.as_object().unwrap() {
        row[name] = value.clone();
    }
    serde_json::from_value(row).unwrap()
}

/// The one mail that the customer gets.
fn moved(order: &CustomerOrder) -> Notice {
    let mut notices = order_moved(&shop(), order, false).unwrap();
    assert_eq!(notices.len(), 1);
    notices.remove(0)
}

#[test]
fn owner_and_subscribers_are_told_of_a_new_order() {
    let notices = order_created(&shop(), &order("Eve Example", "Boot")).unwrap();
    let told: Vec<_> = notices
        .iter()
        .map(|notice| match &notice.channel {
            Channel::Mail { to, .. } => (to.as_str(), notice.subject.as_str()),
            Channel::Topic => ("topic", notice.subject.as_str()),
        })
        .collect();
    assert_eq!(
        told,
        [
            ("owner@shop.example", "New order: 452.50 EUR"),
            ("topic", "New order: 452.50 EUR"),
        ]
    );
}

#[test]
fn a_customer_without_an_address_is_told_nothing() {
    let order = in_status("CONFIRMED", json!({ "email": null }));
    assert_eq!(order_moved(&shop(), &order, false).unwrap(), []);
    assert_eq!(order_shipped(&shop(), &order, "t-1").unwrap(), []);
    let notices = order_created(&shop(), &order).unwrap();
    assert!(!notices[0].text.contains('('), "{}", notices[0].text);
}

#[test]
fn u140_a_confirmed_order_shows_what_it_costs_and_why() {
    let order = in_status(
        "CONFIRMED",
        json!({
            "promotion": {"code": "TEN", "percentage": 10},
            "discount": {"amount": 4525, "currency": "EUR"},
            "deliveryPrice": {"amount": 1000, "currency": "EUR"},
            "total": {"amount": 41725, "currency": "EUR"},
        }),
    );
    insta::assert_snapshot!(moved(&order).text);
    let mut sized = order;
    sized.order.items[0].article.size = Some("42".to_owned());
    let notice = moved(&sized);
    let line = "2 x Boot, size 42, 219.00 EUR each: 438.00 EUR";
    assert!(notice.text.contains(line), "{}", notice.text);
    assert!(html(&notice).contains(">Boot, size 42<"));
}

#[test]
fn u141_a_cancelled_order_costs_nothing_and_says_why() {
    let boot = Id::fixed(1, "boot");
    let cancellation = json!({
        "reason": "NO_STOCK",
        "shortages": [{"productId": boot, "available": 1, "needed": 2}],
    });
    let mail = moved(&in_status(
        "CANCELLED",
        json!({ "cancellation": cancellation }),
    ));
    assert!(mail.text.contains("Total: 0.00 EUR"), "{}", mail.text);
    assert!(mail.text.contains("(Boot: 1 of 2)"), "{}", mail.text);
    insta::assert_snapshot!(mail.text);
    let wanted = json!({ "cancellation": { "reason": "CUSTOMER" } });
    let mail = moved(&in_status("CANCELLED", wanted));
    assert!(mail.text.contains("As you wished"), "{}", mail.text);
}

#[test]
fn u142_the_owner_hears_what_runs_out() {
    let product = |name: &str, quantity| LowProduct {
        product_id: Id::fixed(1, name),
        name: name.to_owned(),
        quantity,
    };
    let products = [product("Boot", 2), product("Cup <small>", 0)];
    let notices = low_stock(&shop(), "e-1", &products).unwrap();
    insta::assert_snapshot!(notices[0].text);
    assert_eq!(notices[0].subject, "Running out: 2 products");
    assert!(html(&notices[0]).contains("Cup &#60;small&#62;"));
    let one = low_stock(&shop(), "e-2", &products[..1]).unwrap();
    assert_eq!(one[0].subject, "Running out: Boot");
    assert_eq!(low_stock(&shop(), "e-3", &[]).unwrap(), []);
}

#[test]
fn u144_the_customer_hears_when_it_leaves_and_arrives() {
    let shipped = order_shipped(&shop(), &order("Eve Example", "Boot"), "t-1").unwrap();
    assert!(shipped[0].text.contains("tracking number is t-1"));
    let subjects: Vec<_> = ["FULFILLED", "DELIVERY_FAILED", "PACKAGING_FAILED"]
        .map(|status| moved(&in_status(status, json!({}))).subject)
        .into();
    assert_eq!(
        subjects,
        [
            "Your order at Tarnside was delivered",
            "Your order at Tarnside could not be delivered",
            "Your order at Tarnside is cancelled",
        ]
    );
}

#[test]
fn a_package_is_told_of_only_when_something_is_missing() {
    let order = in_status("PACKAGED", json!({}));
    assert_eq!(order_moved(&shop(), &order, false).unwrap(), []);
    let reduced = order_moved(&shop(), &order, true).unwrap();
    assert_eq!(
        reduced[0].subject,
        "Your order at Tarnside: not everything is there"
    );
}

#[test]
fn the_owners_text() {
    let notices = order_created(&shop(), &order("Eve Example", "Boot")).unwrap();
    insta::assert_snapshot!(notices[0].text);
}

#[test]
fn the_customers_html() {
    insta::assert_snapshot!(html(&moved(&in_status("CONFIRMED", json!({})))));
}

#[test]
fn the_owners_html() {
    let notices = order_created(&shop(), &order("Eve Example", "Boot")).unwrap();
    insta::assert_snapshot!(html(&notices[0]));
}

#[test]
fn nobody_writes_html_into_a_mail() {
    let order = order("<script>alert(1)</script>", "Boots & \"more\"");
    let mut notices = order_created(&shop(), &order).unwrap();
    notices.extend(order_shipped(&shop(), &order, "<b>").unwrap());
    for notice in notices {
        // A plain text shows what was typed.
        assert!(notice.text.contains("Boots & \"more\""), "{}", notice.text);
        if let Channel::Mail { html, .. } = &notice.channel {
            assert!(!html.contains("<script"), "{html}");
            assert!(!html.contains("<b>"), "{html}");
            assert!(!html.contains("& \"more"), "{html}");
        }
    }
}

#[test]
fn no_two_notices_share_an_identifier() {
    let eve = order("Eve Example", "Boot");
    let mut notices = order_created(&shop(), &eve).unwrap();
    notices.extend(order_shipped(&shop(), &eve, "t-1").unwrap());
    for status in ["CONFIRMED", "CANCELLED", "FULFILLED", "DELIVERY_FAILED"] {
        notices.push(moved(&in_status(status, json!({}))));
    }
    let ids: std::collections::BTreeSet<_> = notices.iter().map(|notice| &notice.id).collect();
    assert_eq!(ids.len(), notices.len());
}

#[test]
fn a_refused_payment_is_told_to_both_who_can_do_something() {
    let order = in_status("FULFILLED", json!({}));
    let owed = Money::new(45250, order.order.total.currency);
    let notices = payment_refused(&shop(), &order, owed, "1").unwrap();
    let told: Vec<_> = notices
        .iter()
        .map(|notice| (&*notice.id, &*notice.subject))
        .collect();
    let id = |whom: &str| format!("payment_refused-1/{}/{whom}", order.order.order_id);
    assert_eq!(
        told,
        [
            (&*id("customer"), "Your order at Tarnside is not paid yet"),
            (&*id("owner"), "Payment refused: 452.50 EUR"),
        ]
    );
    assert!(
        notices[0].text.contains("refused to pay 452.50 EUR"),
        "{}",
        notices[0].text
    );
    assert!(
        notices[0].text.contains("https://shop.example/orders/"),
        "{}",
        notices[0].text
    );
    assert!(
        notices[1].text.starts_with("Payment refused: 452.50 EUR\n"),
        "{}",
        notices[1].text
    );
    assert!(html(&notices[1]).contains("Payment refused: 452.50 EUR</h1>"));
}
