//! What an administrator writes about a product, checked: nothing behind this module sees a price
//! below zero or a picture without a description.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use shop_core::check::Check;
use shop_core::id::Id;
use shop_core::money::{Currency, Money};
use shop_core::problem::Violation;
use shop_core::product::{Picture, Product};
use shop_core::quote::Package;

/// The dearest piece, in minor units: a typing error in a price should not pass for one.
const MAX_PRICE: i64 = 100_000_000;
/// The longest side of a package, in millimetres.
const MAX_SIDE: u32 = 10_000;
/// The heaviest package, in grams.
const MAX_WEIGHT: u32 = 1_000_000;

/// Some fields of a product. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Change {
    #[serde(deserialize_with = "present")]
    name: Option<String>,
    #[serde(deserialize_with = "present")]
    description: Option<String>,
    #[serde(deserialize_with = "present")]
    category: Option<String>,
    #[serde(deserialize_with = "present")]
    price: Option<Money>,
    #[serde(deserialize_with = "present")]
    pictures: Option<Vec<Picture>>,
    #[serde(deserialize_with = "present")]
    tags: Option<Vec<String>>,
    #[serde(deserialize_with = "present")]
    sizes: Option<Vec<String>>,
    #[serde(deserialize_with = "present")]
    package: Option<Package>,
    #[serde(deserialize_with = "present")]
    listed: Option<bool>,
}

/// Refuses `null`, which could mean "stays" as well as "goes".
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

impl Change {
    /// A new product, or everything that is wrong.
    pub fn create(self, id: Id, now: DateTime<Utc>) -> Result<Product, Vec<Violation>> {
        // Name, description, category, price and package have no good value of their own. Empty
        // texts are refused below; the other two have to be asked for here.
        let mut missing = Check::new();
        missing.require(self.price.is_some(), "/price", "this is needed");
        missing.require(self.package.is_some(), "/package", "this is needed");
        let blank = Product {
            product_id: id,
            name: String::new(),
            description: String::new(),
            category: String::new(),
            price: Money::new(0, Currency::EUR),
            pictures: Vec::new(),
            tags: Vec::new(),
            sizes: Vec::new(),
            package: Package::default(),
            listed: true,
            available: None,
            created_date: now,
            modified_date: now,
            version: 1,
        };
        let found = self.onto(blank);
        match (missing.finish(()), found) {
            (Ok(()), found) => found,
            (Err(missing), Ok(_)) => Err(missing),
            (Err(missing), Err(found)) => Err(found.into_iter().chain(missing).collect()),
        }
    }

    /// `old` with the change, or everything that is wrong. `None` when it changes nothing.
    pub fn apply(
        self,
        old: &Product,
        now: DateTime<Utc>,
    ) -> Result<Option<Product>, Vec<Violation>> {
        let new = self.onto(old.clone())?;
        Ok((new != *old).then(|| Product {
            modified_date: now,
            version: old.version + 1,
            ..new
        }))
    }

    fn onto(self, product: Product) -> Result<Product, Vec<Violation>> {
        let mut check = Check::new();
        let product = Product {
            name: check.line("/name", &self.name.unwrap_or(product.name), 100),
            description: check.text(
                "/description",
                &self.description.unwrap_or(product.description),
                4000,
            ),
            category: check.line("/category", &self.category.unwrap_or(product.category), 40),
            price: price(&mut check, self.price.unwrap_or(product.price)),
            pictures: pictures(&mut check, self.pictures.unwrap_or(product.pictures)),
            tags: words(&mut check, "/tags", self.tags.unwrap_or(product.tags)),
            sizes: words(&mut check, "/sizes", self.sizes.unwrap_or(product.sizes)),
            package: package(&mut check, self.package.unwrap_or(product.package)),
            listed: self.listed.unwrap_or(product.listed),
            ..product
        };
        check.finish(product)
    }
}

fn price(check: &mut Check, price: Money) -> Money {
    let fits = (0..=MAX_PRICE).contains(&price.amount);
    check.require(
        fits,
        "/price/amount",
        format!("from 0 to {MAX_PRICE}, in minor units"),
    );
    price
}

fn pictures(check: &mut Check, pictures: Vec<Picture>) -> Vec<Picture> {
    let pictures = check.most("/pictures", pictures, 12);
    let checked = pictures.into_iter().enumerate().map(|(position, picture)| {
        let url = check.line(&format!("/pictures/{position}/url"), &picture.url, 500);
        // Whatever else a URL may begin with is not a picture, and `//` is another host.
        let known = url.starts_with("https://") || (url.starts_with('/') && !url.starts_with("//"));
        check.require(
            known,
            format!("/pictures/{position}/url"),
            "a path of the site or an https address",
        );
        let alt = check.line(&format!("/pictures/{position}/alt"), &picture.alt, 200);
        Picture { url, alt }
    });
    checked.collect()
}

/// Short texts, each once, in their order.
fn words(check: &mut Check, pointer: &str, words: Vec<String>) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for (position, word) in check.most(pointer, words, 20).into_iter().enumerate() {
        let word = check.line(&format!("{pointer}/{position}"), &word, 30);
        if !known.contains(&word) {
            known.push(word);
        }
    }
    known
}

fn package(check: &mut Check, package: Package) -> Package {
    for (name, value, most) in [
        ("width", package.width, MAX_SIDE),
        ("length", package.length, MAX_SIDE),
        ("height", package.height, MAX_SIDE),
        ("weight", package.weight, MAX_WEIGHT),
    ] {
        check.require(
            value <= most,
            format!("/package/{name}"),
            format!("at most {most}"),
        );
    }
    package
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use serde_json::{Value, json};
    use shop_core::order::now;

    use super::*;

    fn whole() -> Value {
        json!({
            "name": " Boot ", "description": "For paths\r\nthat go up.", "category": "Shoes",
            "price": {"amount": 21900, "currency": "EUR"},
            "pictures": [{"url": "/images/boot.svg", "alt": "A boot"}],
            "tags": ["leather", "leather", "red"], "sizes": ["42", "43"],
            "package": {"width": 200, "length": 320, "height": 120, "weight": 1400},
        })
    }

    fn change(body: Value) -> Change {
        serde_json::from_value(body).unwrap()
    }

    fn boot() -> Product {
        change(whole())
            .create(Id::fixed(1_767_225_600, "boot"), now())
            .unwrap()
    }

    fn told(violations: &[Violation]) -> String {
        let lines = violations
            .iter()
            .map(|v| format!("{}: {}", v.pointer, v.detail));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_good_product_is_tidied_and_listed() {
        let boot = boot();
        assert_eq!(boot.name, "Boot");
        assert_eq!(boot.description, "For paths\nthat go up.");
        assert_eq!(boot.tags, ["leather", "red"]);
        assert_eq!(boot.package.weight, 1400);
        assert!(boot.listed);
        assert_eq!((boot.version, boot.available), (1, None));
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let nothing = change(json!({})).create(Id::new(), now()).unwrap_err();
        insta::assert_snapshot!(told(&nothing), @r"
        /name: this is needed
        /description: this is needed
        /category: this is needed
        /price: this is needed
        /package: this is needed
        ");
        let mut wrong = whole();
        wrong["name"] = json!("two\nlines");
        wrong["price"]["amount"] = json!(-1);
        wrong["pictures"] = json!([
            {"url": "javascript:alert(1)", "alt": "a"}, {"url": "//elsewhere", "alt": ""},
        ]);
        wrong["sizes"] = json!([""]);
        wrong["package"]["weight"] = json!(1_000_001);
        let wrong = change(wrong).create(Id::new(), now()).unwrap_err();
        insta::assert_snapshot!(told(&wrong), @r"
        /name: only one line of text
        /price/amount: from 0 to 100000000, in minor units
        /pictures/0/url: a path of the site or an https address
        /pictures/1/url: a path of the site or an https address
        /pictures/1/alt: this is needed
        /sizes/0: this is needed
        /package/weight: at most 1000000
        ");
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let old = boot();
        let later = old.modified_date + chrono::TimeDelta::seconds(1);
        let new = change(json!({"price": {"amount": 1, "currency": "EUR"}, "listed": false}));
        let new = new.apply(&old, later).unwrap().unwrap();
        assert_eq!(new.price.amount, 1);
        assert!(!new.listed);
        assert_eq!((new.version, new.modified_date), (2, later));
        let same = Product {
            price: old.price,
            listed: true,
            version: 1,
            modified_date: old.modified_date,
            ..new
        };
        assert_eq!(same, old);
    }

    #[test]
    fn what_changes_nothing_makes_no_version() {
        let old = boot();
        for body in [json!({}), json!({"name": "Boot", "listed": true}), whole()] {
            assert_eq!(change(body).apply(&old, now()), Ok(None));
        }
    }

    #[test]
    fn what_the_shop_keeps_itself_is_not_read_from_a_request() {
        for body in [
            json!({"available": 5}),
            json!({"version": 7}),
            json!({"productId": "x"}),
            json!({"name": null}),
            json!({"package": {"width": 1, "length": 1, "height": 1}}),
            json!({"price": {"amount": 1.5, "currency": "EUR"}}),
        ] {
            assert!(
                serde_json::from_value::<Change>(body.clone()).is_err(),
                "{body}"
            );
        }
    }
}
