//! Function `validate`: whether products are as somebody thinks they are (feature U059).
//!
//! Another function calls it directly; its permission to do so is the only way in. Compared are
//! name, package and price; what else the caller sends is not looked at.

use std::collections::{BTreeMap, BTreeSet};

use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shop_core::id::Id;
use shop_core::product::Product;

use crate::catalogue::Catalogue;
use crate::store::StoreError;

/// How many keys a batch read takes.
const BATCH: usize = 100;

/// Products as the caller knows them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Claims {
    products: Vec<Claim>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct Claim {
    product_id: String,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// What is wrong with them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verdict {
    /// In words: the reasons, or that there are none.
    message: String,
    /// As the wrong ones should be, or as they came where there is no such product.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    products: Vec<Value>,
}

/// Compares the products of the request with those of the catalogue.
pub async fn serve(
    catalogue: &impl Catalogue,
    event: LambdaEvent<Claims>,
) -> Result<Verdict, Error> {
    let claims = event.payload.products;
    let known = known(catalogue, &claims).await?;
    let mut seen = BTreeSet::new();
    let (mut reasons, mut products) = (Vec::new(), Vec::new());
    for claim in &claims {
        // Of two claims about one product the later one must not hide the earlier one: each is
        // compared, and the repetition itself is wrong (defect D12).
        let repeated = !seen.insert(&claim.product_id);
        let found = known.get(&claim.product_id);
        if let Some(reason) = fault(claim, found, repeated)? {
            reasons.push(reason);
            products.push(match found {
                Some(product) => serde_json::to_value(product)?,
                None => serde_json::to_value(claim)?,
            });
        }
    }
    tracing::info!(
        asked = claims.len(),
        wrong = products.len(),
        "products validated"
    );
    Ok(Verdict {
        message: match reasons.is_empty() {
            true => "All products are valid".to_owned(),
            false => reasons.join(". "),
        },
        products,
    })
}

/// The listed products of these claims, by identifier.
async fn known(
    catalogue: &impl Catalogue,
    claims: &[Claim],
) -> Result<BTreeMap<String, Product>, StoreError> {
    // What is no identifier names no product either.
    let ids: BTreeSet<Id> = claims
        .iter()
        .filter_map(|c| c.product_id.parse().ok())
        .collect();
    let ids: Vec<Id> = ids.into_iter().collect();
    let mut known = BTreeMap::new();
    for ids in ids.chunks(BATCH) {
        let found = catalogue.find_all(ids).await?.into_iter();
        let listed = found.filter(|product| product.listed);
        known.extend(listed.map(|product| (product.product_id.to_string(), product)));
    }
    Ok(known)
}

/// The first thing that is wrong with a claim.
fn fault(
    claim: &Claim,
    product: Option<&Product>,
    repeated: bool,
) -> Result<Option<String>, serde_json::Error> {
    let id = &claim.product_id;
    let Some(product) = product else {
        return Ok(Some(format!("Product '{id}' not found")));
    };
    for (key, want) in [
        ("name", serde_json::to_value(&product.name)?),
        ("package", serde_json::to_value(product.package)?),
        ("price", serde_json::to_value(product.price)?),
    ] {
        match claim.fields.get(key) {
            None => return Ok(Some(format!("Missing '{key}' in product '{id}'"))),
            Some(got) if *got == want => {}
            Some(got) => {
                let (want, got) = (text(&want), text(got));
                let reason = format!(
                    "Invalid value for '{key}': want '{want}', got '{got}' in product '{id}'"
                );
                return Ok(Some(reason));
            }
        }
    }
    Ok(repeated.then(|| format!("Product '{id}' occurs more than once")))
}

/// A text without quotation marks, anything else as JSON.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use lambda_runtime::Context;
    use serde_json::json;

    use super::*;
    use crate::fake::{FakeCatalogue, product};

    async fn judge(shop: &FakeCatalogue, claims: Vec<Value>) -> Verdict {
        let claims = serde_json::from_value(json!({ "products": claims })).unwrap();
        serve(shop, LambdaEvent::new(claims, Context::default()))
            .await
            .unwrap()
    }

    fn boot() -> Product {
        product("Boot", "Shoes")
    }

    /// What a client knows of the boot, with some fields otherwise; `null` takes one away.
    fn claim(changes: Value) -> Value {
        let mut claim = serde_json::to_value(boot()).unwrap();
        let fields = claim.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap().clone() {
            match value {
                Value::Null => fields.remove(&name),
                value => fields.insert(name, value),
            };
        }
        claim
    }

    #[tokio::test]
    async fn g19_a_claim_is_compared_in_name_package_and_price_only() {
        let shop = FakeCatalogue::with([boot()]);
        for right in [
            json!({}),
            json!({"pictures": [], "tags": ["x"], "quantity": 9, "category": null}),
        ] {
            let verdict = judge(&shop, vec![claim(right)]).await;
            assert_eq!(verdict.message, "All products are valid");
            assert!(verdict.products.is_empty());
        }
        let id = boot().product_id;
        let mut told = Vec::new();
        for wrong in [
            // 100 too high.
            json!({"price": {"amount": 1100, "currency": "EUR"}}),
            json!({"price": {"amount": 1000, "currency": "USD"}}),
            json!({"name": "Boots"}),
            json!({"package": {"width": 1, "length": 320, "height": 120, "weight": 1400}}),
            json!({"package": null}),
            // Only the first difference is told.
            json!({"name": "Boots", "price": null}),
        ] {
            let verdict = judge(&shop, vec![claim(wrong)]).await;
            assert_eq!(verdict.products, [serde_json::to_value(boot()).unwrap()]);
            told.push(verdict.message.replace(id.as_str(), "ID"));
        }
        insta::assert_snapshot!(told.join("\n"), @r#"
        Invalid value for 'price': want '{"amount":1000,"currency":"EUR"}', got '{"amount":1100,"currency":"EUR"}' in product 'ID'
        Invalid value for 'price': want '{"amount":1000,"currency":"EUR"}', got '{"amount":1000,"currency":"USD"}' in product 'ID'
        Invalid value for 'name': want 'Boot', got 'Boots' in product 'ID'
        Invalid value for 'package': want '{"width":200,"length":320,"height":120,"weight":1400}', got '{"width":1,"length":320,"height":120,"weight":1400}' in product 'ID'
        Missing 'package' in product 'ID'
        Invalid value for 'name': want 'Boot', got 'Boots' in product 'ID'
        "#);
    }

    #[tokio::test]
    async fn what_cannot_be_bought_is_not_found() {
        let hidden = Product {
            listed: false,
            ..product("Bag", "Bags")
        };
        let shop = FakeCatalogue::with([boot(), hidden.clone()]);
        for id in [
            hidden.product_id.as_str(),
            boot().product_id.as_str(),
            "no id",
        ] {
            let asked = json!({"productId": id, "name": "Boot"});
            let verdict = judge(&shop, vec![asked.clone()]).await;
            if id == boot().product_id.as_str() {
                assert!(
                    verdict.message.starts_with("Missing 'package'"),
                    "{verdict:?}"
                );
            } else {
                assert_eq!(verdict.message, format!("Product '{id}' not found"));
                assert_eq!(verdict.products, [asked]);
            }
        }
    }

    #[tokio::test]
    async fn a_wrong_price_cannot_hide_behind_a_right_one() {
        let shop = FakeCatalogue::with([boot()]);
        let cheap = claim(json!({"price": {"amount": 1, "currency": "EUR"}}));
        for claims in [
            vec![cheap.clone(), claim(json!({}))],
            vec![claim(json!({})), cheap],
        ] {
            let verdict = judge(&shop, claims).await;
            assert!(
                verdict.message.contains("Invalid value for 'price'"),
                "{verdict:?}"
            );
        }
        let twice = judge(&shop, vec![claim(json!({})), claim(json!({}))]).await;
        assert!(
            twice.message.ends_with("occurs more than once"),
            "{twice:?}"
        );
    }

    #[tokio::test]
    async fn more_products_than_a_batch_takes_are_compared() {
        let many: Vec<_> = (0..250).map(|n| product(&n.to_string(), "Shoes")).collect();
        let shop = FakeCatalogue::with(many.clone());
        let claims = many
            .iter()
            .map(|product| serde_json::to_value(product).unwrap());
        let verdict = judge(&shop, claims.collect()).await;
        assert_eq!(verdict.message, "All products are valid");
    }
}
