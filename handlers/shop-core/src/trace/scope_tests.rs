#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::net::UdpSocket;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

const SAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
const OF_MESSAGE: &str =
    "Root=1-66666666-000000000000000000000001;Parent=00000000000000aa;Sampled=1";

/// What a daemon on loopback hears.
struct Heard(UdpSocket);

impl Heard {
    fn new() -> (Self, &'static Daemon) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        // Only a test that fails waits so long.
        socket
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let daemon = Daemon::at(&format!("tcp:{address} udp:{address}")).unwrap();
        (Heard(socket), Box::leak(Box::new(daemon)))
    }

    fn next(&self) -> Value {
        let mut buffer = [0; 65536];
        let length = self.0.recv(&mut buffer).expect("a document");
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        let (head, document) = text.split_once('\n').unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(head).unwrap(),
            json!({ "format": "json", "version": 1 })
        );
        serde_json::from_str(document).unwrap()
    }

    fn nothing(&self) {
        self.0.set_nonblocking(true).unwrap();
        assert!(self.0.recv(&mut [0; 16]).is_err(), "something was sent");
    }
}

fn invocation(header: Option<&str>, daemon: Option<&'static Daemon>) -> Arc<Scope> {
    Scope::invocation(
        "api",
        "r-1",
        header.map(|text| text.parse().unwrap()),
        daemon,
    )
}

#[tokio::test]
async fn an_invocation_is_a_subsegment_of_lambdas_own() {
    let (heard, daemon) = Heard::new();
    let scope = invocation(Some(SAMPLED), Some(daemon));
    scope
        .run(async {
            annotate("orderId", "2Swc");
            fault();
        })
        .await;
    let document = heard.next();
    assert_eq!(document["type"], "subsegment");
    assert_eq!(document["name"], "api");
    assert_eq!(document["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
    assert_eq!(document["parent_id"], "53995c3f42cd8ad8");
    assert_eq!(document["annotations"], json!({ "orderId": "2Swc" }));
    assert_eq!(document["fault"], true);
    assert_eq!(document["id"].as_str().unwrap().len(), 16);
    let (start, end) = (&document["start_time"], &document["end_time"]);
    assert!(
        start.as_f64().unwrap() <= end.as_f64().unwrap(),
        "{document}"
    );
}

#[tokio::test]
async fn a_call_is_below_the_invocation_and_carries_its_span() {
    let (heard, daemon) = Heard::new();
    let carried = invocation(Some(SAMPLED), Some(daemon))
        .run(async {
            let scope = super::scope().unwrap();
            scope.called("DynamoDB", Some("GetItem"), SystemTime::now(), false);
            current().unwrap()
        })
        .await;
    let (call, whole) = (heard.next(), heard.next());
    assert_eq!(call["parent_id"], whole["id"]);
    assert_eq!(call["namespace"], "aws");
    assert_eq!(call["aws"], json!({ "operation": "GetItem" }));
    assert_eq!(carried.parent.as_deref(), whole["id"].as_str());
    assert_eq!(carried.root, "1-5759e988-bd862e3fe1be46a994272793");
}

#[tokio::test]
async fn a_message_goes_on_with_its_own_trace() {
    let (heard, daemon) = Heard::new();
    let carried = invocation(Some(SAMPLED), Some(daemon))
        .run(within_message(Some(OF_MESSAGE), async {
            current().unwrap()
        }))
        .await;
    assert_eq!(carried.to_string(), OF_MESSAGE);
    let (message, whole) = (heard.next(), heard.next());
    assert_eq!(message["trace_id"], whole["trace_id"]);
    assert_eq!(message["parent_id"], whole["id"]);
    assert_eq!(
        message["annotations"],
        json!({ "trace": "1-66666666-000000000000000000000001" })
    );
}

#[tokio::test]
async fn what_a_function_asks_for_tells_lambda_what_it_went_through_and_a_row_does_not() {
    let looped = format!("{SAMPLED};Lineage=1:a1b2c3d4:0");
    invocation(Some(&looped), None)
        .run(async {
            assert_eq!(current().unwrap().to_string(), looped);
            assert_eq!(
                noted(HashMap::new())[ATTRIBUTE],
                AttributeValue::S(SAMPLED.to_owned())
            );
            let carried = within_message(Some(OF_MESSAGE), async { current().unwrap() }).await;
            assert_eq!(
                carried.to_string(),
                format!("{OF_MESSAGE};Lineage=1:a1b2c3d4:0")
            );
        })
        .await;
}

#[tokio::test]
async fn a_message_without_a_trace_is_of_its_invocation() {
    for header in [None, Some("nonsense")] {
        let carried = invocation(Some(SAMPLED), None)
            .run(within_message(header, async { current().unwrap() }))
            .await;
        assert_eq!(carried.to_string(), SAMPLED);
    }
}

#[tokio::test]
async fn nothing_is_sent_of_a_trace_that_is_not_kept() {
    let (heard, daemon) = Heard::new();
    let unsampled = SAMPLED.replace("Sampled=1", "Sampled=0");
    for header in [None, Some(unsampled.as_str())] {
        let scope = invocation(header, Some(daemon));
        let work = async {
            super::scope()
                .unwrap()
                .called("S3", None, SystemTime::now(), false)
        };
        scope.run(work).await;
    }
    heard.nothing();
}

#[tokio::test]
async fn a_row_keeps_the_trace_that_wrote_it() {
    assert_eq!(noted(HashMap::new()), HashMap::new());
    let row = invocation(Some(SAMPLED), None)
        .run(async { noted(HashMap::new()) })
        .await;
    assert_eq!(row[ATTRIBUTE], AttributeValue::S(SAMPLED.to_owned()));
}

#[tokio::test]
async fn an_invocation_without_a_header_begins_a_trace() {
    let scope = invocation(None, None);
    let (first, second) = scope.run(async { (current(), current()) }).await;
    assert_eq!(first, second);
    assert_ne!(first, invocation(None, None).run(async { current() }).await);
    assert_eq!(current(), None);
}

#[test]
fn what_is_no_address_is_no_daemon() {
    assert!(Daemon::at("").is_none());
    assert!(Daemon::at("somewhere").is_none());
    assert!(Daemon::at("127.0.0.1:2000").is_some());
}
