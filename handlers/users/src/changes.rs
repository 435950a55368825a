//! Function `changes`: tells the bus what the table's stream says of users.
//!
//! Events name a user and how to reach him, and no more: addresses are nobody else's business. Guard
//! rows and notes about deleted users are not told of.

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::streams::DynamoDbEventResponse;
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use shop_core::details::PublicUser;
use shop_core::events::{Outgoing, Publisher};
use shop_core::stream::{Change, publish_changes};

/// Any row of the table; only profiles have all of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Row {
    User(PublicUser),
    Other {},
}

/// Tells the bus of one batch.
pub async fn serve(
    publisher: &Publisher,
    event: LambdaEvent<Event>,
) -> Result<DynamoDbEventResponse, Error> {
    Ok(publish_changes(event.payload, publisher, describe).await)
}

fn describe(change: Change<Row>) -> Result<Vec<Outgoing>, serde_json::Error> {
    let change = change.map(|row| match row {
        Row::User(user) => Some(user),
        Row::Other {} => None,
    });
    let Some(Change { old, new }) = change else {
        return Ok(Vec::new());
    };
    let id = old
        .as_ref()
        .or(new.as_ref())
        .map(|user| user.user_id.clone());
    let change = Change {
        old: old.map(serde_json::to_value).transpose()?,
        new: new.map(serde_json::to_value).transpose()?,
    };
    Ok(change
        .told("User", &id.unwrap_or_default())
        .into_iter()
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use serde_json::{Value, json};
    use shop_core::schemas::assert_documented;

    use super::*;
    use crate::fake::profile;
    use crate::row;

    fn told(old: Option<Value>, new: Option<Value>) -> Vec<String> {
        let read = |row: Value| serde_json::from_value(row).unwrap();
        let change = Change {
            old: old.map(read),
            new: new.map(read),
        };
        let events = describe(change).unwrap();
        for event in &events {
            assert_documented("shop.users", event);
        }
        let events = events.into_iter();
        events
            .map(|event| format!("{}: {}", event.detail_type, event.detail))
            .collect()
    }

    fn anna() -> Value {
        serde_json::to_value(row::Row::from(profile("anna"))).unwrap()
    }

    #[test]
    fn a_user_comes_and_goes_without_his_addresses() {
        insta::assert_snapshot!(told(None, Some(anna())).join("\n"), @r#"UserCreated: {"userId":"anna","email":"anna@example.com","username":"anna"}"#);
        let mut moved = anna();
        moved["email"] = json!("berg@example.com");
        insta::assert_snapshot!(told(Some(anna()), Some(moved)).join("\n"), @r#"UserModified: {"old":{"userId":"anna","email":"anna@example.com","username":"anna"},"new":{"userId":"anna","email":"berg@example.com","username":"anna"},"changed":["email"]}"#);
        insta::assert_snapshot!(told(Some(anna()), None).join("\n"), @r#"UserDeleted: {"userId":"anna","email":"anna@example.com","username":"anna"}"#);
    }

    #[test]
    fn what_nobody_else_has_to_know_is_not_told() {
        let mut named = anna();
        named["fullName"] = json!("Anna Berg");
        named["version"] = json!(2);
        assert!(told(Some(anna()), Some(named)).is_empty());
        for other in [
            json!({"id": "username/anna", "userId": "anna"}),
            json!({"id": "email/anna@example.com", "userId": "anna"}),
            json!({"id": "deleted/anna", "expires": 1}),
        ] {
            assert!(told(None, Some(other.clone())).is_empty());
            assert!(told(Some(other), None).is_empty());
        }
    }
}
