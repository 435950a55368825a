//! Requests and answers of an HTTP API (payload format 2.0).
//!
//! Routing is the gateway's: a service matches on the route key that its own
//! template declares. This module reads what arrived and shapes what leaves;
//! it knows no route.

use std::borrow::Cow;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::runtime::error_chain;
use crate::table::WriteError;
use crate::trace;

/// The largest request body that is read, in bytes: far above an honest request, far below the
/// gateway's 10 MB.
const MAX_BODY: usize = 64 * 1024;

/// Who calls, as the verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user's lasting identifier (`sub`).
    pub user_id: String,
    /// The address mails go to, when the token is an ID token.
    pub email: Option<String>,
    /// The name to greet with.
    pub name: Option<String>,
    /// The groups, for instance `admin`.
    pub groups: Vec<String>,
}

impl Caller {
    /// Whether the caller is of `group`; `admin` is of every group.
    pub fn is(&self, group: &str) -> bool {
        self.groups
            .iter()
            .any(|known| known == group || known == "admin")
    }

    /// A problem unless the caller is of `group`.
    pub fn require(&self, group: &str) -> Result<(), Problem> {
        if self.is(group) {
            Ok(())
        } else {
            Err(Problem::forbidden(format!("this is for group `{group}`")))
        }
    }
}

/// A request as a service sees it.
#[derive(Debug, Clone)]
pub struct Request(ApiGatewayV2httpRequest);

impl Request {
    /// The route that the gateway chose, as its template writes it: `GET /api/products`.
    pub fn route_key(&self) -> &str {
        self.0
            .request_context
            .route_key
            .as_deref()
            .unwrap_or("$default")
    }

    /// A `{parameter}` of the route.
    pub fn path(&self, name: &str) -> Result<&str, Problem> {
        self.0
            .path_parameters
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| Problem::bad_request(format!("the path lacks its {name}")))
    }

    /// A query parameter; an empty one counts as absent.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.0
            .query_string_parameters
            .first(name)
            .filter(|value| !value.is_empty())
    }

    /// A header that is plain text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name)?.to_str().ok()
    }

    /// The key under which a repetition of the request is known, if it has one: 1 to 200 visible
    /// characters, else 400.
    pub fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        let key = self.header("idempotency-key");
        let is_key = |key: &str| {
            (1..=200).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if key.is_none_or(is_key) {
            return Ok(key);
        }
        Err(Problem::bad_request(
            "Idempotency-Key has to be 1 to 200 visible characters, for instance a UUID",
        ))
    }

    /// The `limit` query parameter, at most `max`.
    pub fn limit(&self, default: u16, max: u16) -> Result<u16, Problem> {
        let Some(text) = self.query("limit") else {
            return Ok(default);
        };
        match text.parse() {
            Ok(limit) if (1..=max).contains(&limit) => Ok(limit),
            _ => Err(Problem::bad_request(format!(
                "limit has to be a number from 1 to {max}"
            ))),
        }
    }

    /// The body's bytes, if it has one.
    pub fn body(&self) -> Result<Option<Cow<'_, [u8]>>, Problem> {
        match (self.0.body.as_deref(), self.0.is_base64_encoded) {
            (None | Some(""), _) => Ok(None),
            (Some(text), false) => Ok(Some(text.as_bytes().into())),
            (Some(text), true) => BASE64_STANDARD
                .decode(text)
                .map(|body| Some(body.into()))
                .map_err(|_| Problem::bad_request("the body cannot be decoded")),
        }
    }

    /// The body, read as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body = self
            .body()?
            .ok_or_else(|| Problem::bad_request("the request has no body"))?;
        if body.len() > MAX_BODY {
            return Err(Problem::bad_request(format!(
                "the body is larger than {} KB",
                MAX_BODY / 1024
            )));
        }
        serde_json::from_slice(&body)
            .map_err(|error| Problem::bad_request(format!("the body is not as expected: {error}")))
    }

    /// A claim of the verified token that no [`Caller`] has; an empty one counts as absent.
    pub fn claim(&self, name: &str) -> Option<&str> {
        let authorizer = self.0.request_context.authorizer.as_ref()?;
        let claims = &authorizer.jwt.as_ref()?.claims;
        claims
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Who calls; a problem when the route has no authorizer or the token names nobody.
    pub fn caller(&self) -> Result<Caller, Problem> {
        let claims = self
            .0
            .request_context
            .authorizer
            .as_ref()
            .and_then(|authorizer| authorizer.jwt.as_ref())
            .map(|jwt| &jwt.claims)
            .ok_or_else(Problem::unauthorized)?;
        let text = |name: &str| claims.get(name).filter(|value| !value.is_empty()).cloned();
        Ok(Caller {
            user_id: text("sub").ok_or_else(Problem::unauthorized)?,
            email: text("email"),
            name: text("name"),
            groups: text("cognito:groups").map_or_else(Vec::new, |groups| parse_groups(&groups)),
        })
    }
}

impl From<ApiGatewayV2httpRequest> for Request {
    fn from(event: ApiGatewayV2httpRequest) -> Self {
        Request(event)
    }
}

/// The gateway flattens list claims into one text: `[admin warehouse]`.
fn parse_groups(text: &str) -> Vec<String> {
    text.trim_matches(['[', ']'])
        .split([' ', ','])
        .map(|group| group.trim_matches('"'))
        .filter(|group| !group.is_empty())
        .map(str::to_owned)
        .collect()
}

/// An answer: a status, headers, and a body that is JSON already.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    /// `value` as JSON, not to be stored by anyone on the way.
    pub fn json(status: u16, value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Answer {
            status,
            headers: HeaderMap::from_iter([
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                ),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ]),
            body: serde_json::to_string(value)?,
        })
    }

    /// An answer that says all with its status, for instance 204.
    pub fn empty(status: u16) -> Self {
        Answer {
            status,
            headers: HeaderMap::from_iter([(
                header::CACHE_CONTROL,
                HeaderValue::from_static("no-store"),
            )]),
            body: String::new(),
        }
    }

    /// The same answer with one more header; a value that no header can hold is left out.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The JSON text.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// A header that is plain text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let mut headers = HeaderMap::from_iter([
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/problem+json"),
            ),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ]);
        if problem.status == 503 {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        Answer {
            status: problem.status,
            headers,
            // A struct of texts and numbers always serialises.
            body: serde_json::to_string(&problem).unwrap_or_default(),
        }
    }
}

impl From<Answer> for ApiGatewayV2httpResponse {
    fn from(answer: Answer) -> Self {
        let mut response = ApiGatewayV2httpResponse::default();
        response.status_code = i64::from(answer.status);
        response.headers = answer.headers;
        response.body = Some(Body::Text(answer.body));
        response
    }
}

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub enum Refusal {
    /// The client is told.
    Problem(Problem),
    /// The log is told, the client learns only that it was our fault.
    Unexpected(Box<dyn std::error::Error + Send + Sync>),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Refusal::Problem(problem)
    }
}

impl<E> From<E> for Refusal
where
    E: std::error::Error + Send + Sync + 'static,
{
    fn from(error: E) -> Self {
        Refusal::Unexpected(Box::new(error))
    }
}

/// Answers one request with `route` and logs how it went.
pub async fn serve(
    event: LambdaEvent<ApiGatewayV2httpRequest>,
    route: impl AsyncFnOnce(Request) -> Result<Answer, Refusal>,
) -> Result<ApiGatewayV2httpResponse, lambda_runtime::Error> {
    let request = Request(event.payload);
    let route_key = request.route_key().to_owned();
    trace::annotate("route", &route_key);
    if let Ok(caller) = request.caller() {
        trace::annotate("userId", &caller.user_id);
    }
    let answer = match route(request).await {
        Ok(answer) => answer,
        Err(Refusal::Problem(problem)) => {
            tracing::info!(
                route = route_key,
                detail = problem.detail,
                "request refused"
            );
            problem.into()
        }
        Err(Refusal::Unexpected(error)) => {
            trace::fault();
            tracing::error!(
                route = route_key,
                error = error_chain(&*error),
                "request failed"
            );
            if WriteError::is_overload(&*error) {
                Problem::unavailable("too many ask for the same just now; please try again").into()
            } else {
                Problem::internal().into()
            }
        }
    };
    tracing::info!(
        route = route_key,
        status = answer.status,
        "request answered"
    );
    Ok(answer.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use lambda_runtime::Context;
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    fn event(changes: Value) -> ApiGatewayV2httpRequest {
        let mut event = json!({
            "version": "2.0",
            "routeKey": "POST /api/orders",
            "rawPath": "/api/orders",
            "rawQueryString": "",
            "headers": { "content-type": "application/json", "idempotency-key": "k-1" },
            "requestContext": {
                "routeKey": "POST /api/orders",
                "http": { "method": "POST", "path": "/api/orders", "protocol": "HTTP/1.1" },
            },
            "isBase64Encoded": false,
        });
        for (key, value) in changes.as_object().unwrap() {
            if key == "claims" {
                event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": value } });
            } else {
                event[key] = value.clone();
            }
        }
        serde_json::from_value(event).unwrap()
    }

    fn request(changes: Value) -> Request {
        event(changes).into()
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Cup {
        size: u8,
    }

    #[test]
    fn an_idempotency_key_is_a_plain_text() {
        let asked = |headers: Value| {
            let request = Request::from(event(json!({ "headers": headers })));
            request.idempotency_key().map(|key| key.map(str::to_owned))
        };
        assert_eq!(asked(json!({})), Ok(None));
        let key = json!({ "idempotency-key": "6f1c-1" });
        assert_eq!(asked(key), Ok(Some("6f1c-1".to_owned())));
        for wrong in ["", " ", "two words", &"x".repeat(201), "a\tb"] {
            let refused = asked(json!({ "idempotency-key": wrong }));
            assert_eq!(refused.unwrap_err().status, 400, "{wrong:?}");
        }
    }

    #[test]
    fn a_body_is_read_plain_or_base64() {
        assert_eq!(
            request(json!({"body": "{\"size\":2}"})).json::<Cup>(),
            Ok(Cup { size: 2 })
        );
        assert_eq!(
            request(json!({"body": "eyJzaXplIjoyfQ==", "isBase64Encoded": true})).json::<Cup>(),
            Ok(Cup { size: 2 })
        );
    }

    #[test]
    fn a_wrong_body_is_refused_with_its_place() {
        let refuse = |changes: Value| request(changes).json::<Cup>().unwrap_err();
        assert_eq!(refuse(json!({})).detail, "the request has no body");
        insta::assert_snapshot!(refuse(json!({"body": "{\"size\":\"big\"}"})).detail, @r#"the body is not as expected: invalid type: string "big", expected u8 at line 1 column 13"#);
        assert_eq!(
            refuse(json!({"body": "***", "isBase64Encoded": true})).detail,
            "the body cannot be decoded"
        );
        let long = format!("{{\"size\":2,\"padding\":\"{}\"}}", "x".repeat(MAX_BODY));
        assert_eq!(
            refuse(json!({ "body": long })).detail,
            "the body is larger than 64 KB"
        );
    }

    #[test]
    fn the_caller_is_who_the_token_names() {
        let caller = request(json!({"claims": {
            "sub": "u-1", "email": "eve@example.com", "cognito:groups": "[admin warehouse]",
        }}))
        .caller()
        .unwrap();
        assert_eq!(caller.user_id, "u-1");
        assert_eq!(caller.email.as_deref(), Some("eve@example.com"));
        assert_eq!(caller.groups, ["admin", "warehouse"]);
        assert!(caller.is("delivery"), "an admin may do everything");

        assert_eq!(request(json!({})).caller().unwrap_err().status, 401);
        assert_eq!(
            request(json!({"claims": {"sub": ""}}))
                .caller()
                .unwrap_err()
                .status,
            401
        );
    }

    #[test]
    fn a_group_is_needed_where_one_is_asked_for() {
        let packer = request(json!({"claims": {"sub": "u-2", "cognito:groups": "[warehouse]"}}));
        let packer = packer.caller().unwrap();
        assert_eq!(packer.require("warehouse"), Ok(()));
        assert_eq!(packer.require("admin").unwrap_err().status, 403);
        let customer = request(json!({"claims": {"sub": "u-3"}})).caller().unwrap();
        assert_eq!(customer.require("warehouse").unwrap_err().status, 403);
    }

    #[test]
    fn a_limit_has_to_be_in_range() {
        let limit = |value: &str| {
            request(json!({"queryStringParameters": {"limit": value}})).limit(20, 100)
        };
        assert_eq!(request(json!({})).limit(20, 100), Ok(20));
        assert_eq!(limit(""), Ok(20));
        assert_eq!(limit("1"), Ok(1));
        assert_eq!(limit("100"), Ok(100));
        for wrong in ["0", "101", "-1", "many", "1.5", "99999999999"] {
            assert_eq!(limit(wrong).unwrap_err().status, 400, "{wrong}");
        }
    }

    #[tokio::test]
    async fn an_unexpected_error_does_not_leak() {
        let event = LambdaEvent::new(event(json!({})), Context::default());
        let answer = serve(event, async |_| {
            Err(std::io::Error::other("password of the table is secret").into())
        })
        .await
        .unwrap();
        assert_eq!(answer.status_code, 500);
        let Some(Body::Text(body)) = answer.body else {
            panic!("an answer without a text");
        };
        insta::assert_snapshot!(body, @r#"{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"something went wrong on our side; it has been recorded"}"#);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }

    #[tokio::test]
    async fn who_asks_at_a_bad_moment_is_told_to_try_again() {
        let overloaded = || WriteError::Overloaded("busy".into());
        for refusal in [
            Problem::unavailable("try again").into(),
            overloaded().into(),
        ] {
            let event = LambdaEvent::new(event(json!({})), Context::default());
            let answer = serve(event, async |_| Err(refusal)).await.unwrap();
            assert_eq!(answer.status_code, 503);
            assert_eq!(answer.headers["retry-after"], "1");
        }
    }
}
