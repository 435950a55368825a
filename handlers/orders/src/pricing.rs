//! What an order costs: the catalogue's prices times the quantities.

use shop_core::money::{Money, MoneyError};
use shop_core::order::OrderItem;
use shop_core::problem::Violation;
use shop_core::quote::{Quote, QuotedProduct};

use crate::draft::Line;

/// The lines with names and prices, and their total; or which ones cannot be ordered.
pub fn price(lines: &[Line], quote: &Quote) -> Result<(Vec<OrderItem>, Money), Vec<Violation>> {
    let mut violations = Vec::new();
    let mut items = Vec::new();
    let mut costs = Vec::new();
    for line in lines {
        let product = quote
            .products
            .iter()
            .find(|product| product.product_id == line.product_id);
        let Some(product) = product else {
            violations.push(Violation::new(
                format!("/items/{}/productId", line.position),
                "this product cannot be ordered",
            ));
            continue;
        };
        costs.push(product.price.checked_mul(line.quantity));
        items.push(item(line, product));
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    let total = costs
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .and_then(Money::sum);
    match total {
        Ok(Some(total)) => Ok((items, total)),
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

fn item(line: &Line, product: &QuotedProduct) -> OrderItem {
    OrderItem {
        product_id: product.product_id.clone(),
        name: product.name.clone(),
        quantity: line.quantity,
        unit_price: product.price,
        picture: product.picture.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use shop_core::id::Id;
    use shop_core::money::Currency;
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
            picture: None,
        }
    }

    fn line(position: usize, name: &str, quantity: u32) -> Line {
        Line {
            product_id: id(name),
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
