//! For tests: who may do what, as a table over every endpoint and every role.
//!
//! A service asks itself with [`table`]; a test that drives the whole API asks over HTTP and gives
//! the statuses to [`render`]. [`routes`] reads which routes a template has and which of them are
//! open.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use serde_json::{Value, json};

use crate::http::{Answer, Refusal, Request};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Nobody is logged in.
    Nobody,
    /// Someone without a group.
    Customer,
    /// Someone who packs orders.
    Warehouse,
    /// Someone who delivers packages.
    Delivery,
    /// Someone who runs the shop.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 5] = [
        Role::Nobody,
        Role::Customer,
        Role::Warehouse,
        Role::Delivery,
        Role::Admin,
    ];

    /// For the head of a table, and as the user's name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Nobody => "nobody",
            Role::Customer => "customer",
            Role::Warehouse => "warehouse",
            Role::Delivery => "delivery",
            Role::Admin => "admin",
        }
    }

    /// The claims of the role's ID token as the gateway passes them on: user `customer` has the
    /// identifier `customer`, and so on. `None` for nobody.
    pub fn claims(self) -> Option<Value> {
        let name = self.name();
        let mut claims = json!({
            "sub": name, "email": format!("{name}@example.com"), "email_verified": "true",
            "cognito:username": name, "token_use": "id",
        });
        match self {
            Role::Nobody => return None,
            Role::Customer => {}
            _ => claims["cognito:groups"] = json!(format!("[{name}]")),
        }
        Some(claims)
    }
}

/// A request of a table.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The route key: method, space, path with its `{parameters}`.
    pub route_key: String,
    path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Option<Value>,
}

impl Endpoint {
    /// A request for the route of this key.
    pub fn new(route_key: &str) -> Self {
        Endpoint {
            route_key: route_key.to_owned(),
            path: BTreeMap::new(),
            query: BTreeMap::new(),
            headers: BTreeMap::new(),
            body: None,
        }
    }

    /// With the value of a `{parameter}`.
    #[must_use]
    pub fn path(mut self, name: &str, value: impl ToString) -> Self {
        self.path.insert(name.to_owned(), value.to_string());
        self
    }

    /// With a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.insert(name.to_owned(), value.to_string());
        self
    }

    /// With a header, its name in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.insert(name.to_owned(), value.to_string());
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// As the gateway hands it to the function when `role` asks.
    pub fn request(&self, role: Role) -> Request {
        self.event(role).into()
    }

    fn event(&self, role: Role) -> ApiGatewayV2httpRequest {
        let (method, path) = self.route_key.split_once(' ').unwrap_or(("GET", "/"));
        let mut event = json!({
            "version": "2.0",
            "routeKey": self.route_key,
            "rawPath": path,
            "rawQueryString": "",
            "headers": self.headers,
            "pathParameters": self.path,
            "queryStringParameters": self.query,
            "requestContext": {
                "routeKey": self.route_key,
                "http": { "method": method, "path": path, "protocol": "HTTP/1.1" },
            },
            "isBase64Encoded": false,
        });
        if let Some(claims) = role.claims() {
            event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims } });
        }
        if let Some(body) = &self.body {
            event["body"] = Value::String(body.to_string());
        }
        // The shape of the type that it is read as; a wrong one shows in every test at once.
        serde_json::from_value(event).unwrap_or_default()
    }
}

/// The table of what `answer` says to every role at every endpoint. `answer` begins each time with a
/// shop of its own, so that no cell depends on another.
pub async fn table(
    endpoints: &[Endpoint],
    answer: impl AsyncFn(Role, Request) -> Result<Answer, Refusal>,
) -> String {
    let mut rows = Vec::new();
    for endpoint in endpoints {
        let mut statuses = Vec::new();
        for role in Role::ALL {
            statuses.push(status(answer(role, endpoint.request(role)).await));
        }
        rows.push((endpoint.route_key.clone(), statuses));
    }
    render(&rows)
}

/// The status that the client sees.
pub fn status(answer: Result<Answer, Refusal>) -> u16 {
    match answer {
        Ok(answer) => answer.status(),
        Err(Refusal::Problem(problem)) => problem.status,
        Err(Refusal::Unexpected(_)) => 500,
    }
}

/// Rows of a route key and one status for each of [`Role::ALL`] as a text with a head.
pub fn render(rows: &[(String, Vec<u16>)]) -> String {
    let width = rows.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let mut text = " ".repeat(width);
    for role in Role::ALL {
        let _ = write!(text, "  {}", role.name());
    }
    for (key, statuses) in rows {
        let _ = write!(text, "\n{key:width$}");
        for (role, status) in Role::ALL.iter().zip(statuses) {
            let width = role.name().len();
            let _ = write!(text, "  {status:<width$}");
        }
        text.truncate(text.trim_end().len());
    }
    text
}

/// The route keys of a template, and for each whether it asks for a token.
pub fn routes(template: &str) -> BTreeMap<&str, bool> {
    template
        .split("Type: AWS::ApiGatewayV2::Route\n")
        .skip(1)
        .filter_map(|resource| {
            // Up to the next resource: only its properties are indented that deep.
            let lines = resource
                .lines()
                .map(str::trim)
                .take_while(|line| !line.is_empty());
            let lines: Vec<_> = lines.collect();
            let key = lines
                .iter()
                .find_map(|line| line.strip_prefix("RouteKey: "))?;
            // Those of a WebSocket API have no method and no path.
            key.contains(' ')
                .then(|| (key, lines.contains(&"AuthorizationType: JWT")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn a_table_shows_every_role_at_every_endpoint() {
        let endpoints = [
            Endpoint::new("GET /api/products"),
            Endpoint::new("DELETE /api/products/{productId}").path("productId", "a"),
            Endpoint::new("POST /api/packages").body(json!({})),
        ];
        let text = table(&endpoints, async |_, request| {
            match request.route_key() {
                "GET /api/products" => {}
                "POST /api/packages" => request.caller()?.require("warehouse")?,
                _ => request.caller()?.require("admin")?,
            }
            Ok(Answer::empty(204))
        })
        .await;
        insta::assert_snapshot!(text, @r"
                                          nobody  customer  warehouse  delivery  admin
        GET /api/products                 204     204       204        204       204
        DELETE /api/products/{productId}  401     403       403        403       204
        POST /api/packages                401     403       204        403       204
        ");
    }

    #[test]
    fn the_caller_of_a_request_is_its_role() {
        let endpoint = Endpoint::new("GET /api/orders")
            .query("limit", 1)
            .header("if-match", "\"1\"");
        let request = endpoint.request(Role::Delivery);
        let caller = request.caller().unwrap();
        assert_eq!(caller.user_id, "delivery");
        assert_eq!(caller.email.as_deref(), Some("delivery@example.com"));
        assert_eq!(caller.groups, ["delivery"]);
        assert_eq!(request.query("limit"), Some("1"));
        assert_eq!(request.header("if-match"), Some("\"1\""));
        assert_eq!(
            endpoint.request(Role::Nobody).caller().unwrap_err().status,
            401
        );
    }

    #[test]
    fn a_template_says_which_routes_are_open() {
        let template = "\
Resources:
  ListRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      RouteKey: GET /api/products

  PlaceRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      RouteKey: POST /api/orders
      AuthorizationType: JWT
";
        let found: Vec<_> = routes(template).into_iter().collect();
        assert_eq!(
            found,
            [("GET /api/products", false), ("POST /api/orders", true)]
        );
    }
}
