//! Business figures in CloudWatch's embedded metric format: a log line that
//! CloudWatch reads as metrics, so that counting costs no call
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! Namespace `shop`, one dimension `stack`, which tells service and environment.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::money::Money;

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    name: String,
    unit: &'static str,
    value: f64,
}

impl Metric {
    /// It happened once.
    pub fn count(name: &str) -> Self {
        Metric {
            name: name.to_owned(),
            unit: "Count",
            value: 1.0,
        }
    }

    /// An amount of money in minor units. The currency is part of the name, because amounts of two
    /// currencies make no sum: `orderTotalEUR`.
    pub fn amount(name: &str, money: Money) -> Self {
        Metric {
            name: format!("{name}{}", money.currency),
            unit: "None",
            // Exact up to 2^53 minor units.
            value: money.amount as f64,
        }
    }

    /// How long something took or lay, in milliseconds.
    pub fn milliseconds(name: &str, value: i64) -> Self {
        Metric {
            name: name.to_owned(),
            unit: "Milliseconds",
            value: value as f64,
        }
    }
}

/// Writes the figures to the log, with `properties` that say what they are about (an order's id).
/// Properties are searched for in the log and are no dimensions: they cost nothing.
pub fn record(metrics: &[Metric], properties: &[(&str, &str)]) {
    let stack = std::env::var("STACK_NAME").unwrap_or_default();
    println!("{}", line(&stack, metrics, properties, Utc::now()));
}

fn line(stack: &str, metrics: &[Metric], properties: &[(&str, &str)], now: DateTime<Utc>) -> Value {
    let mut line = Map::new();
    let names: Vec<Value> = metrics
        .iter()
        .map(|metric| json!({ "Name": metric.name, "Unit": metric.unit }))
        .collect();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.timestamp_millis(),
            "CloudWatchMetrics": [
                { "Namespace": "shop", "Dimensions": [["stack"]], "Metrics": names }
            ],
        }),
    );
    line.insert("stack".to_owned(), stack.into());
    for (name, value) in properties {
        line.insert((*name).to_owned(), (*value).into());
    }
    for metric in metrics {
        line.insert(metric.name.clone(), metric.value.into());
    }
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;
    use crate::money::Currency;

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let metrics = [
            Metric::count("orderCreated"),
            Metric::amount("orderTotal", Money::new(4950, Currency::EUR)),
        ];
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let line = line("shop-prod-orders", &metrics, &[("order_id", "2Swc")], now);
        insta::assert_snapshot!(line, @r#"{"_aws":{"Timestamp":1767225600000,"CloudWatchMetrics":[{"Namespace":"shop","Dimensions":[["stack"]],"Metrics":[{"Name":"orderCreated","Unit":"Count"},{"Name":"orderTotalEUR","Unit":"None"}]}]},"stack":"shop-prod-orders","order_id":"2Swc","orderCreated":1.0,"orderTotalEUR":4950.0}"#);
    }
}
