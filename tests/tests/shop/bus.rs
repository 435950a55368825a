//! A tap on the shop's bus: what the services tell each other.

use std::cell::RefCell;

use serde_json::{Value, json};
use shopctl_tests::eventually;

use crate::Shop;

/// Puts an event on the bus, as the service `source` does.
pub(crate) fn publish(shop: &Shop, source: &str, detail_type: &str, detail: &Value) {
    let entry = json!({
        "EventBusName": shop.output("platform", "BusName"), "Source": source,
        "DetailType": detail_type, "Detail": detail.to_string(),
    });
    let entries = json!({ "Entries": [entry] });
    let answer = shop.emulator.call("events", "put_events", &entries);
    assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
}

const RULE: &str = "tap-of-the-test";

/// Everything that the bus was told since the tap was opened. Dropping it leaves nothing behind.
pub(crate) struct Tap<'a> {
    shop: &'a Shop,
    queue: String,
    heard: RefCell<Vec<Value>>,
}

impl<'a> Tap<'a> {
    /// Opens it.
    pub(crate) fn open(shop: &'a Shop) -> Self {
        let call = |service: &str, operation: &str, parameters: Value| {
            shop.emulator.call(service, operation, &parameters)
        };
        let queue = call("sqs", "create_queue", json!({"QueueName": RULE}));
        let queue = queue["QueueUrl"].as_str().unwrap().to_owned();
        let arn = json!({"QueueUrl": queue, "AttributeNames": ["QueueArn"]});
        let arn = call("sqs", "get_queue_attributes", arn)["Attributes"]["QueueArn"].clone();
        let bus = shop.output("platform", "BusName");
        // Prefix of every source of the shop.
        let pattern = json!({"source": [{"prefix": "shop."}]}).to_string();
        let rule = json!({"Name": RULE, "EventBusName": bus, "EventPattern": pattern});
        call("events", "put_rule", rule);
        let targets = json!({
            "Rule": RULE, "EventBusName": bus, "Targets": [{"Id": "queue", "Arn": arn}],
        });
        call("events", "put_targets", targets);
        Self {
            shop,
            queue,
            heard: RefCell::default(),
        }
    }

    /// The event of this kind about this resource; waits for it.
    #[track_caller]
    pub(crate) fn event(&self, detail_type: &str, resource: &str) -> Value {
        eventually(&format!("{detail_type} of {resource}"), || {
            self.listen();
            let heard = self.heard.borrow();
            let found = heard.iter().find(|event| {
                event["detail-type"] == detail_type && event["resources"] == json!([resource])
            });
            found.cloned()
        })
    }

    /// The detail of the event of this kind that is about this; waits for it.
    #[track_caller]
    pub(crate) fn hear(&self, detail_type: &str, about: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("{detail_type} is on the bus"), || {
            self.listen();
            let heard = self.heard.borrow();
            let found = heard
                .iter()
                .find(|event| event["detail-type"] == detail_type && about(&event["detail"]));
            found.map(|event| event["detail"].clone())
        })
    }

    /// Holds everything that was said against the documents of `stacks/platform/schemas`.
    #[track_caller]
    pub(crate) fn is_as_documented(&self) {
        self.listen();
        for event in self.heard.borrow().iter() {
            let text = |name: &str| event[name].as_str().unwrap();
            let (source, detail_type) = (text("source"), text("detail-type"));
            let file = format!("stacks/platform/schemas/{source}/{detail_type}.json");
            let schema = serde_json::from_str(&self.shop.project.read(&file)).unwrap();
            let judge = jsonschema::draft202012::new(&schema).unwrap();
            let wrong: Vec<String> = judge
                .iter_errors(&event["detail"])
                .map(|error| error.to_string())
                .collect();
            assert!(wrong.is_empty(), "{file}: {wrong:#?}\n{event:#}");
        }
    }

    fn listen(&self) {
        loop {
            let asked = json!({"QueueUrl": self.queue, "MaxNumberOfMessages": 10});
            let answer = self.shop.emulator.call("sqs", "receive_message", &asked);
            let Some(messages) = answer["Messages"]
                .as_array()
                .filter(|found| !found.is_empty())
            else {
                return;
            };
            for message in messages {
                let event = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
                self.heard.borrow_mut().push(event);
                let done = json!({
                    "QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"],
                });
                self.shop.emulator.call("sqs", "delete_message", &done);
            }
        }
    }
}

impl Drop for Tap<'_> {
    fn drop(&mut self) {
        let bus = self.shop.output("platform", "BusName");
        let cloud = &self.shop.emulator;
        // After a failure the cloud may be gone, too.
        for (service, operation, parameters) in [
            (
                "events",
                "remove_targets",
                json!({"Rule": RULE, "EventBusName": bus, "Ids": ["queue"]}),
            ),
            (
                "events",
                "delete_rule",
                json!({"Name": RULE, "EventBusName": bus}),
            ),
            ("sqs", "delete_queue", json!({"QueueUrl": self.queue})),
        ] {
            let _ = cloud.try_call(service, operation, &parameters);
        }
    }
}
