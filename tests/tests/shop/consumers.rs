//! The functions that queues feed: their queues and dead letters.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shopctl_tests::{Emulator, eventually_right};

/// As many as one call takes.
pub(crate) const BATCH: usize = 10;

/// A function that a queue feeds.
pub(crate) struct Consumer {
    pub(crate) function: String,
    /// The event source mapping.
    pub(crate) mapping: Value,
    pub(crate) queue: Queue,
    pub(crate) dead: Queue,
}

impl Consumer {
    /// Whether the queue feeds the function from now on.
    pub(crate) fn reads(&self, cloud: &Emulator, enabled: bool) {
        let change = json!({ "UUID": self.mapping["UUID"], "Enabled": enabled });
        cloud.call("lambda", "update_event_source_mapping", &change);
    }
}

/// A queue as it is found.
pub(crate) struct Queue {
    pub(crate) url: String,
    invisible: String,
}

impl Queue {
    fn of(cloud: &Emulator, url: &str) -> Self {
        let attributes = attributes(cloud, url);
        let text = |name: &str| attributes[name].as_str().unwrap().to_owned();
        Self {
            url: url.to_owned(),
            invisible: text("VisibilityTimeout"),
        }
    }

    fn by_arn(cloud: &Emulator, arn: &str) -> Self {
        let name = arn.rsplit(':').next().unwrap();
        let found = cloud.call("sqs", "get_queue_url", &json!({ "QueueName": name }));
        Self::of(cloud, found["QueueUrl"].as_str().unwrap())
    }

    /// Messages in it, whether somebody has them in hand or not.
    pub(crate) fn messages(&self, cloud: &Emulator) -> u64 {
        let attributes = attributes(cloud, &self.url);
        ["", "NotVisible"]
            .map(|which| &attributes[format!("ApproximateNumberOfMessages{which}")])
            .iter()
            .map(|count| count.as_str().unwrap().parse::<u64>().unwrap())
            .sum()
    }

    /// Takes all messages out of it.
    pub(crate) fn empty(&self, cloud: &Emulator) -> Vec<Value> {
        let mut taken = Vec::new();
        loop {
            let asked = json!({
                "QueueUrl": self.url, "MaxNumberOfMessages": BATCH,
                "AttributeNames": ["MessageGroupId"],
            });
            let answer = cloud.call("sqs", "receive_message", &asked);
            let Some(messages) = answer["Messages"].as_array().filter(|all| !all.is_empty()) else {
                return taken;
            };
            let handle = |(id, message): (usize, &Value)| json!({ "Id": id.to_string(), "ReceiptHandle": message["ReceiptHandle"] });
            let handles: Vec<_> = messages.iter().enumerate().map(handle).collect();
            let done = json!({ "QueueUrl": self.url, "Entries": handles });
            cloud.call("sqs", "delete_message_batch", &done);
            taken.extend(messages.iter().cloned());
        }
    }

    pub(crate) fn is_invisible_for(&self, cloud: &Emulator, seconds: &str) {
        let change = json!({
            "QueueUrl": self.url, "Attributes": { "VisibilityTimeout": seconds },
        });
        cloud.call("sqs", "set_queue_attributes", &change);
    }

    /// As long as when it was found.
    pub(crate) fn is_invisible_as_before(&self, cloud: &Emulator) {
        self.is_invisible_for(cloud, &self.invisible);
    }
}

pub(crate) fn attributes(cloud: &Emulator, url: &str) -> Value {
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    cloud.call("sqs", "get_queue_attributes", &asked)["Attributes"].clone()
}

/// Every function that a queue feeds, and has to be fed by one with dead letters.
pub(crate) fn consumers(cloud: &Emulator) -> Vec<Consumer> {
    let mappings = cloud.call("lambda", "list_event_source_mappings", &json!({}));
    let mappings = mappings["EventSourceMappings"].as_array().unwrap().clone();
    let of_queues = mappings.into_iter().filter_map(|mapping| {
        let source = mapping["EventSourceArn"].as_str().unwrap().to_owned();
        source.starts_with("arn:aws:sqs:").then(|| {
            let queue = Queue::by_arn(cloud, &source);
            let policy = attributes(cloud, &queue.url)["RedrivePolicy"].clone();
            let policy: Value = serde_json::from_str(policy.as_str().unwrap()).unwrap();
            let function = mapping["FunctionArn"].as_str().unwrap();
            let function = function.rsplit(':').next().unwrap().to_owned();
            Consumer {
                function,
                dead: Queue::by_arn(cloud, policy["deadLetterTargetArn"].as_str().unwrap()),
                mapping,
                queue,
            }
        })
    });
    of_queues.collect()
}

/// The one that this queue feeds, or whose dead letters it keeps.
pub(crate) fn consumer_of(cloud: &Emulator, queue: &str) -> Consumer {
    let name = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    let has = |it: &Consumer| {
        [&it.queue, &it.dead]
            .map(|it| name(&it.url))
            .contains(&name(queue))
    };
    let mut found = consumers(cloud).into_iter();
    found.find(has).expect("a function takes what it gets")
}

/// Something that is no message, looks like none of the shop's, or lacks what it is about.
pub(crate) fn poisoned(body: &str, number: usize) -> String {
    match number % 3 {
        0 => format!("poison {number}"),
        1 => json!({ "poison": number }).to_string(),
        _ => {
            let mut message: Value = serde_json::from_str(body).unwrap();
            let subject = match message["detail"].is_object() {
                true => "detail",
                false => "orderId",
            };
            message[subject] = json!({ "poison": number });
            message.to_string()
        }
    }
}

/// Waits until no queue holds anything: every message is handled, or given up.
pub(crate) fn everything_is_handled<'a>(
    cloud: &Emulator,
    queues: impl Iterator<Item = &'a Queue> + Clone,
) {
    eventually_right("every message is handled or given up", || {
        let left = queues
            .clone()
            .map(|queue| (&queue.url, queue.messages(cloud)));
        let left: Vec<_> = left.filter(|(_, messages)| *messages > 0).collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:#?}"))
        }
    });
}

/// In the consumer's dead-letter queue is exactly this, which is taken out.
pub(crate) fn is_dead(cloud: &Emulator, consumer: &Consumer, poison: &BTreeSet<String>) {
    let function = &consumer.function;
    let dead = consumer.dead.empty(cloud);
    let dead: Vec<_> = dead.iter().map(|it| it["Body"].as_str().unwrap()).collect();
    assert!(!poison.is_empty(), "{function} got no poison");
    let good: Vec<_> = dead.iter().filter(|it| !poison.contains(**it)).collect();
    assert!(good.is_empty(), "{function} gave up good ones: {good:#?}");
    let left: Vec<_> = poison
        .iter()
        .filter(|it| !dead.contains(&it.as_str()))
        .collect();
    assert!(left.is_empty(), "{function} did not give up {left:#?}");
    assert_eq!(dead.len(), poison.len(), "{function} gave one up twice");
}
