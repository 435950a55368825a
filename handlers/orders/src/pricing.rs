//! What an order costs: the catalogue's prices times the quantities, less a
//! promotion, and its delivery.

use shop_core::delivery::Parcel;
use shop_core::money::{Money, MoneyError};
use shop_core::order::{Order, OrderItem};
use shop_core::problem::Violation;
use shop_core::quote::{Quote, QuotedProduct};

use crate::draft::Line;
use crate::promotion::discount;

/// The lines with names and prices, and what they cost together; or which ones cannot be ordered.
pub fn price(lines: &[Line], quote: &Quote) -> Result<(Vec<OrderItem>, Money), Vec<Violation>> {
    let mut violations = Vec::new();
    let mut items = Vec::new();
    for line in lines {
        match item(line, quote) {
            Ok(item) => items.push(item),
            Err(violation) => violations.push(violation),
        }
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    match subtotal(&items) {
        Ok(Some(subtotal)) => Ok((items, subtotal)),
        Ok(None) => Err(vec![Violation::new(
            "/items",
            "at least one product is needed",
        )]),
        Err(error @ MoneyError::CurrencyMismatch(..)) => Err(vec![Violation::new(
            "/items",
            format!("products of different currencies need an order each: {error}"),
        )]),
        Err(error) => Err(vec![Violation::new("/items", error.to_string())]),
    }
}

/// What the delivery service has to know of the lines; those that are not quoted are left out.
pub fn parcels(lines: &[Line], quote: &Quote) -> Vec<Parcel> {
    lines
        .iter()
        .filter_map(|line| {
            quoted(line, quote).map(|product| Parcel {
                quantity: line.quantity,
                package: product.package,
            })
        })
        .collect()
}

/// Works out what the order costs from what is in it (U094): items, less discount, and delivery.
pub fn retotal(order: &mut Order) -> Result<(), MoneyError> {
    let nothing = Money {
        amount: 0,
        ..order.delivery_price
    };
    let subtotal = subtotal(&order.items)?.unwrap_or(nothing);
    order.discount = order
        .promotion
        .as_ref()
        .map(|promotion| discount(promotion.terms, subtotal));
    let off = order.discount.unwrap_or(nothing);
    order.total = subtotal
        .checked_add(Money {
            amount: -off.amount,
            ..off
        })?
        .checked_add(order.delivery_price)?;
    Ok(())
}

/// What the items cost together; nothing when there are none.
pub fn subtotal(items: &[OrderItem]) -> Result<Option<Money>, MoneyError> {
    let costs = items
        .iter()
        .map(|item| item.unit_price.checked_mul(item.quantity))
        .collect::<Result<Vec<_>, _>>()?;
    Money::sum(costs)
}

/// What the catalogue says of the line's product.
pub fn quoted<'a>(line: &Line, quote: &'a Quote) -> Option<&'a QuotedProduct> {
    quote
        .products
        .iter()
        .find(|product| product.product_id == line.article.product_id)
}

/// The line with what the catalogue says of it, or why it cannot be ordered.
pub fn item(line: &Line, quote: &Quote) -> Result<OrderItem, Violation> {
    let wrong = |field: &str, detail: String| {
        Violation::new(format!("/items/{}/{field}", line.position), detail)
    };
    let product = quoted(line, quote)
        .ok_or_else(|| wrong("productId", "this product cannot be ordered".to_owned()))?;
    product
        .check_size(line.article.size.as_deref())
        .map_err(|problem| wrong("size", problem.to_string()))?;
    Ok(OrderItem {
        article: line.article.clone(),
        name: product.name.clone(),
        quantity: line.quantity,
        unit_price: product.price,
        picture: product.picture.clone(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use shop_core::id::Id;
    use shop_core::money::Currency;
    use shop_core::order::Article;
    use shop_core::quote::Package;

    use super::*;

    fn id(name: &str) -> Id {
        Id::fixed(1_767_225_600, name)
    }

    fn product(name: &str, amount: i64, currency: &str) -> QuotedProduct {
        QuotedProduct {
            product_id: id(name),
            name: name.to_owned(),
            price: Money::new(amount, currency.parse().unwrap()),
            package: Package::default(),
            sizes: Vec::new(),
            picture: None,
        }
    }

    fn line(position: usize, name: &str, quantity: u32) -> Line {
        Line {
            article: id(name).into(),
            quantity,
            position,
        }
    }

    #[test]
    fn the_total_is_the_sum_of_price_times_quantity() {
        let quote = Quote {
            products: vec![product("bag", 4950, "EUR"), product("boot", 21900, "EUR")],
        };
        let (items, total) = price(&[line(0, "boot", 2), line(1, "bag", 1)], &quote).unwrap();
        assert_eq!(total, Money::new(48750, Currency::EUR));
        assert_eq!(items[0].name, "boot");
        assert_eq!(items[0].unit_price.amount, 21900);
        assert_eq!(items[1].quantity, 1);
    }

    #[test]
    fn a_product_that_is_not_quoted_is_named_by_its_place_in_the_request() {
        let quote = Quote {
            products: vec![product("bag", 4950, "EUR")],
        };
        let violations = price(&[line(0, "bag", 1), line(3, "gone", 1)], &quote).unwrap_err();
        assert_eq!(
            violations,
            [Violation::new(
                "/items/3/productId",
                "this product cannot be ordered"
            )]
        );
    }

    #[test]
    fn u056_every_line_is_told_which_sizes_there_are() {
        let boot = QuotedProduct {
            sizes: vec!["41".to_owned(), "42".to_owned()],
            ..product("boot", 21900, "EUR")
        };
        let quote = Quote {
            products: vec![product("bag", 4950, "EUR"), boot],
        };
        let line = |position, name, size: Option<&str>| Line {
            article: Article {
                product_id: id(name),
                size: size.map(str::to_owned),
            },
            ..line(position, name, 1)
        };
        let good = [
            line(0, "boot", Some("41")),
            line(1, "boot", Some("42")),
            line(2, "bag", None),
        ];
        let (items, total) = price(&good, &quote).unwrap();
        let sizes: Vec<_> = items
            .iter()
            .map(|item| item.article.size.as_deref())
            .collect();
        assert_eq!(sizes, [Some("41"), Some("42"), None]);
        assert_eq!(total, Money::new(48750, Currency::EUR));
        let wrong = [
            line(0, "boot", None),
            line(1, "boot", Some("43")),
            line(2, "bag", Some("42")),
            line(3, "gone", Some("42")),
            line(4, "boot", Some("42")),
        ];
        let violations = price(&wrong, &quote).unwrap_err();
        let told = violations
            .iter()
            .map(|v| format!("{}: {}", v.pointer, v.detail));
        insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
        /items/0/size: choose one of the sizes 41, 42
        /items/1/size: there is no such size; choose one of 41, 42
        /items/2/size: this product comes in one size only: leave this out
        /items/3/productId: this product cannot be ordered
        ");
    }

    #[test]
    fn currencies_do_not_mix_and_amounts_do_not_wrap() {
        let quote = Quote {
            products: vec![
                product("bag", 4950, "EUR"),
                product("cup", 900, "USD"),
                product("moon", i64::MAX, "EUR"),
            ],
        };
        let mixed = price(&[line(0, "bag", 1), line(1, "cup", 1)], &quote).unwrap_err();
        insta::assert_snapshot!(mixed[0].detail, @"products of different currencies need an order each: EUR and USD cannot be added");
        let large = price(&[line(0, "moon", 2)], &quote).unwrap_err();
        insta::assert_snapshot!(large[0].detail, @"the amount is too large");
    }
}
