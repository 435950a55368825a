//! A day's figures, its sentence, and its purchases as a table. Knows neither
//! database nor bucket.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{DateTime, NaiveDate, Utc};
use shop_core::details::SalesSummary;
use shop_core::id::Id;
use shop_core::money::{Currency, Money, MoneyError};
use shop_core::order::{Article, OrderStatus};

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The product and its size.
    pub article: Article,
    /// Its name then.
    pub name: String,
    /// Pieces.
    pub quantity: u32,
    /// Price of one piece.
    pub unit_price: Money,
}

/// An order as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// The order.
    pub order_id: Id,
    /// When it was placed.
    pub created: DateTime<Utc>,
    /// Where it is.
    pub status: OrderStatus,
    /// What it costs.
    pub total: Money,
    /// What was ordered.
    pub items: Vec<Item>,
}

impl Sale {
    /// Whether the shop earns its total: not when it was cancelled (D10), and not when nothing was
    /// packed or delivered, because its payment is given back then.
    fn earns(&self) -> bool {
        !matches!(
            self.status,
            OrderStatus::Cancelled | OrderStatus::PackagingFailed | OrderStatus::DeliveryFailed
        )
    }
}

/// Sums up the sales of a day. `currency` is what nothing is counted in.
///
/// # Errors
/// [`MoneyError::Overflow`] when a sum does not fit.
pub fn summarise(
    date: NaiveDate,
    time_zone: &str,
    complete: bool,
    sales: &[Sale],
    currency: Currency,
) -> Result<SalesSummary, MoneyError> {
    let mut sums = BTreeMap::from([(currency, Money::new(0, currency))]);
    for sale in sales.iter().filter(|sale| sale.earns()) {
        let sum = sums
            .entry(sale.total.currency)
            .or_insert(Money::new(0, sale.total.currency));
        *sum = sum.checked_add(sale.total)?;
    }
    // A shop with orders in another currency only says nothing about its own.
    let mut revenue: Vec<Money> = sums.into_values().collect();
    if revenue.len() > 1 {
        revenue.retain(|sum| sum.amount != 0);
    }
    let cancelled = count(sales, |status| status == OrderStatus::Cancelled);
    let failed = sales.iter().filter(|sale| !sale.earns()).count() - cancelled;
    let amounts: Vec<String> = revenue.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "There are {} total orders, with a total of {} revenue, and {cancelled} cancelled orders for {date}.",
        sales.len(),
        amounts.join(" and "),
    );
    if failed > 0 {
        let _ = write!(text, " {failed} more could not be packed or delivered.");
    }
    if !complete {
        text.push_str(" The day is not over yet.");
    }
    Ok(SalesSummary {
        date,
        time_zone: time_zone.to_owned(),
        complete,
        orders: sales.len(),
        cancelled,
        failed,
        revenue,
        text,
    })
}

fn count(sales: &[Sale], which: impl Fn(OrderStatus) -> bool) -> usize {
    sales.iter().filter(|sale| which(sale.status)).count()
}

/// A line for each line of each order (U153), with a head, as RFC 4180 has it. What is added comes
/// last: who reads the table may count columns.
pub fn purchases(sales: &[Sale]) -> String {
    let mut table =
        "orderId,createdDate,status,productId,name,quantity,unitPrice,currency,size\r\n".to_owned();
    for sale in sales {
        let created = sale
            .created
            .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        for item in &sale.items {
            let Item {
                article: Article { product_id, size },
                quantity,
                unit_price,
                ..
            } = item;
            let _ = write!(
                table,
                "{},{created},{},{product_id},{},{quantity},{},{},{}\r\n",
                sale.order_id,
                sale.status,
                field(&item.name),
                unit_price.amount,
                unit_price.currency,
                field(size.as_deref().unwrap_or_default()),
            );
        }
    }
    table
}

/// A text as a field. One that a spreadsheet would take for a formula is led by an apostrophe.
fn field(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn usd() -> Currency {
        "USD".parse().unwrap()
    }

    fn sale(name: &str, amount: i64, status: OrderStatus) -> Sale {
        Sale {
            order_id: Id::fixed(0, name),
            created: "2026-05-01T10:00:00Z".parse().unwrap(),
            status,
            total: Money::new(amount, usd()),
            items: Vec::new(),
        }
    }

    fn of(sales: &[Sale]) -> SalesSummary {
        let date = "2026-05-01".parse().unwrap();
        summarise(date, "Europe/Berlin", true, sales, usd()).unwrap()
    }

    #[test]
    fn g23_cancelled_orders_are_counted_and_earn_nothing() {
        use OrderStatus::{Cancelled, Confirmed, Fulfilled};
        let sales = |cancelled: usize| {
            let mut sales = [1000, 2000, 3000].map(|amount| sale("o", amount, Fulfilled));
            sales[0].status = Confirmed;
            sales[cancelled].status = Cancelled;
            sales
        };
        insta::assert_snapshot!(of(&sales(0)).text, @"There are 3 total orders, with a total of 50.00 USD revenue, and 1 cancelled orders for 2026-05-01.");
        insta::assert_snapshot!(of(&sales(1)).text, @"There are 3 total orders, with a total of 40.00 USD revenue, and 1 cancelled orders for 2026-05-01.");
        insta::assert_snapshot!(of(&sales(2)).text, @"There are 3 total orders, with a total of 30.00 USD revenue, and 1 cancelled orders for 2026-05-01.");
    }

    #[test]
    fn what_was_paid_back_is_no_revenue_either() {
        use OrderStatus::{DeliveryFailed, New, PackagingFailed};
        let summary = of(&[
            sale("a", 1000, New),
            sale("b", 1000, PackagingFailed),
            sale("c", 1000, DeliveryFailed),
        ]);
        assert_eq!((summary.cancelled, summary.failed), (0, 2));
        insta::assert_snapshot!(summary.text, @"There are 3 total orders, with a total of 10.00 USD revenue, and 0 cancelled orders for 2026-05-01. 2 more could not be packed or delivered.");
    }

    #[test]
    fn a_day_without_orders_and_one_with_two_currencies() {
        insta::assert_snapshot!(of(&[]).text, @"There are 0 total orders, with a total of 0.00 USD revenue, and 0 cancelled orders for 2026-05-01.");
        let yen = Money::new(500, "JPY".parse().unwrap());
        let mut sales = [
            sale("a", 1050, OrderStatus::New),
            sale("b", 1, OrderStatus::New),
        ];
        sales[1].total = yen;
        insta::assert_snapshot!(of(&sales).text, @"There are 2 total orders, with a total of 500 JPY and 10.50 USD revenue, and 0 cancelled orders for 2026-05-01.");
        assert_eq!(of(&sales[1..]).revenue, [yen]);
        let huge = [i64::MAX, 1].map(|amount| sale("o", amount, OrderStatus::New));
        summarise("2026-05-01".parse().unwrap(), "UTC", true, &huge, usd()).unwrap_err();
    }

    #[test]
    fn purchases_are_a_table_that_any_program_reads() {
        let item = |name: &str| Item {
            article: Article {
                product_id: Id::fixed(0, "boot"),
                size: Some("42".to_owned()),
            },
            name: name.to_owned(),
            quantity: 2,
            unit_price: Money::new(1250, usd()),
        };
        let mut sold = sale("o", 5000, OrderStatus::Confirmed);
        sold.items = vec![item("Boot, \"waxed\""), item("=1+1"), item("-a,b")];
        sold.items[2].article.size = None;
        insta::assert_snapshot!(purchases(&[sold]).replace("\r\n", "\n"), @r#"
        orderId,createdDate,status,productId,name,quantity,unitPrice,currency,size
        OcThkqvUZXIY5tpZatRuMpbjiT8,2026-05-01T10:00:00.000Z,CONFIRMED,OcThkpviBy83DRvqFnRvGCS21Wp,"Boot, ""waxed""",2,1250,USD,42
        OcThkqvUZXIY5tpZatRuMpbjiT8,2026-05-01T10:00:00.000Z,CONFIRMED,OcThkpviBy83DRvqFnRvGCS21Wp,'=1+1,2,1250,USD,42
        OcThkqvUZXIY5tpZatRuMpbjiT8,2026-05-01T10:00:00.000Z,CONFIRMED,OcThkpviBy83DRvqFnRvGCS21Wp,"'-a,b",2,1250,USD,
        "#);
    }
}
