//! What goes over the wire, against a server on this machine.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use shop_core::money::Money;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::*;

/// Asks a server that answers each connection with the next of `answers`; an empty one is a
/// connection that breaks. Answers what came of it and what the server was sent.
async fn ask(call: Call, answers: &[&str]) -> (Result<bool, ProviderError>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    let provider = Provider::new(url).unwrap();
    let serve = async {
        let mut seen = Vec::new();
        for answer in answers {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            stream.read_line(&mut line).await.unwrap();
            let path = line.split(' ').nth(1).unwrap().to_owned();
            loop {
                line.clear();
                stream.read_line(&mut line).await.unwrap();
                let header = line.trim().to_ascii_lowercase();
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if header.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            seen.push(format!("{path} {}", String::from_utf8(body).unwrap()));
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        seen
    };
    tokio::join!(provider.ask("t1", &call), serve)
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn euro(amount: i64) -> Money {
    Money::new(amount, Currency::EUR)
}

#[tokio::test]
async fn every_operation_is_asked_as_the_provider_knows_it() {
    let amount = euro(0);
    let reference = || "order".to_owned();
    let mut table = String::new();
    for call in [
        Call::Check { amount },
        Call::Lower { amount },
        Call::Capture {
            amount,
            reference: reference(),
        },
        Call::Cancel {
            reference: reference(),
        },
        Call::Refund {
            amount,
            reference: reference(),
        },
    ] {
        let (outcome, seen) = ask(call, &[&answer("200 OK", r#"{"ok":true}"#)]).await;
        assert!(outcome.unwrap());
        table += &format!("{}\n", seen.join("\n"));
    }
    insta::assert_snapshot!(table, @r#"
    /api/check {"paymentToken":"t1","amount":0,"currency":"EUR"}
    /api/updateAmount {"paymentToken":"t1","amount":0,"currency":"EUR"}
    /api/processPayment {"paymentToken":"t1","amount":0,"currency":"EUR","reference":"order"}
    /api/cancelPayment {"paymentToken":"t1","reference":"order"}
    /api/refund {"paymentToken":"t1","amount":0,"currency":"EUR","reference":"order"}
    "#);
}

#[tokio::test]
async fn what_got_no_answer_is_asked_again_and_is_the_same_question() {
    let capture = Call::Capture {
        amount: euro(3000),
        reference: "order".to_owned(),
    };
    let down = answer("503 Service Unavailable", "{}");
    let granted = answer("200 OK", r#"{"ok":true}"#);
    let (outcome, seen) = ask(capture, &["", &down, &granted]).await;
    assert!(outcome.unwrap());
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|question| *question == seen[0]));
}

#[tokio::test]
async fn a_no_is_an_answer() {
    let check = Call::Check { amount: euro(1) };
    let (outcome, seen) = ask(check, &[&answer("200 OK", r#"{"ok":false}"#)]).await;
    assert!(!outcome.unwrap());
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn what_will_not_get_better_is_not_asked_again() {
    for (wrong, text) in [
        (
            answer("400 Bad Request", "{}"),
            "payment provider answered 400 Bad Request to check",
        ),
        (
            answer("200 OK", "<html>"),
            "payment provider cannot be reached",
        ),
    ] {
        let check = Call::Check { amount: euro(1) };
        let (outcome, seen) = ask(check, &[&wrong]).await;
        assert_eq!(outcome.unwrap_err().to_string(), text);
        assert_eq!(seen.len(), 1);
    }
}

#[tokio::test]
async fn a_provider_that_stays_down_is_given_up() {
    let down = answer("500 Internal Server Error", "{}");
    let cancel = Call::Cancel {
        reference: "order".to_owned(),
    };
    let (outcome, _) = ask(cancel, &[&down, &down, &down]).await;
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "payment provider answered 500 Internal Server Error to cancelPayment"
    );
}
