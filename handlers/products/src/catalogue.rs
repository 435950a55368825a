//! What the functions of this service need of the catalogue; [`crate::store`] is the one on AWS.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shop_core::details::StockChanged;
use shop_core::id::Id;
use shop_core::product::Product;

use crate::store::StoreError;

/// Which products are listed by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum List {
    /// All that can be bought.
    Listed,
    /// Those of one category.
    Category(String),
    /// Those that were taken off the list.
    Unlisted,
}

/// Where a page of a list ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The category the list is limited to.
    pub category: Option<String>,
    /// Name of the last product.
    pub name: String,
    /// The last product.
    pub id: Id,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its products, by name.
    pub products: Vec<Product>,
    /// Where it ends, when another page follows.
    pub next: Option<Place>,
}

/// A word of a product in the index. They sort by word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The word.
    pub word: String,
    /// Whose it is.
    pub id: Id,
}

/// The catalogue.
pub trait Catalogue {
    /// One page of a list, from after `from`.
    async fn page(&self, list: &List, limit: u16, from: Option<&Place>)
    -> Result<Page, StoreError>;

    /// The product, listed or not.
    async fn find(&self, id: &Id) -> Result<Option<Product>, StoreError>;

    /// Those of `ids` (at most 100) that there are, listed or not, in no particular order.
    async fn find_all(&self, ids: &[Id]) -> Result<Vec<Product>, StoreError>;

    /// The next `limit` words that begin with `term`, from after `from`, and whether more follow.
    async fn entries(
        &self,
        term: &str,
        limit: u16,
        from: Option<&Entry>,
    ) -> Result<(Vec<Entry>, bool), StoreError>;

    /// How many listed products each category has.
    async fn categories(&self) -> Result<BTreeMap<String, u64>, StoreError>;

    /// Puts `new` in the place of `old`, with the words that each is found by: nothing old is a new
    /// product, nothing new a deleted one. False when the catalogue has another version than `old`;
    /// then nothing is changed.
    async fn write(&self, old: Option<&Product>, new: Option<&Product>)
    -> Result<bool, StoreError>;

    /// Notes how many pieces there are, unless the catalogue knows of a later count or not of the
    /// product. Whether it was noted.
    async fn stock(&self, count: &StockChanged) -> Result<bool, StoreError>;
}
