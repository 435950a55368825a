//! Function `sockets`: connections come, say what they want to hear, and go. Who may come is checked
//! before, by IAM.

use chrono::Utc;
use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::connections::Post;
use crate::registry::Registry;

/// How many services one message may name.
const MOST_SERVICES: usize = 20;
/// The longest name, in bytes.
const LONGEST_NAME: usize = 100;
const EXAMPLE: &str = r#"{"action": "register", "services": ["shop.orders"]}"#;

/// What the WebSocket API tells.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Incoming {
    request_context: Context,
    #[serde(default)]
    body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    route_key: String,
    connection_id: String,
}

/// What it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    status_code: u16,
}

/// A message of route `register`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    #[serde(rename = "action")]
    _action: String,
    services: Vec<String>,
}

/// Serves one connection, disconnection or message.
pub async fn serve(
    registry: &impl Registry,
    connections: &impl Post,
    event: LambdaEvent<Incoming>,
) -> Result<Answer, Error> {
    let Incoming {
        request_context,
        body,
    } = event.payload;
    let Context {
        route_key,
        connection_id: id,
    } = request_context;
    match route_key.as_str() {
        "$connect" => tracing::info!(id, "connected"),
        "$disconnect" => {
            registry.remove(&id).await?;
            tracing::info!(id, "disconnected");
        }
        "register" => {
            let reply = match services(body.as_deref().unwrap_or_default()) {
                Ok(services) => {
                    registry.add(&id, &services, Utc::now()).await?;
                    tracing::info!(id, ?services, "registered");
                    json!({ "registered": services })
                }
                Err(error) => json!({ "error": error }),
            };
            connections.post(&id, &reply.to_string()).await?;
        }
        _ => {
            let error = format!("there is no such action; what can be said is {EXAMPLE}");
            let reply = json!({ "error": error });
            connections.post(&id, &reply.to_string()).await?;
        }
    }
    Ok(Answer { status_code: 200 })
}

/// The services that a message names, each once, or what is wrong with it.
fn services(message: &str) -> Result<Vec<String>, String> {
    let mut services = match serde_json::from_str::<Registration>(message) {
        Ok(registration) => registration.services,
        Err(error) => return Err(format!("{error}; what can be said is {EXAMPLE}")),
    };
    if !(1..=MOST_SERVICES).contains(&services.len()) {
        return Err(format!(
            "from 1 to {MOST_SERVICES} services can be heard; what can be said is {EXAMPLE}"
        ));
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_name =
        |name: &String| (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(known);
    if let Some(wrong) = services.iter().find(|name| !is_name(name)) {
        return Err(format!("no source of events: {wrong:?}"));
    }
    services.sort_unstable();
    services.dedup();
    Ok(services)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use lambda_runtime::Context as LambdaContext;
    use serde_json::Value;

    use super::*;
    use crate::events::tests::{Memory, Sockets};

    async fn tell(registry: &Memory, sockets: &Sockets, route: &str, body: Option<&str>) -> Value {
        let event = json!({
            "requestContext": { "routeKey": route, "connectionId": "c-1", "eventType": "X" },
            "body": body, "isBase64Encoded": false,
        });
        let event = LambdaEvent::new(
            serde_json::from_value(event).unwrap(),
            LambdaContext::default(),
        );
        let answer = serve(registry, sockets, event).await.unwrap();
        serde_json::to_value(answer).unwrap()
    }

    #[tokio::test]
    async fn a_connection_registers_and_goes() {
        let (registry, sockets) = (Memory::default(), Sockets::open(&["c-1"]));
        let answer = tell(&registry, &sockets, "$connect", None).await;
        assert_eq!(answer, json!({ "statusCode": 200 }));
        assert_eq!(registry.rows(), [], "it has not said what it wants to hear");
        let wanted =
            r#"{"action":"register","services":["shop.orders","shop.users","shop.orders"]}"#;
        tell(&registry, &sockets, "register", Some(wanted)).await;
        let row = |service: &str| (service.to_owned(), "c-1".to_owned());
        assert_eq!(registry.rows(), [row("shop.orders"), row("shop.users")]);
        let heard = sockets.heard("c-1");
        assert_eq!(heard, [r#"{"registered":["shop.orders","shop.users"]}"#]);
        tell(&registry, &sockets, "$disconnect", None).await;
        assert_eq!(registry.rows(), []);
    }

    #[tokio::test]
    async fn whoever_says_something_else_is_told_what_can_be_said() {
        let (registry, sockets) = (Memory::default(), Sockets::open(&["c-1"]));
        let too_many = json!({ "action": "register", "services": vec!["shop.orders"; 21] });
        for (route, body) in [
            ("register", None),
            ("register", Some(r#"{"action":"register"}"#)),
            ("register", Some(r#"{"action":"register","services":[]}"#)),
            (
                "register",
                Some(r#"{"action":"register","services":["a b"]}"#),
            ),
            ("register", Some(r#"{"action":"register","services":[""]}"#)),
            ("register", Some(too_many.to_string().as_str())),
            ("$default", Some("hello")),
        ] {
            tell(&registry, &sockets, route, body).await;
        }
        assert_eq!(registry.rows(), []);
        let heard = sockets.heard("c-1").into_iter();
        let errors = heard.map(|text| {
            let reply: Value = serde_json::from_str(&text).unwrap();
            reply["error"].as_str().unwrap().to_owned()
        });
        insta::assert_snapshot!(errors.collect::<Vec<_>>().join("\n"), @r#"
        EOF while parsing a value at line 1 column 0; what can be said is {"action": "register", "services": ["shop.orders"]}
        missing field `services` at line 1 column 21; what can be said is {"action": "register", "services": ["shop.orders"]}
        from 1 to 20 services can be heard; what can be said is {"action": "register", "services": ["shop.orders"]}
        no source of events: "a b"
        no source of events: ""
        from 1 to 20 services can be heard; what can be said is {"action": "register", "services": ["shop.orders"]}
        there is no such action; what can be said is {"action": "register", "services": ["shop.orders"]}
        "#);
    }
}
