//! A shaker between the queues of the shop and the functions that they feed: everything comes
//! twice, late and out of order, and with one poisoned message among ten.
//!
//! Each queue keeps what it gets, and a queue beside it feeds the function, with the same settings.
//! What is moved from one to the other is moved by whoever waits for something.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use serde_json::{Value, json};
use shopctl_tests::{Emulator, eventually_right};

use crate::Shop;
use crate::consumers::{
    BATCH, Consumer, attributes, consumers, everything_is_handled, is_dead, poisoned,
};

/// Seconds until a message that failed comes again. Long enough for a batch on a machine that is busy
/// with other things.
const INVISIBLE: &str = "4";
/// How often a poisoned message comes before it is given up.
const TRIES: u64 = 5;
/// Most messages wait for fewer turns than the first, some for fewer than the second.
const TURNS: (usize, usize) = (6, 40);

/// A message as a queue has it.
#[derive(Clone)]
struct Message {
    group: Option<String>,
    body: String,
}

/// A queue and its function, with the shaker between them.
struct Line {
    consumer: Consumer,
    /// The queue that feeds the function, and the mapping that does it.
    beside: String,
    mapping: Value,
    dice: Dice,
    /// Kinds of events that its rule lets through by their names.
    kinds: BTreeSet<String>,
    /// Whether its rule lets everything through: then the function looks at no detail.
    hears_all: bool,
    /// What came, each once, the oldest first.
    heard: Vec<Message>,
    /// What is still to be given, and in how many turns.
    held: Vec<(usize, Message)>,
    given: usize,
    poison: BTreeSet<String>,
}

/// The shaker. What it shakes is the same in every run, as far as it comes in the same order.
pub(crate) struct Shaker<'a> {
    shop: &'a Shop,
    lines: RefCell<Vec<Line>>,
}

impl<'a> Shaker<'a> {
    /// Puts it between all queues and their functions.
    pub(crate) fn between(shop: &'a Shop) -> Self {
        let cloud = &shop.emulator;
        let found = consumers(cloud);
        // What was before is no business of the shaker.
        everything_is_handled(cloud, found.iter().map(|it| &it.queue));
        let lines = found.into_iter().enumerate();
        let lines = lines.map(|(number, consumer)| Line::open(shop, number, consumer));
        Self {
            shop,
            lines: RefCell::new(lines.collect()),
        }
    }

    /// Shakes on until the answer is there.
    #[track_caller]
    pub(crate) fn until<T, E: Debug>(
        &self,
        what: &str,
        mut ask: impl FnMut() -> Result<T, E>,
    ) -> T {
        eventually_right(what, || {
            for line in &mut *self.lines.borrow_mut() {
                line.turn(&self.shop.emulator);
            }
            ask()
        })
    }

    /// Gives everything again that came so far and is about this, the newest first, and waits until
    /// it is handled. Nothing that comes meanwhile is given.
    #[track_caller]
    pub(crate) fn again(&self, about: &str) {
        for line in &mut *self.lines.borrow_mut() {
            let messages = line.heard.iter().rev();
            let messages = messages.filter(|message| message.body.contains(about));
            let messages: Vec<_> = messages.cloned().collect();
            line.give(&self.shop.emulator, messages);
        }
        eventually_right("what came again is handled", || {
            let left = self.in_hand();
            if left.is_empty() { Ok(()) } else { Err(left) }
        });
    }

    /// Whether a message that came says this.
    pub(crate) fn has_heard(&self, says: impl Fn(&Value) -> bool) -> bool {
        let lines = self.lines.borrow();
        let mut heard = lines.iter().flat_map(|line| &line.heard);
        heard.any(|message| says(&serde_json::from_str(&message.body).unwrap()))
    }

    /// Functions that have something before them, except poison.
    pub(crate) fn unhandled(&self) -> Vec<String> {
        let mut left = self.in_hand();
        let lines = self.lines.borrow();
        let held = lines.iter().filter(|line| !line.held.is_empty());
        left.extend(held.map(|line| line.consumer.function.clone()));
        left
    }

    /// Functions that were given something that they have not handled, except poison.
    fn in_hand(&self) -> Vec<String> {
        let url = format!("{}/_ministack/sqs/messages", self.shop.emulator.endpoint);
        let seen = self.shop.http.get(&url).expect(200).json();
        let inner = |value: &Value| value.as_object().unwrap().clone();
        let regions = inner(&seen["messages"]).into_iter();
        let queues = regions.flat_map(|(_, regions)| inner(&regions));
        let queues = queues.flat_map(|(_, queues)| inner(&queues));
        // By their names: the cloud calls itself otherwise than we call it.
        let name = |url: &str| url.rsplit('/').next().unwrap().to_owned();
        let queues: BTreeMap<_, _> = queues.map(|(url, all)| (name(&url), all)).collect();
        let lines = self.lines.borrow();
        let left = lines.iter().filter(|line| {
            let mut messages = queues[&name(&line.beside)].as_array().unwrap().iter();
            messages.any(|it| !line.poison.contains(it["Body"].as_str().unwrap()))
        });
        left.map(|line| line.consumer.function.clone()).collect()
    }

    /// Takes it away. Every function has had every kind of event that it listens to, and its dead
    /// letters are exactly its poison.
    pub(crate) fn away(self) {
        let cloud = &self.shop.emulator;
        let lines = self.lines.into_inner();
        eventually_right("what is poisoned is given up", || {
            let messages = |line: &Line| {
                let attributes = attributes(cloud, &line.beside);
                ["", "NotVisible"]
                    .map(|which| attributes[format!("ApproximateNumberOfMessages{which}")].clone())
            };
            let left = lines.iter().map(|line| (&line.beside, messages(line)));
            let left: Vec<_> = left.filter(|(_, counts)| *counts != ["0", "0"]).collect();
            if left.is_empty() {
                Ok(())
            } else {
                Err(format!("{left:?}"))
            }
        });
        for line in lines {
            line.close(cloud);
            let missing = line.missing();
            let function = &line.consumer.function;
            assert_eq!(missing, BTreeSet::new(), "{function} was told nothing of");
            assert!(!line.heard.is_empty(), "{function} was told nothing");
            is_dead(cloud, &line.consumer, &line.poison);
            eprintln!(
                "shop: {function} was given {} messages {} times, and {} that are poisoned",
                line.heard.len(),
                line.given,
                line.poison.len()
            );
        }
    }
}

impl Line {
    fn open(shop: &Shop, number: usize, consumer: Consumer) -> Self {
        let cloud = &shop.emulator;
        let found = attributes(cloud, &consumer.queue.url);
        let redrive = found["RedrivePolicy"].as_str().unwrap();
        let mut redrive: Value = serde_json::from_str(redrive).unwrap();
        redrive["maxReceiveCount"] = json!(TRIES);
        let mut settings = json!({
            "RedrivePolicy": redrive.to_string(), "VisibilityTimeout": INVISIBLE,
        });
        let mut name = format!("shaken-{number}");
        if found["FifoQueue"] == "true" {
            settings["FifoQueue"] = json!("true");
            name.push_str(".fifo");
        }
        let asked = json!({ "QueueName": name, "Attributes": settings });
        let beside = cloud.call("sqs", "create_queue", &asked)["QueueUrl"].clone();
        let beside = beside.as_str().unwrap().to_owned();
        consumer.reads(cloud, false);
        let asked = json!({
            "FunctionName": consumer.function,
            "EventSourceArn": attributes(cloud, &beside)["QueueArn"],
            "BatchSize": consumer.mapping["BatchSize"],
            "FunctionResponseTypes": consumer.mapping["FunctionResponseTypes"],
        });
        let mapping = cloud.call("lambda", "create_event_source_mapping", &asked)["UUID"].clone();
        let names = detail_types(shop, &consumer.mapping["EventSourceArn"]);
        Self {
            hears_all: names.iter().any(Value::is_object),
            kinds: names
                .iter()
                .filter_map(|name| Some(name.as_str()?.to_owned()))
                .collect(),
            consumer,
            beside,
            mapping,
            dice: Dice(number as u64),
            heard: Vec::new(),
            held: Vec::new(),
            given: 0,
            poison: BTreeSet::new(),
        }
    }

    /// Takes what came, and gives what has been held long enough.
    fn turn(&mut self, cloud: &Emulator) {
        for message in self.consumer.queue.empty(cloud) {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let message = Message {
                group: text(&message["Attributes"]["MessageGroupId"]),
                body: text(&message["Body"]).unwrap(),
            };
            for _ in 0..2 {
                let most = match self.dice.below(4) {
                    0 => TURNS.1,
                    _ => TURNS.0,
                };
                self.held.push((self.dice.below(most), message.clone()));
            }
            self.heard.push(message);
        }
        let (due, held) = std::mem::take(&mut self.held)
            .into_iter()
            .partition::<Vec<_>, _>(|(turns, _)| *turns == 0);
        self.held = held
            .into_iter()
            .map(|(turns, message)| (turns - 1, message))
            .collect();
        let mut due: Vec<_> = due.into_iter().map(|(_, message)| message).collect();
        due.sort_by_cached_key(|_| self.dice.next());
        self.give(cloud, due);
    }

    /// Gives these to the function in this order, with poison.
    fn give(&mut self, cloud: &Emulator, messages: Vec<Message>) {
        let mut entries = Vec::new();
        for message in messages {
            if self.given >= self.poison.len() * (BATCH - 1) {
                // An event with a strange detail is none to whoever hears all.
                let body = match self.hears_all {
                    true => "{}",
                    false => &message.body,
                };
                let poisoned = poisoned(body, self.poison.len());
                self.poison.insert(poisoned.clone());
                // The first one holds up a customer's group, the others nobody.
                let group = message.group.as_ref().map(|group| match self.poison.len() {
                    1 => group.clone(),
                    number => format!("nobody-{number}"),
                });
                let body = poisoned;
                entries.push(self.entry(&Message { group, body }));
            }
            self.given += 1;
            entries.push(self.entry(&message));
        }
        for entries in entries.chunks(BATCH) {
            let asked = json!({ "QueueUrl": self.beside, "Entries": entries });
            let sent = cloud.call("sqs", "send_message_batch", &asked);
            assert_eq!(sent["Failed"].as_array().map_or(0, Vec::len), 0, "{sent}");
        }
    }

    fn entry(&self, message: &Message) -> Value {
        let id = format!("{}-{}", self.given, self.poison.len());
        let mut entry = json!({ "Id": id, "MessageBody": message.body });
        if let Some(group) = &message.group {
            entry["MessageGroupId"] = json!(group);
            // Another one each time, or the queue would not take it twice.
            entry["MessageDeduplicationId"] = json!(id);
        }
        entry
    }

    /// Kinds of events that its rule lets through, and that did not come.
    fn missing(&self) -> BTreeSet<String> {
        let mut kinds = self.kinds.clone();
        for message in &self.heard {
            let message: Value = serde_json::from_str(&message.body).unwrap();
            if let Some(kind) = message["detail-type"].as_str() {
                kinds.remove(kind);
            }
        }
        kinds
    }

    /// The queue feeds the function itself again.
    fn close(&self, cloud: &Emulator) {
        let mapping = json!({ "UUID": self.mapping });
        cloud.call("lambda", "delete_event_source_mapping", &mapping);
        let queue = json!({ "QueueUrl": self.beside });
        cloud.call("sqs", "delete_queue", &queue);
        self.consumer.reads(cloud, true);
    }
}

/// What the rules that fill this queue say of the kinds of events: names, or patterns of names.
fn detail_types(shop: &Shop, queue_arn: &Value) -> Vec<Value> {
    let cloud = &shop.emulator;
    let bus = shop.output("platform", "BusName");
    let rules = cloud.call("events", "list_rules", &json!({ "EventBusName": bus }));
    let mut kinds = Vec::new();
    for rule in rules["Rules"].as_array().unwrap() {
        let asked = json!({ "EventBusName": bus, "Rule": rule["Name"] });
        let targets = cloud.call("events", "list_targets_by_rule", &asked);
        let mut targets = targets["Targets"].as_array().unwrap().iter();
        if targets.any(|target| target["Arn"] == *queue_arn) {
            let pattern = rule["EventPattern"].as_str().unwrap();
            let pattern: Value = serde_json::from_str(pattern).unwrap();
            kinds.extend(pattern["detail-type"].as_array().unwrap().iter().cloned());
        }
    }
    kinds
}

/// Throws the same numbers in every run.
struct Dice(u64);

impl Dice {
    /// SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}
