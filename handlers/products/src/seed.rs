//! Function `seed`: a custom resource that fills the catalogue.
//!
//! It runs when its stack is created, and again when the resource's `Revision`
//! in the template changes. It adds products and brings those up to date that
//! nobody touched; what a person changed, added or deleted stays as it is, and
//! nothing is ever removed.

use aws_lambda_events::cloudformation::CloudFormationCustomResourceRequest;
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use shop_core::custom_resource::{self, Change};
use shop_core::id::Id;
use shop_core::idempotency::fingerprint;
use shop_core::money::Money;
use shop_core::order::now;
use shop_core::product::{Picture, Product};
use shop_core::quote::Package;

use crate::store::{Store, StoreError};

/// The first products of the shop.
const SEED: &str = include_str!("../seed/catalogue.json");

/// The time in the identifiers of seeded products: the day the shop opened.
const OPENED: i64 = 1_767_225_600;

/// How many products are written at once.
const PARALLEL: usize = 8;

/// Why the catalogue is not filled.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The seed file that was built in is wrong.
    #[error("seed catalogue cannot be read")]
    File(#[from] serde_json::Error),
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A product as the seed file has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct SeedProduct {
    /// Its lasting name in the seed file; the identifier is made of it.
    pub slug: String,
    /// See [`shop_core::product::Product`].
    pub name: String,
    /// See [`shop_core::product::Product`].
    pub description: String,
    /// See [`shop_core::product::Product`].
    pub category: String,
    /// See [`shop_core::product::Product`].
    pub price: Money,
    /// See [`shop_core::product::Product`].
    pub tags: Vec<String>,
    /// See [`shop_core::product::Product`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<String>,
    /// See [`shop_core::product::Product`].
    pub package: Package,
    /// See [`shop_core::product::Product`].
    pub pictures: Vec<Picture>,
}

impl SeedProduct {
    /// The identifier, the same in every shop and on every run.
    pub fn id(&self) -> Id {
        Id::fixed(OPENED, &format!("products/{}", self.slug))
    }

    /// The product that takes the place of `old`, the one that an earlier seed wrote.
    pub fn product(&self, old: Option<&Product>, now: DateTime<Utc>) -> Product {
        Product {
            product_id: self.id(),
            name: self.name.clone(),
            description: self.description.clone(),
            category: self.category.clone(),
            price: self.price,
            pictures: self.pictures.clone(),
            tags: self.tags.clone(),
            sizes: self.sizes.clone(),
            package: self.package,
            listed: true,
            available: old.and_then(|old| old.available),
            created_date: old.map_or(now, |old| old.created_date),
            modified_date: now,
            version: old.map_or(0, |old| old.version) + 1,
        }
    }

    /// Changes when anything of the product does.
    pub fn digest(&self) -> String {
        // A struct of texts and numbers always serialises.
        fingerprint(&serde_json::to_vec(self).unwrap_or_default())
    }
}

fn catalogue() -> Result<Vec<SeedProduct>, serde_json::Error> {
    serde_json::from_str(SEED)
}

/// Answers CloudFormation.
pub async fn serve(
    store: &Store,
    event: LambdaEvent<CloudFormationCustomResourceRequest>,
) -> Result<(), Error> {
    custom_resource::serve(event, "catalogue-seed", async |change| match change {
        Change::Create | Change::Update => fill(store).await,
        // The table goes, or stays with all that is in it: that is the stack's business.
        Change::Delete => Ok(()),
    })
    .await?;
    Ok(())
}

async fn fill(store: &Store) -> Result<(), SeedError> {
    let now = now();
    let products = catalogue()?;
    let written: Vec<bool> = stream::iter(&products)
        .map(|product| store.seed(product, now))
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await?;
    let count = written.iter().filter(|written| **written).count();
    tracing::info!(
        written = count,
        kept = written.len() - count,
        "catalogue seeded"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::change::Change;

    #[test]
    fn the_seed_is_a_catalogue_that_one_would_show() {
        let products = catalogue().unwrap();
        assert!(products.len() >= 24, "only {} products", products.len());
        let slugs: BTreeSet<_> = products.iter().map(|product| &product.slug).collect();
        let names: BTreeSet<_> = products.iter().map(|product| &product.name).collect();
        assert_eq!(slugs.len(), products.len(), "a slug occurs twice");
        assert_eq!(names.len(), products.len(), "a name occurs twice");
        let mut categories = BTreeMap::<_, u32>::new();
        for product in &products {
            *categories.entry(&product.category).or_default() += 1;
            assert!(product.price.amount > 0, "{} is free", product.slug);
            assert!(
                product.description.len() > 40,
                "{} is not described",
                product.slug
            );
            assert!(!product.tags.is_empty(), "{} has no tags", product.slug);
            let Package {
                width,
                length,
                height,
                weight,
            } = product.package;
            assert!(
                [width, length, height, weight].iter().all(|n| *n > 0),
                "{} is not packed",
                product.slug
            );
            let mut written = serde_json::to_value(product).unwrap();
            written.as_object_mut().unwrap().remove("slug");
            let written: Change = serde_json::from_value(written).unwrap();
            let written = written.create(product.id(), now());
            assert!(
                written.is_ok(),
                "no administrator could write it: {written:?}"
            );
            let picture = product.pictures.first();
            assert!(
                picture.is_some_and(|p| p.url.starts_with("/images/") && !p.alt.is_empty()),
                "{} has no picture",
                product.slug
            );
        }
        assert!(categories.len() >= 3, "{categories:?}");
    }

    #[test]
    fn a_product_keeps_its_identifier_when_it_changes() {
        let before = catalogue().unwrap().remove(0);
        let mut after = before.clone();
        after.price.amount += 1;
        assert_eq!(before.id(), after.id());
        assert_ne!(before.digest(), after.digest());
    }
}
