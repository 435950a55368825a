//! What a customer asks for, checked: nothing behind this module sees a wrong
//! quantity or an empty address.

use serde::{Deserialize, Serialize};
use shop_core::address::AddressRequest;
use shop_core::check::Check;
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::order::{Address, Article};
use shop_core::problem::Violation;

use crate::promotion::normalized;

/// How many lines an order may have.
const MAX_LINES: usize = 50;
/// The longest payment token that is looked at, in bytes.
const MAX_TOKEN: usize = 200;
/// How many pieces of one product in one size.
const MAX_QUANTITY: u32 = 99;

/// The body of a request to place an order. Prices are not in it: a client that sends some is told
/// that they are not read.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderRequest {
    #[serde(default)]
    items: Vec<ItemRequest>,
    #[serde(default)]
    address: AddressRequest,
    #[serde(default)]
    payment_token: String,
    #[serde(default)]
    promotion_code: Option<String>,
    #[serde(default)]
    delivery_price: Option<Money>,
}

/// The body of a request to change an order before it is packed. What is not named stays.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditRequest {
    #[serde(default)]
    items: Option<Vec<ItemRequest>>,
    #[serde(default)]
    address: Option<AddressRequest>,
    #[serde(default)]
    payment_token: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("required" = ["productId", "quantity"])))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ItemRequest {
    #[serde(default)]
    product_id: String,
    /// One of the product's sizes; needed when it comes in several.
    #[serde(default)]
    size: Option<String>,
    #[serde(default)]
    quantity: i64,
}

/// One product of a draft, in one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The product and its size. Whether there is such a size, the catalogue knows.
    #[serde(flatten)]
    pub article: Article,
    /// Pieces, at least one.
    pub quantity: u32,
    /// Where the request names it first, for messages.
    #[serde(skip)]
    pub position: usize,
}

/// An order as asked for, without prices. Two requests that mean the same make equal drafts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// Different products or sizes, at least one.
    pub lines: Vec<Line>,
    /// Where to deliver.
    pub address: Address,
    /// What the payment provider gave the customer for the order's total.
    pub payment_token: String,
    /// A promotion code, in capitals.
    pub promotion_code: Option<String>,
    /// What the customer was shown as price of the delivery, if the page says so.
    pub delivery_price: Option<Money>,
}

/// What is to become different about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Everything that it is to hold.
    pub lines: Option<Vec<Line>>,
    /// Where to deliver.
    pub address: Option<Address>,
    /// Covers the new total, when that is more than before.
    pub payment_token: Option<String>,
}

impl OrderRequest {
    /// The draft, or everything that is wrong.
    pub fn check(self) -> Result<Draft, Vec<Violation>> {
        let mut violations = Vec::new();
        let lines = lines(self.items, &mut violations);
        let address = address(self.address, &mut violations);
        let payment_token = token(&self.payment_token, &mut violations);
        let promotion_code = self
            .promotion_code
            .map(|code| normalized(&code))
            .filter(|code| !code.is_empty());
        match address {
            Some(address) if violations.is_empty() => Ok(Draft {
                lines,
                address,
                payment_token,
                promotion_code,
                delivery_price: self.delivery_price,
            }),
            _ => Err(violations),
        }
    }
}

impl EditRequest {
    /// The edit, or everything that is wrong.
    pub fn check(self) -> Result<Edit, Vec<Violation>> {
        let mut violations = Vec::new();
        if self.items.is_none() && self.address.is_none() {
            violations.push(Violation::new("", "items or address are needed"));
        }
        let edit = Edit {
            lines: self.items.map(|items| lines(items, &mut violations)),
            address: self
                .address
                .and_then(|given| address(given, &mut violations)),
            payment_token: self
                .payment_token
                .map(|given| token(&given, &mut violations)),
        };
        if violations.is_empty() {
            Ok(edit)
        } else {
            Err(violations)
        }
    }
}

fn token(text: &str, violations: &mut Vec<Violation>) -> String {
    let text = text.trim();
    if text.is_empty() {
        violations.push(Violation::new("/paymentToken", "this is needed"));
    } else if text.len() > MAX_TOKEN || !text.bytes().all(|b| b.is_ascii_graphic()) {
        violations.push(Violation::new("/paymentToken", "this is no payment token"));
    }
    text.to_owned()
}

fn lines(items: Vec<ItemRequest>, violations: &mut Vec<Violation>) -> Vec<Line> {
    if items.is_empty() {
        violations.push(Violation::new("/items", "at least one product is needed"));
    }
    let mut lines: Vec<Line> = Vec::new();
    for (position, item) in items.into_iter().enumerate() {
        let at = |field: &str| format!("/items/{position}/{field}");
        let Ok(product_id) = item.product_id.parse::<Id>() else {
            violations.push(Violation::new(at("productId"), "this is not a product"));
            continue;
        };
        let size = item.size.map(|size| size.trim().to_owned());
        let article = Article {
            product_id,
            size: size.filter(|size| !size.is_empty()),
        };
        let quantity = u32::try_from(item.quantity).unwrap_or_default();
        let known = lines.iter_mut().find(|line| line.article == article);
        // The same product and size in two lines is one line with the sum of both.
        let sum = known
            .as_ref()
            .map_or(0, |line| line.quantity)
            .saturating_add(quantity);
        if quantity == 0 || sum > MAX_QUANTITY {
            let detail = format!("from 1 to {MAX_QUANTITY} pieces can be ordered");
            violations.push(Violation::new(at("quantity"), detail));
            continue;
        }
        match known {
            Some(line) => line.quantity = sum,
            None => lines.push(Line {
                article,
                quantity,
                position,
            }),
        }
    }
    if lines.len() > MAX_LINES {
        let detail = format!("at most {MAX_LINES} different products or sizes fit into an order");
        violations.push(Violation::new("/items", detail));
    }
    lines
}

fn address(request: AddressRequest, violations: &mut Vec<Violation>) -> Option<Address> {
    let mut check = Check::new();
    let address = request.check(&mut check, "/address");
    check
        .finish(address)
        .map_err(|found| violations.extend(found))
        .ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use serde_json::{Value, json};

    use super::*;

    fn id(name: &str) -> String {
        Id::fixed(1_767_225_600, name).to_string()
    }

    fn request(items: Value) -> OrderRequest {
        serde_json::from_value(json!({
            "items": items,
            "address": {
                "name": " Eve Example ", "street": "1 Main Street", "city": "Springfield",
                "postalCode": "12345", "country": "de",
            },
            "paymentToken": "t-1",
        }))
        .unwrap()
    }

    fn violations(request: OrderRequest) -> Vec<String> {
        let violations = request.check().unwrap_err();
        let text = |v: &Violation| format!("{}: {}", v.pointer, v.detail);
        violations.iter().map(text).collect()
    }

    #[test]
    fn a_good_request_is_tidied() {
        let draft = request(json!([{ "productId": id("boot"), "quantity": 2 }]))
            .check()
            .unwrap();
        assert_eq!(draft.lines.len(), 1);
        assert_eq!(draft.lines[0].quantity, 2);
        assert_eq!(draft.address.name, "Eve Example");
        assert_eq!(draft.address.country, "DE");
    }

    #[test]
    fn lines_of_the_same_product_and_size_become_one() {
        let draft = request(json!([
            { "productId": id("boot"), "size": "42", "quantity": 2 },
            { "productId": id("bag"), "quantity": 1 },
            { "productId": id("boot"), "size": "43", "quantity": 1 },
            { "productId": id("boot"), "size": " 42 ", "quantity": 3 },
            { "productId": id("bag"), "size": " ", "quantity": 1 },
        ]))
        .check()
        .unwrap();
        let lines: Vec<_> = draft
            .lines
            .iter()
            .map(|line| (line.article.size.as_deref(), line.quantity))
            .collect();
        assert_eq!(lines, [(Some("42"), 5), (None, 2), (Some("43"), 1)]);
    }

    #[test]
    fn g26_one_piece_is_an_order_and_none_is_not() {
        let pieces =
            |quantity: u32| request(json!([{ "productId": id("boot"), "quantity": quantity }]));
        assert_eq!(pieces(1).check().unwrap().lines[0].quantity, 1);
        assert_eq!(
            violations(pieces(0)),
            ["/items/0/quantity: from 1 to 99 pieces can be ordered"]
        );
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        insta::assert_snapshot!(violations(serde_json::from_value(json!({})).unwrap()).join("\n"), @r#"
        /items: at least one product is needed
        /address/name: this is needed
        /address/street: this is needed
        /address/city: this is needed
        /address/postalCode: this is needed
        /address/country: two letters are expected, for instance DE
        /paymentToken: this is needed
        "#);
        insta::assert_snapshot!(
            violations(request(json!([
                { "productId": "boot", "quantity": 1 },
                { "productId": id("bag"), "quantity": 0 },
                { "productId": id("cup"), "quantity": -1 },
                { "productId": id("pot"), "quantity": 100 },
                { "productId": id("pan"), "quantity": 60 },
                { "productId": id("pan"), "quantity": 60 },
                { "productId": id("tin"), "size": "L", "quantity": 4_294_967_297_i64 },
                { "quantity": 1 },
            ]))).join("\n"),
            @r#"
        /items/0/productId: this is not a product
        /items/1/quantity: from 1 to 99 pieces can be ordered
        /items/2/quantity: from 1 to 99 pieces can be ordered
        /items/3/quantity: from 1 to 99 pieces can be ordered
        /items/5/quantity: from 1 to 99 pieces can be ordered
        /items/6/quantity: from 1 to 99 pieces can be ordered
        /items/7/productId: this is not a product
        "#
        );
    }

    #[test]
    fn texts_of_an_address_have_limits() {
        let mut long = request(json!([{ "productId": id("boot"), "quantity": 1 }]));
        long.address.name = "x".repeat(101);
        long.address.street = "Main Street\nBcc: everybody".to_owned();
        long.address.country = "D1".to_owned();
        insta::assert_snapshot!(violations(long).join("\n"), @r#"
        /address/name: at most 100 characters
        /address/street: only one line of text
        /address/country: two letters are expected, for instance DE
        "#);
    }

    #[test]
    fn too_many_products_are_refused() {
        let items: Vec<_> = (0..51)
            .map(|n| json!({ "productId": id(&n.to_string()), "quantity": 1 }))
            .collect();
        assert_eq!(
            violations(request(json!(items))),
            ["/items: at most 50 different products or sizes fit into an order"]
        );
    }

    #[test]
    fn a_price_or_a_user_in_the_request_is_refused() {
        for body in [
            json!({ "items": [{ "productId": id("boot"), "quantity": 1, "price": 1 }] }),
            json!({ "userId": "somebody else" }),
        ] {
            let error = serde_json::from_value::<OrderRequest>(body).unwrap_err();
            assert!(error.to_string().starts_with("unknown field"), "{error}");
        }
    }
}
