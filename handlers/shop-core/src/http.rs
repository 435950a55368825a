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

/// How many entries a page of a list has, unless the client says otherwise (U173).
pub const PAGE: u16 = 20;
/// And how many at most.
pub const LARGEST_PAGE: u16 = 100;

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

    /// The `limit` query parameter: [`PAGE`] if it is not there, from 1 to [`LARGEST_PAGE`], else 400.
    pub fn limit(&self) -> Result<u16, Problem> {
        let Some(text) = self.query("limit") else {
            return Ok(PAGE);
        };
        match text.parse() {
            Ok(limit) if (1..=LARGEST_PAGE).contains(&limit) => Ok(limit),
            _ => Err(Problem::bad_request(format!(
                "limit has to be a number from 1 to {LARGEST_PAGE}"
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
#[path = "http_tests.rs"]
mod tests;
