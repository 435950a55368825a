//! Every mail with example data, as files to look at.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};
use shop_core::id::Id;
use shop_core::order::CustomerOrder;

use crate::mail::{
    LowProduct, low_stock, order_created, order_moved, order_shipped, payment_refused,
};
use crate::notice::{Channel, Notice, Shop};

/// When the examples happen: 4 March 2026.
const THEN: i64 = 1_772_600_000;

/// Why the examples are not written.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// An example is not what it is an example of.
    #[error("example cannot be made")]
    Example(#[from] serde_json::Error),
    /// A mail.
    #[error("example cannot be written as a mail")]
    Mail(#[from] crate::notice::MailError),
    /// A file.
    #[error("example cannot be written to its file")]
    File(#[from] io::Error),
}

/// Writes `<occasion>.html` and `<occasion>.txt` for every mail into `folder`, and says which.
pub fn write(folder: &Path) -> Result<(), PreviewError> {
    fs::create_dir_all(folder)?;
    for (name, notice) in examples()? {
        fs::write(folder.join(format!("{name}.txt")), &notice.text)?;
        if let Channel::Mail { html, .. } = &notice.channel {
            let file = folder.join(format!("{name}.html"));
            fs::write(&file, html)?;
            println!("{}", file.display());
        }
    }
    Ok(())
}

fn examples() -> Result<Vec<(String, Notice)>, PreviewError> {
    let shop = Shop {
        name: "Tarnside".to_owned(),
        site_url: "https://shop.example".to_owned(),
        owner: "owner@shop.example".to_owned(),
    };
    let mut notices = order_created(&shop, &example("NEW", Value::Null)?)?;
    for status in ["CONFIRMED", "PACKAGED", "FULFILLED", "DELIVERY_FAILED"] {
        notices.extend(order_moved(&shop, &example(status, Value::Null)?, true)?);
    }
    let short = json!({
        "reason": "NO_STOCK",
        "shortages": [{ "productId": Id::fixed(THEN, "boot"), "available": 1, "needed": 2 }],
    });
    notices.extend(order_moved(&shop, &example("CANCELLED", short)?, false)?);
    notices.extend(order_shipped(
        &shop,
        &example("PACKAGED", Value::Null)?,
        Id::fixed(THEN, "t").as_str(),
    )?);
    let delivered = example("FULFILLED", Value::Null)?;
    let owed = delivered.order.total;
    notices.extend(payment_refused(&shop, &delivered, owed, "1")?);
    let product = LowProduct {
        product_id: Id::fixed(THEN, "boot"),
        name: "Ridgeline leather boot".to_owned(),
        quantity: 2,
    };
    notices.extend(low_stock(&shop, "example", &[product])?);
    let name = |notice: &Notice| {
        let mut parts = notice.id.split('/');
        let (what, whom) = (
            parts.next().unwrap_or_default(),
            parts.next_back().unwrap_or_default(),
        );
        format!("{what}-{whom}")
    };
    Ok(notices
        .into_iter()
        .map(|notice| (name(&notice), notice))
        .collect())
}

fn example(status: &str, cancellation: Value) -> Result<CustomerOrder, serde_json::Error> {
    serde_json::from_value(json!({
        "userId": "eve", "email": "eve@example.com",
        "orderId": Id::fixed(THEN, "order"), "status": status,
        "createdDate": "2026-03-04T09:00:00Z", "modifiedDate": "2026-03-04T09:00:00Z",
        "items": [
            { "productId": Id::fixed(THEN, "boot"), "size": "42", "name": "Ridgeline leather boot",
              "quantity": 2,
              "unitPrice": { "amount": 21900, "currency": "EUR" } },
            { "productId": Id::fixed(THEN, "cup"), "name": "Enamel cup", "quantity": 1,
              "unitPrice": { "amount": 1450, "currency": "EUR" } },
        ],
        "address": {
            "name": "Eve Example", "street": "1 Main Street", "city": "Springfield",
            "postalCode": "12345", "country": "DE",
        },
        "promotion": { "code": "SPRING-10", "percentage": 10 },
        "discount": { "amount": 4525, "currency": "EUR" },
        "deliveryPrice": { "amount": 1000, "currency": "EUR" },
        "total": { "amount": 41725, "currency": "EUR" },
        "cancellation": cancellation,
        "history": [],
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_is_an_example_of_every_mail() {
        let examples = examples().unwrap();
        let names: BTreeSet<_> = examples.iter().map(|(name, _)| name.as_str()).collect();
        insta::assert_snapshot!(names.into_iter().collect::<Vec<_>>().join(" "), @"low_stock-owner order_cancelled-customer order_confirmed-customer order_created-owner order_created-topic order_delivered-customer order_not_delivered-customer order_reduced-customer order_shipped-customer payment_refused-1-customer payment_refused-1-owner");
        for (name, notice) in &examples {
            assert!(!notice.text.contains("{{"), "{name}");
        }
    }
}
