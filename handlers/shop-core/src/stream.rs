//! From a table's stream to the bus: what happened to a row becomes an event.
//!
//! A service writes its row and nothing else; the stream has the change as soon
//! as the table has it, and Lambda repeats a batch until it is told, so that no
//! event is lost between the two. An event may be told twice: who listens has
//! to bear that anyway.

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use serde::de::DeserializeOwned;
use serde_dynamo::{AttributeValue, from_item};
use serde_json::{Map, Value, json};

use crate::events::{Outgoing, PublishError, Publisher};
use crate::runtime::error_chain;
use crate::table::TOMBSTONE;
use crate::trace::{self, TraceHeader};

/// A row before and after; at least one of them is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<T> {
    /// What the row was; nothing when it is new.
    pub old: Option<T>,
    /// What it is now; nothing when it was deleted.
    pub new: Option<T>,
}

impl<T> Change<T> {
    /// The same change of something made of the row; of nothing, when neither side makes anything.
    pub fn map<U>(self, mut with: impl FnMut(T) -> Option<U>) -> Option<Change<U>> {
        let change = Change {
            old: self.old.and_then(&mut with),
            new: self.new.and_then(&mut with),
        };
        (change.old.is_some() || change.new.is_some()).then_some(change)
    }
}

impl Change<Value> {
    /// The event of a change that the bus hears of (feature U186): `<kind>Created` and
    /// `<kind>Deleted` with the object, `<kind>Modified` with `old`, `new` and the top-level names
    /// of what differs in `changed`. Nothing when nothing differs.
    pub fn told(self, kind: &str, resource: &str) -> Option<Outgoing> {
        let (what, detail) = match (self.old, self.new) {
            (None, None) => return None,
            (None, Some(new)) => ("Created", new),
            (Some(old), None) => ("Deleted", old),
            (Some(old), Some(new)) => {
                let changed = changed(&old, &new);
                if changed.is_empty() {
                    return None;
                }
                let detail = json!({ "old": old, "new": new, "changed": changed });
                ("Modified", detail)
            }
        };
        Some(Outgoing {
            detail_type: format!("{kind}{what}"),
            resource: resource.to_owned(),
            detail,
            trace: None,
        })
    }
}

/// Names of the members that one of two objects lacks or has otherwise, sorted.
fn changed(old: &Value, new: &Value) -> Vec<String> {
    let empty = Map::new();
    let (old, new) = (
        old.as_object().unwrap_or(&empty),
        new.as_object().unwrap_or(&empty),
    );
    let mut names: Vec<String> = old
        .keys()
        .chain(new.keys().filter(|name| !old.contains_key(*name)))
        .filter(|name| old.get(*name) != new.get(*name))
        .cloned()
        .collect();
    names.sort();
    names
}

/// Tells the bus what `describe` makes of every record's row, in the order of the records. Events are
/// of the trace that wrote the row ([`trace::noted`]).
///
/// When a record cannot be read, or the bus does not take one of its events, Lambda is asked to
/// begin again with this record; what came before it is done.
pub async fn publish_changes<T: DeserializeOwned>(
    event: Event,
    publisher: &Publisher,
    describe: impl Fn(Change<T>) -> Result<Vec<Outgoing>, serde_json::Error>,
) -> DynamoDbEventResponse {
    publish_with(event, describe, async |events: &[Outgoing]| {
        publisher.publish_all(events).await
    })
    .await
}

async fn publish_with<T: DeserializeOwned>(
    event: Event,
    describe: impl Fn(Change<T>) -> Result<Vec<Outgoing>, serde_json::Error>,
    publish: impl AsyncFn(&[Outgoing]) -> Result<(), (usize, PublishError)>,
) -> DynamoDbEventResponse {
    let mut outgoing = Vec::new();
    // To which record each event belongs.
    let mut origins = Vec::new();
    let mut failed = None;
    for record in event.records {
        let sequence_number = record.change.sequence_number.clone().unwrap_or_default();
        let header = written_by(&record);
        let events = read(record).and_then(|change| match change {
            // A tombstone came or went.
            Change {
                old: None,
                new: None,
            } => Ok(Vec::new()),
            change => Ok(describe(change)?),
        });
        match events {
            Ok(events) => {
                origins.extend(events.iter().map(|_| sequence_number.clone()));
                outgoing.extend(events.into_iter().map(|event| Outgoing {
                    trace: header.clone(),
                    ..event
                }));
            }
            Err(error) => {
                tracing::error!(
                    sequence_number,
                    error = error_chain(&error),
                    "record of the stream cannot be told"
                );
                failed = Some(sequence_number);
                break;
            }
        }
    }
    if let Err((index, error)) = publish(&outgoing).await {
        tracing::error!(
            resource = outgoing.get(index).map(|event| event.resource.as_str()),
            error = error_chain(&error),
            "event could not be published"
        );
        failed = origins.into_iter().nth(index).or(failed);
    }
    let mut response = DynamoDbEventResponse::default();
    if let Some(sequence_number) = failed {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(sequence_number);
        response.batch_item_failures.push(failure);
    }
    response
}

/// The trace that wrote the row; of one that was deleted nobody noted it.
fn written_by(record: &EventRecord) -> Option<TraceHeader> {
    match record.change.new_image.get(trace::ATTRIBUTE)? {
        AttributeValue::S(text) => text.parse().ok(),
        _ => None,
    }
}

/// Why a record is not understood.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("row is not as expected")]
    Row(#[from] serde_dynamo::Error),
    #[error("row cannot be written as JSON")]
    Describe(#[from] serde_json::Error),
}

fn read<T: DeserializeOwned>(record: EventRecord) -> Result<Change<T>, ReadError> {
    let image = |item: serde_dynamo::Item| match item.is_empty() || item.contains_key(TOMBSTONE) {
        true => Ok(None),
        false => from_item(item).map(Some),
    };
    Ok(Change {
        old: image(record.change.old_image)?,
        new: image(record.change.new_image)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::cell::RefCell;

    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Cup {
        id: String,
        size: u8,
    }

    fn image(id: &str, size: &str) -> Value {
        json!({ "id": { "S": id }, "size": { "N": size } })
    }

    fn record(number: usize, old: Option<Value>, new: Option<Value>) -> Value {
        json!({
            "awsRegion": "eu-central-1", "eventID": number.to_string(), "eventName": "MODIFY",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_767_225_600, "SizeBytes": 1,
                "SequenceNumber": number.to_string(), "OldImage": old, "NewImage": new,
            },
        })
    }

    fn describe(change: Change<Cup>) -> Result<Vec<Outgoing>, serde_json::Error> {
        let id = change
            .new
            .as_ref()
            .or(change.old.as_ref())
            .unwrap()
            .id
            .clone();
        let change = change.map(|cup| serde_json::to_value(cup).ok()).unwrap();
        Ok(change.told("Cup", &id).into_iter().collect())
    }

    /// Runs records against a bus that refuses the event with index `refused`.
    async fn run(records: Vec<Value>, refused: Option<usize>) -> (Vec<Outgoing>, Vec<String>) {
        let event: Event = serde_json::from_value(json!({ "Records": records })).unwrap();
        let told = RefCell::new(Vec::new());
        let response = publish_with(event, describe, async |events: &[Outgoing]| {
            for (index, event) in events.iter().enumerate() {
                if refused == Some(index) {
                    let refusal = PublishError::Refused {
                        bus: "shop".into(),
                        code: "InternalFailure".into(),
                        message: "try again".into(),
                    };
                    return Err((index, refusal));
                }
                told.borrow_mut().push(event.clone());
            }
            Ok(())
        })
        .await;
        let failed = response.batch_item_failures.into_iter();
        let failed = failed.filter_map(|failure| failure.item_identifier);
        (told.into_inner(), failed.collect())
    }

    #[tokio::test]
    async fn a_row_is_created_modified_and_deleted() {
        let (told, failed) = run(
            vec![
                record(1, None, Some(image("a", "1"))),
                record(2, Some(image("a", "1")), Some(image("a", "2"))),
                record(3, Some(image("a", "2")), None),
            ],
            None,
        )
        .await;
        let told: Vec<_> = told
            .iter()
            .map(|event| format!("{} {}: {}", event.detail_type, event.resource, event.detail))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        CupCreated a: {"id":"a","size":1}
        CupModified a: {"old":{"id":"a","size":1},"new":{"id":"a","size":2},"changed":["size"]}
        CupDeleted a: {"id":"a","size":2}
        "#);
        assert!(failed.is_empty());
    }

    #[tokio::test]
    async fn a_row_of_which_a_tombstone_is_left_was_deleted_once() {
        let tombstone = json!({ "id": { "S": "a" }, "tombstone": { "BOOL": true } });
        let (told, failed) = run(
            vec![
                record(1, Some(image("a", "2")), Some(tombstone.clone())),
                record(2, Some(tombstone), None),
            ],
            None,
        )
        .await;
        let kinds: Vec<_> = told.iter().map(|event| &*event.detail_type).collect();
        assert_eq!(kinds, ["CupDeleted"]);
        assert!(failed.is_empty());
    }

    #[tokio::test]
    async fn an_event_is_of_the_trace_that_wrote_the_row() {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let traced = |id: &str, trace: &str| {
            let mut image = image(id, "1");
            image["trace"] = json!({ "S": trace });
            image
        };
        let (told, failed) = run(
            vec![
                record(1, None, Some(traced("a", header))),
                record(2, None, Some(traced("b", "nonsense"))),
                record(3, Some(traced("a", header)), None),
            ],
            None,
        )
        .await;
        let traces = told.iter().map(|event| event.trace.clone());
        let expected = [Some(header.parse().unwrap()), None, None];
        assert_eq!(traces.collect::<Vec<_>>(), expected);
        assert!(failed.is_empty());
    }

    #[tokio::test]
    async fn what_changes_nothing_that_is_told_is_silent() {
        let same = record(1, Some(image("a", "1")), Some(image("a", "1")));
        assert_eq!(run(vec![same], None).await, (Vec::new(), Vec::new()));
    }

    #[tokio::test]
    async fn lambda_begins_again_with_what_the_bus_refused() {
        let records: Vec<_> = (1..=5)
            .map(|n| record(n, None, Some(image(&n.to_string(), "1"))))
            .collect();
        let (told, failed) = run(records, Some(2)).await;
        assert_eq!(told.len(), 2);
        assert_eq!(failed, ["3"]);
    }

    #[tokio::test]
    async fn what_came_before_a_poisoned_record_is_told() {
        let (told, failed) = run(
            vec![
                record(1, None, Some(image("a", "1"))),
                record(2, None, Some(image("b", "many"))),
                record(3, None, Some(image("c", "1"))),
            ],
            None,
        )
        .await;
        assert_eq!(told.len(), 1);
        assert_eq!(failed, ["2"]);
    }

    proptest! {
        /// What is told of a change is enough to make the new object of the old one.
        #[test]
        fn changed_names_everything_that_differs(
            old in prop::collection::btree_map("[a-d]", 0..3_u8, 0..4),
            new in prop::collection::btree_map("[a-d]", 0..3_u8, 0..4),
        ) {
            let (before, after) = (json!(old), json!(new));
            let mut made = before.as_object().unwrap().clone();
            for name in changed(&before, &after) {
                prop_assert_ne!(before.get(&name), after.get(&name));
                match after.get(&name) {
                    Some(value) => made.insert(name, value.clone()),
                    None => made.shift_remove(&name),
                };
            }
            prop_assert_eq!(&Value::Object(made), &after);
        }
    }
}
