//! Answers CloudFormation as a custom resource does: with the rows it was asked for, or with why
//! there are none. Speaks both protocols by itself, so that it compiles at once; plain HTTP is all
//! that the local cloud asks for.

use std::env;
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

/// More than this is refused.
const MOST: u32 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let api = env::var("AWS_LAMBDA_RUNTIME_API")?;
    loop {
        let (head, event) = exchange(&api, "GET", "/2018-06-01/runtime/invocation/next", "")?;
        let id = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("lambda-runtime-aws-request-id"))
            .map(|(_, id)| id.trim().to_owned())
            .ok_or("an invocation without an identifier")?;
        answer(&event)?;
        exchange(
            &api,
            "POST",
            &format!("/2018-06-01/runtime/invocation/{id}/response"),
            "{}",
        )?;
    }
}

/// Tells CloudFormation how it went.
fn answer(event: &str) -> Result<(), Box<dyn Error>> {
    let text = |name| field(event, name).ok_or(format!("no {name} in {event}"));
    let rows: u32 = text("Rows")?.parse()?;
    println!("{} of {rows} rows", text("RequestType")?);
    let outcome = if rows <= MOST || text("RequestType")? == "Delete" {
        format!(r#""Status": "SUCCESS", "Data": {{"Rows": "{rows} rows"}}"#)
    } else {
        format!(r#""Status": "FAILED", "Reason": "{rows} rows are too many, {MOST} is the most""#)
    };
    let body = format!(
        r#"{{"PhysicalResourceId": "rows", "StackId": "{}", "RequestId": "{}", "LogicalResourceId": "{}", {outcome}}}"#,
        text("StackId")?,
        text("RequestId")?,
        text("LogicalResourceId")?,
    );
    let url = text("ResponseURL")?;
    let place = url.strip_prefix("http://").ok_or("not the local cloud")?;
    let (host, path) = place.split_once('/').ok_or("a URL without a path")?;
    exchange(host, "PUT", &format!("/{path}"), &body)?;
    Ok(())
}

/// The text of a field; none of those that are read here holds a quote.
fn field<'a>(event: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = event.split_once(&format!("\"{name}\""))?;
    let (_, rest) = rest.split_once('"')?;
    rest.split('"').next()
}

/// One request on a connection of its own; answers head and body.
fn exchange(
    host: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Result<(String, String), Box<dyn Error>> {
    let mut stream = TcpStream::connect(host)?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no HTTP")?;
    Ok((head.to_owned(), body.to_owned()))
}
