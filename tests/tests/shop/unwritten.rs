//! Orders that the table did not take when they were accepted: the queue has them, twice and with
//! poison among them, and in the end the table has each of them once.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shopctl_tests::eventually;

use crate::Shop;
use crate::books::{physical, the_books_agree};
use crate::consumers::{consumer_of, everything_is_handled, is_dead, poisoned};
use crate::customer::Customer;
use crate::orders::{all_products, order_of, problem};
use crate::roles::{role_of, roles, without};

/// Answers which of the function's calls were refused.
pub(crate) fn orders_come_from_the_queue_when_the_table_is_down(shop: &Shop) -> Vec<String> {
    let cloud = &shop.emulator;
    let queue = shop.output("orders", "QueueUrl");
    let consumer = consumer_of(cloud, queue);
    consumer.reads(cloud, false);
    // One message at a time is in hand, so that a second is enough.
    consumer.queue.is_invisible_for(cloud, "1");

    let product = &all_products(shop)[7];
    let customers = ["ada", "bea", "coe"]
        .map(|name| Customer::sign_up(shop, &format!("unwritten-{name}@example.com")));
    let role = role_of(shop, &physical(shop, "orders", "ApiFunction"));
    let table = cloud.call(
        "dynamodb",
        "describe_table",
        &json!({ "TableName": shop.output("orders", "TableName") }),
    );
    let table = table["Table"]["TableArn"].as_str().unwrap();
    let mut placed = Vec::new();
    without(shop, &role, "dynamodb:PutItem", table, || {
        for _ in 0..3 {
            for customer in &customers {
                let order = customer.order(&order_of(&[(product, 1)]), None);
                let id = order.expect(202).json()["orderId"]
                    .as_str()
                    .unwrap()
                    .to_owned();
                problem(customer.get(&format!("/api/orders/{id}")), 404);
                placed.push((customer, id));
            }
        }
    });

    let messages = consumer.queue.empty(cloud);
    assert_eq!(messages.len(), placed.len(), "accepted, and not shown yet");
    let group = |message: &Value| {
        message["Attributes"]["MessageGroupId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let body = |message: &Value| message["Body"].as_str().unwrap().to_owned();
    // The newest first, everything twice; one poisoned message holds up its customer's group,
    // another one nobody.
    let mut entries: Vec<_> = messages
        .iter()
        .rev()
        .map(|it| (group(it), body(it)))
        .collect();
    entries.extend(entries.clone());
    let mut poison = BTreeSet::new();
    for (at, group) in [(1, group(&messages[0])), (10, "nobody".to_owned())] {
        let poisoned = poisoned(&body(&messages[0]), poison.len());
        poison.insert(poisoned.clone());
        entries.insert(at, (group, poisoned));
    }
    for (number, (group, body)) in entries.iter().enumerate() {
        let message = json!({
            "QueueUrl": queue, "MessageBody": body, "MessageGroupId": group,
            "MessageDeduplicationId": format!("again-{number}"),
        });
        cloud.call("sqs", "send_message", &message);
    }
    consumer.reads(cloud, true);
    for (customer, id) in &placed {
        eventually("the order is there after all", || {
            let answer = customer.get(&format!("/api/orders/{id}"));
            (answer.status == 200 && answer.json()["status"] == "CONFIRMED").then_some(())
        });
    }
    everything_is_handled(cloud, std::iter::once(&consumer.queue));
    the_books_agree(shop);
    for customer in &customers {
        let listed = customer.get("/api/orders").expect(200).json();
        assert_eq!(listed["orders"].as_array().unwrap().len(), 3, "{listed}");
    }
    is_dead(cloud, &consumer, &poison);
    consumer.queue.is_invisible_as_before(cloud);
    vec![format!("{} dynamodb:PutItem", roles(shop)[&role])]
}
