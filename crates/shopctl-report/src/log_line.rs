//! Lines of functions' logs as people read them: what is JSON is taken apart, what the platform
//! says of an invocation is shortened.

use serde_json::{Map, Value};

use crate::appearance::{Appearance, Line, Role};
use crate::text;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When, in milliseconds since 1970.
    pub timestamp: i64,
    /// Who wrote it, for instance `orders.ProcessFunction`.
    pub source: String,
    /// What was written.
    pub message: String,
}

/// What a line says.
#[derive(Debug, PartialEq)]
struct Said {
    level: Option<String>,
    message: String,
    fields: Vec<(String, String)>,
    /// The platform's own words, not the function's.
    platform: bool,
}

/// The line as text; `None` when it only says that an invocation begins or ends. `columns` is the
/// width of the widest source.
pub fn render_log_line(line: &LogLine, columns: usize, appearance: Appearance) -> Option<String> {
    let said = said(&line.message)?;
    let mut out = Line::new(Appearance {
        // Log lines are searched and copied: they are never cut.
        width: usize::MAX,
        ..appearance
    });
    out.push(Role::Quiet, &clock(line.timestamp));
    out.push(Role::Normal, "  ");
    out.push(Role::Link, &text::pad(&line.source, columns));
    out.push(Role::Normal, "  ");
    let level = said.level.as_deref().unwrap_or_default().to_uppercase();
    let role = match level.as_str() {
        "ERROR" | "FATAL" | "CRITICAL" => Role::BadStrong,
        "WARN" | "WARNING" => Role::AttentionStrong,
        _ => Role::Quiet,
    };
    out.push(role, &text::pad(&level, 5));
    out.push(Role::Normal, " ");
    let role = if said.platform {
        Role::Quiet
    } else {
        Role::Normal
    };
    out.push(role, &text::one_line(said.message.trim_end()));
    for (name, value) in &said.fields {
        out.push(Role::Normal, "  ");
        out.push(Role::Quiet, &format!("{name}="));
        out.push(Role::Normal, &text::one_line(value));
    }
    Some(out.finish())
}

fn said(message: &str) -> Option<Said> {
    match serde_json::from_str::<Value>(message) {
        Ok(Value::Object(object)) => from_object(object),
        _ => from_text(message),
    }
}

fn from_object(mut object: Map<String, Value>) -> Option<Said> {
    if let Some(kind) = object.get("type").and_then(Value::as_str)
        && let Some(kind) = kind.strip_prefix("platform.")
    {
        return from_platform(kind, object.get("record").unwrap_or(&Value::Null));
    }
    let mut take = |names: &[&str]| names.iter().find_map(|name| object.shift_remove(*name));
    let level = take(&["level", "severity", "lvl"]);
    take(&["timestamp", "time", "ts"]);
    let mut message = take(&["message", "msg"]);
    let mut fields = Vec::new();
    // Rust's tracing keeps them together.
    if let Some(Value::Object(mut inner)) = take(&["fields"]) {
        message = message.or_else(|| inner.shift_remove("message"));
        flatten("", Value::Object(inner), &mut fields);
    }
    // Those of the span are the line's too; its name says nothing that the source does not.
    if let Some(Value::Object(mut span)) = object.shift_remove("span") {
        span.shift_remove("name");
        flatten("", Value::Object(span), &mut fields);
    }
    flatten("", Value::Object(object), &mut fields);
    let level = level.map(|level| plain(&level));
    Some(Said {
        level,
        message: message.map(|message| plain(&message)).unwrap_or_default(),
        fields,
        platform: false,
    })
}

fn flatten(prefix: &str, value: Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let name = match prefix {
                    "" => name,
                    _ => format!("{prefix}.{name}"),
                };
                flatten(&name, value, fields);
            }
        }
        Value::Null => {}
        value => fields.push((prefix.to_owned(), plain(&value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Lambda's own lines in JSON form.
fn from_platform(kind: &str, record: &Value) -> Option<Said> {
    if kind != "report" {
        let status = record.get("status").and_then(Value::as_str);
        let failed = status.is_some_and(|status| status != "success");
        return failed.then(|| Said {
            level: Some("ERROR".to_owned()),
            message: format!("{kind}: {}", status.unwrap_or_default()),
            fields: Vec::new(),
            platform: true,
        });
    }
    let metric = |name: &str| record.pointer(&format!("/metrics/{name}")).map(plain);
    Some(report(
        metric("durationMs"),
        metric("initDurationMs"),
        metric("maxMemoryUsedMB"),
    ))
}

/// Lambda's own lines in text form, and everything that is no JSON.
fn from_text(message: &str) -> Option<Said> {
    let first = message.split_whitespace().next()?;
    if ["START", "END", "INIT_START"].contains(&first) && message.contains(": ") {
        return None;
    }
    if first == "REPORT" && message.contains("RequestId: ") {
        let after = |name: &str| {
            let (_, rest) = message.split_once(name)?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        return Some(report(
            after("\tDuration: ").or_else(|| after(" Duration: ")),
            after("Init Duration: "),
            after("Max Memory Used: "),
        ));
    }
    Some(Said {
        level: None,
        message: message.to_owned(),
        fields: Vec::new(),
        platform: false,
    })
}

fn report(duration: Option<String>, start: Option<String>, memory: Option<String>) -> Said {
    let mut parts = Vec::new();
    if let Some(duration) = duration {
        parts.push(format!("took {duration} ms"));
    }
    if let Some(start) = start {
        parts.push(format!("cold start {start} ms"));
    }
    // The local cloud does not measure it.
    if let Some(memory) = memory.filter(|memory| memory != "0") {
        parts.push(format!("{memory} MB"));
    }
    Said {
        level: None,
        message: parts.join(", "),
        fields: Vec::new(),
        platform: true,
    }
}

/// The time of day, UTC.
fn clock(timestamp: i64) -> String {
    let within = timestamp.rem_euclid(86_400_000);
    let (seconds, milliseconds) = (within / 1000, within % 1000);
    format!(
        "{:02}:{:02}:{:02}.{milliseconds:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn shown(messages: &[&str]) -> String {
        let lines = messages.iter().filter_map(|message| {
            let line = LogLine {
                timestamp: 1_780_000_001_042,
                source: "orders.Process".to_owned(),
                message: (*message).to_owned(),
            };
            render_log_line(&line, 15, Appearance::plain(40))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn json_is_taken_apart_and_never_cut() {
        assert_snapshot!(shown(&[
            r#"{"timestamp":"2026-01-01T00:00:00Z","level":"INFO","fields":{"message":"order accepted","orderId":"2x"},"target":"orders","span":{"requestId":"r-1","name":"api"}}"#,
            r#"{"level":"error","msg":"no answer","cause":null,"retries":3,"tags":["a"]}"#,
            r#"{"level":"WARN","message":"two\nlines"}"#,
            "plain text\n",
            "[1, 2]",
        ]), @r#"
        20:26:41.042  orders.Process   INFO  order accepted  orderId=2x  requestId=r-1  target=orders
        20:26:41.042  orders.Process   ERROR no answer  retries=3  tags=["a"]
        20:26:41.042  orders.Process   WARN  two lines
        20:26:41.042  orders.Process         plain text
        20:26:41.042  orders.Process         [1, 2]
        "#);
    }

    #[test]
    fn the_platform_is_short() {
        assert_snapshot!(shown(&[
            "START RequestId: 1f2e Version: $LATEST\n",
            "END RequestId: 1f2e\n",
            "REPORT RequestId: 1f2e\tDuration: 12.34 ms\tBilled Duration: 40 ms\tMemory Size: 256 MB\tMax Memory Used: 31 MB\tInit Duration: 25.01 ms\n",
            r#"{"time":"t","type":"platform.start","record":{"requestId":"1"}}"#,
            r#"{"time":"t","type":"platform.runtimeDone","record":{"status":"timeout"}}"#,
            r#"{"time":"t","type":"platform.report","record":{"metrics":{"durationMs":3.5,"maxMemoryUsedMB":20}}}"#,
        ]), @"
        20:26:41.042  orders.Process         took 12.34 ms, cold start 25.01 ms, 31 MB
        20:26:41.042  orders.Process   ERROR runtimeDone: timeout
        20:26:41.042  orders.Process         took 3.5 ms, 20 MB
        ");
    }
}
