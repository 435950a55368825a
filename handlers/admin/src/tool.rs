//! Function `tool`: one operation a request.
//!
//! | operation | payload | answer |
//! |---|---|---|
//! | `ping` | | `"pong"` |
//! | `echo` | anything | the payload |
//! | `list` | `{limit?, nextToken?}` | `{items, count, nextToken}` |
//! | `read` | `{key: {...}}` | `{item}`, or 404 |
//!
//! `tableName` is the name that the template gives a table; the client names no table of the account
//! (defect D36 of a system that this shop unites).

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shop_core::cursor;
use shop_core::http::{self, Answer, LARGEST_PAGE, PAGE, Refusal, Request};
use shop_core::problem::Problem;

use crate::tables::{Row, TableError, Tables};

/// Every route key of the template, and nothing else; what each is for says `openapi.rs`, and a test
/// compares them.
const ROUTE: &str = "POST /api/admin/tool";

/// The operations that wrote in the system that this tool comes from.
const WRITING: [&str; 3] = ["create", "update", "delete"];

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ToolRequest {
    operation: String,
    #[serde(default)]
    table_name: Option<String>,
    #[serde(default)]
    payload: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct ListRequest {
    limit: Option<u16>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadRequest {
    key: Row,
}

/// Answers one request.
pub async fn serve(
    tables: &impl Tables,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    http::serve(event, async |request| answer(tables, &request).await).await
}

async fn answer(tables: &impl Tables, request: &Request) -> Result<Answer, Refusal> {
    if request.route_key() != ROUTE {
        return Err(Problem::not_found("there is no such resource").into());
    }
    let caller = request.caller()?;
    caller.require("admin")?;
    let asked: ToolRequest = request.json()?;
    tracing::info!(
        user_id = caller.user_id,
        operation = asked.operation,
        table = asked.table_name,
        "tool used"
    );
    match asked.operation.as_str() {
        "ping" => Ok(Answer::json(200, &"pong")?),
        "echo" => Ok(Answer::json(200, &asked.payload)?),
        "list" => list(tables, &asked).await,
        "read" => read(tables, &asked).await,
        writing if WRITING.contains(&writing) => {
            Err(Problem::forbidden("this tool reads; changes go through the services").into())
        }
        other => Err(Problem::bad_request(format!("Unrecognized operation \"{other}\"")).into()),
    }
}

async fn list(tables: &impl Tables, asked: &ToolRequest) -> Result<Answer, Refusal> {
    let table = table(tables, asked)?;
    let list: ListRequest = payload(asked)?;
    let limit = list.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        let detail = format!("limit has to be a number from 1 to {LARGEST_PAGE}");
        return Err(Problem::bad_request(detail).into());
    }
    let from: Option<Row> = list.next_token.as_deref().map(cursor::decode).transpose()?;
    let page = tables.scan(table, limit, from).await.map_err(refused)?;
    let next = page.next.as_ref().map(cursor::encode).transpose()?;
    let answer = json!({ "items": page.rows, "count": page.rows.len(), "nextToken": next });
    Ok(Answer::json(200, &answer)?)
}

async fn read(tables: &impl Tables, asked: &ToolRequest) -> Result<Answer, Refusal> {
    let table = table(tables, asked)?;
    let ReadRequest { key } = payload(asked)?;
    let row = tables.get(table, key).await.map_err(refused)?;
    let row = row.ok_or_else(|| Problem::not_found("there is no such row"))?;
    Ok(Answer::json(200, &json!({ "item": row }))?)
}

/// The name of the table, if it is one of those that may be looked into.
fn table<'a>(tables: &impl Tables, asked: &'a ToolRequest) -> Result<&'a str, Problem> {
    let name = asked.table_name.as_deref().unwrap_or_default();
    let names = tables.names();
    if names.contains(&name) {
        Ok(name)
    } else {
        Err(Problem::bad_request(format!(
            "tableName has to be one of {}",
            names.join(", ")
        )))
    }
}

fn payload<T: DeserializeOwned>(asked: &ToolRequest) -> Result<T, Problem> {
    let given = match &asked.payload {
        Value::Null => json!({}),
        given => given.clone(),
    };
    serde_json::from_value(given)
        .map_err(|error| Problem::bad_request(format!("the payload is not as expected: {error}")))
}

fn refused(error: TableError) -> Refusal {
    match error {
        TableError::Key => Problem::bad_request(TableError::Key.to_string()).into(),
        other => other.into(),
    }
}

#[cfg(test)]
#[path = "openapi.rs"]
mod openapi;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::collections::BTreeMap;

    use shop_core::testing::{Endpoint, Role, routes, table};

    use super::*;
    use crate::tables::Page;

    struct FakeTables(Vec<Row>);

    fn row(value: Value) -> Row {
        serde_json::from_value(value).unwrap()
    }

    impl Tables for FakeTables {
        fn names(&self) -> Vec<&str> {
            vec!["orders", "products"]
        }

        async fn scan(&self, _: &str, limit: u16, from: Option<Row>) -> Result<Page, TableError> {
            let begin = from.map_or(0, |key| {
                let found = self.0.iter().position(|row| row["id"] == key["id"]);
                found.map_or(0, |index| index + 1)
            });
            let rest = self.0[begin..].iter();
            let rows: Vec<_> = rest.take(limit.into()).cloned().collect();
            let last = rows.last().filter(|_| begin + rows.len() < self.0.len());
            let next = last.map(|last| row(json!({"id": last["id"]})));
            Ok(Page { rows, next })
        }

        async fn get(&self, _: &str, key: Row) -> Result<Option<Row>, TableError> {
            let id = key.get("id").ok_or(TableError::Key)?;
            Ok(self.0.iter().find(|row| row["id"] == *id).cloned())
        }
    }

    fn tables() -> FakeTables {
        let rows = (1..=5).map(|n| row(json!({"id": n.to_string(), "price": 78.89})));
        FakeTables(rows.collect())
    }

    async fn ask(body: Value) -> (u16, Value) {
        let request = Endpoint::new(ROUTE).body(body).request(Role::Admin);
        match answer(&tables(), &request).await {
            Ok(answer) => (
                answer.status(),
                serde_json::from_str(answer.body()).unwrap(),
            ),
            Err(Refusal::Problem(problem)) => (problem.status, json!(problem.detail)),
            Err(Refusal::Unexpected(error)) => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn it_is_for_administrators() {
        let template = include_str!("../../../stacks/admin/template.yaml");
        assert_eq!(routes(template), BTreeMap::from([(ROUTE, true)]));
        let endpoint = Endpoint::new(ROUTE).body(json!({"operation": "ping"}));
        let text = table(&[endpoint], async |_, request| {
            answer(&tables(), &request).await
        })
        .await;
        insta::assert_snapshot!(text, @r"
                              nobody  customer  warehouse  delivery  admin
        POST /api/admin/tool  401     403       403        403       200
        ");
    }

    #[tokio::test]
    async fn g30_a_ping_is_answered_and_an_echo_comes_back() {
        assert_eq!(
            ask(json!({"operation": "ping"})).await,
            (200, json!("pong"))
        );
        let payload = json!({"any": ["thing", 1.5, null]});
        let echo = json!({"operation": "echo", "payload": payload});
        assert_eq!(ask(echo).await, (200, payload));
    }

    #[tokio::test]
    async fn g31_what_it_does_not_know_is_said_and_nothing_is_written() {
        let unknown = ask(json!({"operation": "foo"})).await;
        assert_eq!(unknown, (400, json!("Unrecognized operation \"foo\"")));
        for operation in WRITING {
            assert_eq!(
                ask(json!({"operation": operation, "tableName": "orders"}))
                    .await
                    .0,
                403
            );
        }
    }

    #[tokio::test]
    async fn a_table_is_listed_page_by_page_and_read_by_key() {
        let mut found = Vec::new();
        let mut payload = json!({"limit": 2});
        loop {
            let list = json!({"operation": "list", "tableName": "orders", "payload": payload});
            let (status, page) = ask(list).await;
            assert_eq!(
                (status, page["count"].as_u64()),
                (200, page["items"].as_array().map(|a| a.len() as u64))
            );
            found.extend(page["items"].as_array().unwrap().clone());
            match page["nextToken"].as_str() {
                Some(token) => payload = json!({"limit": 2, "nextToken": token}),
                None => break,
            }
        }
        assert_eq!(found.len(), 5);
        let read = |key: Value| {
            ask(json!({"operation": "read", "tableName": "orders", "payload": {"key": key}}))
        };
        assert_eq!(read(json!({"id": "3"})).await.1["item"]["price"], 78.89);
        assert_eq!(read(json!({"id": "9"})).await.0, 404);
        assert_eq!(read(json!({"name": "9"})).await.0, 400);
    }

    #[tokio::test]
    async fn only_tables_of_the_template_are_looked_into() {
        for body in [
            json!({"operation": "list"}),
            json!({"operation": "list", "tableName": "payments"}),
            json!({"operation": "read", "tableName": "users", "payload": {"key": {"id": "1"}}}),
        ] {
            let refused = ask(body).await;
            assert_eq!(
                refused,
                (400, json!("tableName has to be one of orders, products"))
            );
        }
        for payload in [
            json!({"limit": 101}),
            json!({"limit": 0}),
            json!({"filter": "x"}),
            json!({"nextToken": "x"}),
        ] {
            let body = json!({"operation": "list", "tableName": "orders", "payload": payload});
            assert_eq!(ask(body).await.0, 400);
        }
    }
}
