//! The bus as seen from outside: events put on it, and heard from it.

use serde_json::{Value, json};
use shopctl_tests::eventually;

use crate::Shop;

/// Puts an event on the bus, as the service `source` does.
pub(crate) fn publish(shop: &Shop, source: &str, detail_type: &str, detail: &Value) {
    let entry = json!({
        "EventBusName": shop.output("platform", "BusName"), "Source": source,
        "DetailType": detail_type, "Detail": detail.to_string(),
    });
    let answer = shop
        .emulator
        .call("events", "put_events", &json!({"Entries": [entry]}));
    assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
}

/// Hears the events of one service, in a queue of its own. Dropping it leaves no trace.
pub(crate) struct Listener<'a> {
    shop: &'a Shop,
    name: &'static str,
    queue: String,
    heard: std::cell::RefCell<Vec<Value>>,
}

impl<'a> Listener<'a> {
    /// Hears what `source` publishes from now on; `name` is for what it needs in the cloud.
    pub(crate) fn new(shop: &'a Shop, name: &'static str, source: &str) -> Self {
        let cloud = &shop.emulator;
        let queue = cloud.call("sqs", "create_queue", &json!({"QueueName": name}));
        let queue = queue["QueueUrl"].as_str().unwrap().to_owned();
        let asked = json!({"QueueUrl": queue, "AttributeNames": ["QueueArn"]});
        let arn = &cloud.call("sqs", "get_queue_attributes", &asked)["Attributes"]["QueueArn"];
        let bus = shop.output("platform", "BusName");
        let pattern = json!({"source": [source]}).to_string();
        let rule = json!({"Name": name, "EventBusName": bus, "EventPattern": pattern});
        cloud.call("events", "put_rule", &rule);
        let targets = json!([{"Id": "queue", "Arn": arn}]);
        let target = json!({"Rule": name, "EventBusName": bus, "Targets": targets});
        cloud.call("events", "put_targets", &target);
        Self {
            shop,
            name,
            queue,
            heard: std::cell::RefCell::default(),
        }
    }

    /// The detail of the event of this type about this order, once it is there.
    #[track_caller]
    pub(crate) fn hear(&self, detail_type: &str, about: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("{detail_type} is on the bus"), || {
            self.receive();
            let heard = self.heard.borrow();
            let found = heard
                .iter()
                .find(|event| event["detail-type"] == detail_type && about(&event["detail"]));
            found.map(|event| event["detail"].clone())
        })
    }

    fn receive(&self) {
        let asked = json!({"QueueUrl": self.queue, "MaxNumberOfMessages": 10});
        let answer = self.shop.emulator.call("sqs", "receive_message", &asked);
        for message in answer["Messages"].as_array().into_iter().flatten() {
            let event = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
            self.heard.borrow_mut().push(event);
            let receipt = &message["ReceiptHandle"];
            let read = json!({"QueueUrl": self.queue, "ReceiptHandle": receipt});
            self.shop.emulator.call("sqs", "delete_message", &read);
        }
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let (cloud, name) = (&self.shop.emulator, self.name);
        let bus = self.shop.output("platform", "BusName");
        let target = json!({"Rule": name, "EventBusName": bus, "Ids": ["queue"]});
        cloud.call("events", "remove_targets", &target);
        let rule = json!({"Name": name, "EventBusName": bus});
        cloud.call("events", "delete_rule", &rule);
        cloud.call("sqs", "delete_queue", &json!({"QueueUrl": self.queue}));
    }
}
