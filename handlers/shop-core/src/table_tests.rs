//! Writes against a table that answers as it is told.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::{HashSet, VecDeque};
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    AsyncSleep, BehaviorVersion, IdentityCache, Region, SharedAsyncSleep, Sleep,
    StalledStreamProtectionConfig,
};
use aws_sdk_dynamodb::types::{AttributeValue, Put};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use serde_json::{Value, json};

use super::*;

/// A table that gives these answers, one after the other, and takes everything after that.
#[derive(Debug, Clone, Default)]
struct Table {
    answers: Arc<Mutex<VecDeque<Value>>>,
    asked: Arc<Mutex<Vec<Value>>>,
    pauses: Arc<Mutex<Vec<Duration>>>,
}

impl HttpConnector for Table {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = request.body().bytes().unwrap();
        let asked = serde_json::from_slice(asked).unwrap();
        self.asked.lock().unwrap().push(asked);
        let (status, body) = match self.answers.lock().unwrap().pop_front() {
            Some(error) => (400_u16, error),
            None => (200, json!({})),
        };
        let body = SdkBody::from(body.to_string());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), body)))
    }
}

/// Takes no time.
impl AsyncSleep for Table {
    fn sleep(&self, duration: Duration) -> Sleep {
        self.pauses.lock().unwrap().push(duration);
        Sleep::new(ready(()))
    }
}

impl Table {
    fn answering(answers: impl IntoIterator<Item = Value>) -> Self {
        let table = Table::default();
        table.answers.lock().unwrap().extend(answers);
        table
    }

    fn client(&self) -> Client {
        let credentials = Credentials::new("nobody", "nothing", None, None, "a test");
        let connector = SharedHttpConnector::new(self.clone());
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .sleep_impl(SharedAsyncSleep::new(self.clone()))
            // So that pauses between calls are all that is slept for.
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            .build();
        client(&aws)
    }

    async fn transact(&self) -> Result<Transacted, WriteError> {
        let put = |id: &str| {
            let row = Put::builder().table_name("table");
            let row = row.item("id", AttributeValue::S(id.to_owned()));
            TransactWriteItem::builder()
                .put(row.build().unwrap())
                .build()
        };
        transact(&self.client(), vec![put("a"), put("b"), put("c")]).await
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn exception(code: &str) -> Value {
    let namespace = "com.amazonaws.dynamodb.v20120810";
    json!({ "__type": format!("{namespace}#{code}"), "message": "no" })
}

/// A transaction of which each write was refused for its reason.
fn cancelled(reasons: [&str; 3]) -> Value {
    let mut error = exception("TransactionCanceledException");
    error["CancellationReasons"] = reasons.map(|code| json!({ "Code": code })).into();
    error
}

const CONFLICT: [&str; 3] = ["None", "TransactionConflict", "None"];

#[tokio::test]
async fn a_transaction_that_meets_others_is_made_when_they_are_done() {
    for reason in [
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    ] {
        for met in 1..patience::ATTEMPTS as usize {
            let table = Table::answering(vec![cancelled(["None", "None", reason]); met]);
            assert_eq!(table.transact().await.unwrap(), Transacted::Written);
            assert_eq!(table.asked(), met + 1, "{reason}");
            // One token for all of them: what was made although the answer was lost is made once.
            let asked = table.asked.lock().unwrap();
            let token = |request: &Value| request["ClientRequestToken"].to_string();
            let tokens: HashSet<_> = asked.iter().map(token).collect();
            assert_eq!(tokens.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_table_that_stays_overloaded_is_told_as_such_within_the_time_of_a_request() {
    let table = Table::answering(vec![cancelled(CONFLICT); 100]);
    let error = table.transact().await.unwrap_err();
    assert!(matches!(error, WriteError::Overloaded(_)), "{error:?}");
    assert_eq!(table.asked(), patience::ATTEMPTS as usize);
    let pauses = table.pauses.lock().unwrap();
    assert_eq!(pauses.len() + 1, table.asked());
    assert!(pauses.iter().sum::<Duration>() < Duration::from_secs(4));
}

/// Those who met would meet again if they waited equally long.
#[tokio::test]
async fn nobody_waits_as_long_as_another() {
    let mut firsts = HashSet::new();
    for _ in 0..5 {
        let table = Table::answering([cancelled(CONFLICT)]);
        table.transact().await.unwrap();
        firsts.extend(table.pauses.lock().unwrap().first().copied());
    }
    assert_eq!(firsts.len(), 5);
}

#[tokio::test]
async fn conditions_that_do_not_hold_are_an_answer_at_once() {
    let failed = "ConditionalCheckFailed";
    let table = Table::answering([cancelled(["None", failed, failed])]);
    let refused = Transacted::Refused(1);
    assert_eq!(table.transact().await.unwrap(), refused);
    assert_eq!(table.asked(), 1);

    // With another write waiting for somebody, it is not over yet.
    let unsettled = cancelled(["TransactionConflict", failed, "None"]);
    let table = Table::answering([unsettled, cancelled([failed, "None", "None"])]);
    let refused = Transacted::Refused(0);
    assert_eq!(table.transact().await.unwrap(), refused);
    assert_eq!(table.asked(), 2);
}

#[tokio::test]
async fn what_does_not_pass_is_not_tried_again() {
    for error in [
        cancelled(["None", "ValidationError", "None"]),
        exception("AccessDeniedException"),
        exception("ResourceNotFoundException"),
    ] {
        let table = Table::answering(vec![error; 5]);
        let error = table.transact().await.unwrap_err();
        assert!(matches!(error, WriteError::Failed(_)), "{error:?}");
        assert_eq!(table.asked(), 1);
    }
}

async fn put(table: &Table) -> Result<bool, WriteError> {
    let row = AttributeValue::S("a".to_owned());
    let put = table.client().put_item().table_name("table");
    held(put.item("id", row).send().await)
}

#[tokio::test]
async fn a_single_write_waits_for_a_transaction_too() {
    for code in [
        "TransactionConflictException",
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
    ] {
        let table = Table::answering(vec![exception(code); 3]);
        assert!(put(&table).await.unwrap(), "{code}");
        assert_eq!(table.asked(), 4);

        let table = Table::answering(vec![exception(code); 100]);
        let error = put(&table).await.unwrap_err();
        assert!(matches!(error, WriteError::Overloaded(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_an_answer_and_all_else_an_error() {
    let table = Table::answering([exception("ConditionalCheckFailedException")]);
    assert!(!put(&table).await.unwrap());
    let table = Table::answering([exception("AccessDeniedException")]);
    let error = put(&table).await.unwrap_err();
    assert!(matches!(error, WriteError::Failed(_)), "{error:?}");
}

#[derive(Debug, thiserror::Error)]
#[error("order is not stored")]
struct Outer(#[source] Box<dyn Error + Send + Sync>);

#[test]
fn an_overload_is_known_below_other_errors() {
    let below = |error: WriteError| WriteError::is_overload(&Outer(Box::new(error)));
    assert!(below(WriteError::Overloaded("busy".into())));
    assert!(!below(WriteError::Failed("gone".into())));
}
