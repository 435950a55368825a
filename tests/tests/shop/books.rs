//! The books of the shop, read behind its back: its tables in DynamoDB and MariaDB, its reports and
//! its mails, and whether they say the same.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};
use shopctl_tests::eventually_right;

use crate::Shop;

/// Rows of every table that has something about orders, by the order unless said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Books {
    pub(crate) orders: BTreeMap<String, Value>,
    pub(crate) payments: BTreeMap<String, Value>,
    /// What the provider holds, by token.
    pub(crate) authorisations: BTreeMap<String, Value>,
    pub(crate) shipments: BTreeMap<String, Value>,
    /// Status of the packaging request.
    packaging: BTreeMap<String, Value>,
    /// Status and amount in the ledger of sales.
    sales: BTreeMap<String, (Value, Value)>,
    /// Pieces by product.
    pub(crate) stock: BTreeMap<String, u64>,
}

impl Books {
    pub(crate) fn read(shop: &Shop) -> Self {
        let table = |stack: &str, key: &str| {
            let rows = scan(shop, &physical(shop, stack, "Table")).into_iter();
            // A tombstone is what is left of a row that was deleted.
            by(key, rows.filter(|row| row["tombstone"].is_null()).collect())
        };
        let rows = |schema: &str, sql: &str| {
            let rows = rows_of(shop, schema, sql);
            let rows = rows.as_array().unwrap().clone();
            rows.into_iter().map(|row| (text(&row[0]), row))
        };
        Self {
            orders: table("orders", "orderId"),
            payments: table("payment", "orderId"),
            authorisations: table("payment-3p", "paymentToken"),
            shipments: table("delivery", "orderId"),
            packaging: rows("inventory", "SELECT order_id, status FROM packaging")
                .map(|(id, row)| (id, row[1].clone()))
                .collect(),
            sales: rows(
                "sales_report",
                "SELECT order_id, status, amount FROM sale WHERE NOT deleted",
            )
            .map(|(id, row)| (id, (row[1].clone(), row[2].clone())))
            .collect(),
            stock: rows("inventory", "SELECT product_id, quantity FROM product")
                .map(|(id, row)| (id, row[1].as_u64().expect("no product is oversold")))
                .collect(),
        }
    }

    /// What one table says of an order and another does not; nothing when they agree, and every
    /// order is decided.
    pub(crate) fn disagreements(&self) -> Vec<String> {
        let orders = self.orders.iter();
        orders
            .flat_map(|(id, order)| {
                let said = self.disagreements_about(id, order).into_iter();
                said.map(move |said| format!("order {id}: {said}"))
            })
            .collect()
    }

    fn disagreements_about(&self, id: &str, order: &Value) -> Vec<String> {
        let status = order["status"].as_str().unwrap();
        let total = &order["total"]["amount"];
        let (paid, packed): (&str, &[&str]) = match status {
            "CONFIRMED" => ("AUTHORISED", &["NEW", "IN_PROGRESS"]),
            "PACKAGED" => ("AUTHORISED", &["COMPLETED"]),
            "FULFILLED" => ("CAPTURED", &["COMPLETED"]),
            "PACKAGING_FAILED" | "DELIVERY_FAILED" => ("CANCELLED", &["COMPLETED"]),
            "CANCELLED" => ("CANCELLED", &["CANCELLED", "REFUSED"]),
            _ => return vec![format!("is {status}")],
        };
        let mut said = Vec::new();
        if self.sales.get(id) != Some(&(order["status"].clone(), total.clone())) {
            said.push(format!(
                "{status}, {total}; in the ledger {:?}",
                self.sales.get(id)
            ));
        }
        let request = self.packaging.get(id).and_then(Value::as_str);
        if !request.is_some_and(|request| packed.contains(&request)) {
            said.push(format!("{status}; in the warehouse {request:?}"));
        }
        let Some(payment) = self.payments.get(id) else {
            said.push("is not paid for".to_owned());
            return said;
        };
        if payment["status"] != paid {
            said.push(format!("{status}; its payment is {}", payment["status"]));
        }
        let amount = &payment["amount"]["amount"];
        if paid != "CANCELLED" && amount != total {
            said.push(format!("costs {total}; its payment is of {amount}"));
        }
        let token = text(&payment["paymentToken"]);
        let held = &self.authorisations[&token];
        // More may be held than the order costs, and is let go when that is taken.
        let covered = match paid {
            "AUTHORISED" => held["amount"].as_u64() >= amount.as_u64(),
            "CAPTURED" => held["amount"] == *amount,
            _ => true,
        };
        if held["state"] != paid || !covered {
            said.push(format!("{status}, {amount}; at the provider {held}"));
        }
        said
    }
}

/// Waits until all tables say the same of every order.
#[track_caller]
pub(crate) fn the_books_agree(shop: &Shop) {
    eventually_right("the books agree", || {
        let said = Books::read(shop).disagreements();
        if said.is_empty() { Ok(()) } else { Err(said) }
    });
}

fn by(key: &str, rows: Vec<Value>) -> BTreeMap<String, Value> {
    rows.into_iter().map(|row| (text(&row[key]), row)).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The name that CloudFormation gave to a resource.
pub(crate) fn physical(shop: &Shop, stack: &str, logical: &str) -> String {
    let asked = json!({
        "StackName": format!("shop-local-{stack}"), "LogicalResourceId": logical,
    });
    let cloud = &shop.emulator;
    let found = cloud.call("cloudformation", "describe_stack_resource", &asked);
    text(&found["StackResourceDetail"]["PhysicalResourceId"])
}

/// All rows of a table of DynamoDB.
pub(crate) fn scan(shop: &Shop, table: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut asked = json!({ "TableName": table, "ConsistentRead": true });
    loop {
        let mut page = shop.emulator.call("dynamodb", "scan", &asked);
        let items = page["Items"].as_array().unwrap();
        rows.extend(items.iter().map(plain_map));
        match page["LastEvaluatedKey"].take() {
            Value::Null => return rows,
            last => asked["ExclusiveStartKey"] = last,
        }
    }
}

fn plain_map(attributes: &Value) -> Value {
    let attributes = attributes.as_object().unwrap().iter();
    let plain: Map<_, _> = attributes
        .map(|(name, value)| (name.clone(), plain(value)))
        .collect();
    plain.into()
}

/// What DynamoDB writes with its type, as JSON has it.
fn plain(attribute: &Value) -> Value {
    let (kind, value) = attribute.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "N" => value.as_str().unwrap().parse().unwrap(),
        "L" => value.as_array().unwrap().iter().map(plain).collect(),
        "M" => plain_map(value),
        "NULL" => Value::Null,
        _ => value.clone(),
    }
}

/// What MariaDB answers, row by row.
pub(crate) fn rows_of(shop: &Shop, schema: &str, sql: &str) -> Value {
    let asked = json!({
        "resourceArn": shop.output("database", "InstanceArn"),
        "secretArn": shop.output("database", "SecretArn"), "database": schema, "sql": sql,
    });
    let answer = shop.emulator.call("rds-data", "execute_statement", &asked);
    let value = |field: &Value| field.as_object().unwrap().values().next().unwrap().clone();
    let rows = answer["records"].as_array().unwrap().iter();
    rows.map(|row| row.as_array().unwrap().iter().map(value).collect::<Value>())
        .collect()
}

/// The sales report of a day; none of a day that has not begun.
pub(crate) fn report(shop: &Shop, day: NaiveDate) -> Option<Value> {
    let asked = json!({
        "FunctionName": shop.output("sales-report", "ReportFunctionName"),
        "Payload": json!({ "date": day }).to_string(),
    });
    let answer = shop.emulator.call("lambda", "invoke", &asked);
    let report: Value = serde_json::from_str(answer["Payload"].as_str().unwrap()).unwrap();
    report["orders"].is_u64().then_some(report)
}

/// All mails so far.
pub(crate) fn mails(shop: &Shop) -> Vec<Value> {
    let url = format!("{}/_ministack/ses/messages", shop.emulator.endpoint);
    let sent = shop.http.get(&url).expect(200).json();
    let sent = sent["messages"]["000000000000"].as_array();
    sent.cloned().unwrap_or_default()
}

/// Mails that somebody got twice.
pub(crate) fn doubled_mails(shop: &Shop) -> Vec<String> {
    let mut count: BTreeMap<String, u32> = BTreeMap::new();
    for mail in mails(shop) {
        let mail = format!("{} {} {}", mail["To"], mail["Subject"], mail["BodyText"]);
        *count.entry(mail).or_default() += 1;
    }
    count.retain(|_, times| *times > 1);
    count.into_keys().collect()
}
