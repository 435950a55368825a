//! Greets whoever asks. Speaks the Lambda Runtime API by itself, so that it compiles at once.

use std::env;
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

const GREETING: &str = "hello";

fn main() -> Result<(), Box<dyn Error>> {
    let api = env::var("AWS_LAMBDA_RUNTIME_API")?;
    loop {
        let next = exchange(&api, "GET", "/2018-06-01/runtime/invocation/next", "")?;
        let id = next
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("lambda-runtime-aws-request-id"))
            .map(|(_, id)| id.trim().to_owned())
            .ok_or("an invocation without an identifier")?;
        let answer = format!(r#"{{"statusCode": 200, "body": "{GREETING}"}}"#);
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        exchange(&api, "POST", &path, &answer)?;
    }
}

/// One request on a connection of its own; answers head and body.
fn exchange(api: &str, method: &str, path: &str, body: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(api)?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {api}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
