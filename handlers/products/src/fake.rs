//! The catalogue in memory, for tests.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use shop_core::cursor::cut;
use shop_core::details::StockChanged;
use shop_core::id::Id;
use shop_core::money::{Currency, Money};
use shop_core::product::Product;
use shop_core::quote::Package;

use crate::catalogue::{Catalogue, Entry, List, Page, Place};
use crate::store::StoreError;
use crate::words;

/// A product whose identifier is that of its name.
pub fn product(name: &str, category: &str) -> Product {
    let opened = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
    Product {
        product_id: Id::fixed(1_767_225_600, name),
        name: name.to_owned(),
        description: "It.".to_owned(),
        category: category.to_owned(),
        price: Money::new(1000, Currency::EUR),
        pictures: Vec::new(),
        tags: Vec::new(),
        sizes: Vec::new(),
        package: Package {
            width: 200,
            length: 320,
            height: 120,
            weight: 1400,
        },
        listed: true,
        available: None,
        created_date: opened,
        modified_date: opened,
        version: 1,
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct FakeCatalogue {
    products: RefCell<BTreeMap<Id, Product>>,
    words: RefCell<BTreeSet<Entry>>,
    counted: RefCell<BTreeMap<Id, u64>>,
    /// Makes every call fail.
    pub down: Cell<bool>,
}

impl FakeCatalogue {
    /// With these products.
    pub fn with(products: impl IntoIterator<Item = Product>) -> Self {
        let catalogue = FakeCatalogue::default();
        for product in products {
            catalogue.put(None, Some(&product));
        }
        catalogue
    }

    fn put(&self, old: Option<&Product>, new: Option<&Product>) {
        let mut words = self.words.borrow_mut();
        let entries = |product: &Product| {
            let id = product.product_id.clone();
            let words = words::of(product).into_iter();
            words
                .map(move |word| Entry {
                    word,
                    id: id.clone(),
                })
                .collect::<Vec<_>>()
        };
        for entry in old.map(entries).unwrap_or_default() {
            words.remove(&entry);
        }
        words.extend(new.map(entries).unwrap_or_default());
        let mut products = self.products.borrow_mut();
        if let Some(old) = old {
            products.remove(&old.product_id);
        }
        if let Some(new) = new {
            products.insert(new.product_id.clone(), new.clone());
        }
    }

    fn up(&self) -> Result<(), StoreError> {
        match self.down.get() {
            true => Err(StoreError::Call("it is down".into())),
            false => Ok(()),
        }
    }
}

impl Catalogue for FakeCatalogue {
    async fn page(
        &self,
        list: &List,
        limit: u16,
        from: Option<&Place>,
    ) -> Result<Page, StoreError> {
        self.up()?;
        let products = self.products.borrow();
        let mut found: Vec<_> = products
            .values()
            .filter(|product| match list {
                List::Listed => product.listed,
                List::Unlisted => !product.listed,
                List::Category(category) => product.listed && product.category == *category,
            })
            .filter(|p| from.is_none_or(|f| (&p.name, &p.product_id) > (&f.name, &f.id)))
            .cloned()
            .collect();
        found.sort_by(|a, b| (&a.name, &a.product_id).cmp(&(&b.name, &b.product_id)));
        let (products, follows) = cut(found, limit, false);
        let next = products.last().filter(|_| follows).map(|last| Place {
            category: match list {
                List::Category(category) => Some(category.clone()),
                _ => None,
            },
            name: last.name.clone(),
            id: last.product_id.clone(),
        });
        Ok(Page { products, next })
    }

    async fn find(&self, id: &Id) -> Result<Option<Product>, StoreError> {
        self.up()?;
        Ok(self.products.borrow().get(id).cloned())
    }

    async fn find_all(&self, ids: &[Id]) -> Result<Vec<Product>, StoreError> {
        self.up()?;
        assert!(ids.len() <= 100, "a batch read takes 100 keys");
        let products = self.products.borrow();
        Ok(ids
            .iter()
            .filter_map(|id| products.get(id).cloned())
            .collect())
    }

    async fn entries(
        &self,
        term: &str,
        limit: u16,
        from: Option<&Entry>,
    ) -> Result<(Vec<Entry>, bool), StoreError> {
        self.up()?;
        let words = self.words.borrow();
        let begin = words.iter().filter(|entry| entry.word.starts_with(term));
        let mut after: Vec<_> = begin.filter(|entry| Some(*entry) > from).cloned().collect();
        let more = after.len() > usize::from(limit);
        after.truncate(limit.into());
        Ok((after, more))
    }

    async fn categories(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        self.up()?;
        let mut counts = BTreeMap::new();
        for product in self
            .products
            .borrow()
            .values()
            .filter(|product| product.listed)
        {
            *counts.entry(product.category.clone()).or_default() += 1;
        }
        Ok(counts)
    }

    async fn write(
        &self,
        old: Option<&Product>,
        new: Option<&Product>,
    ) -> Result<bool, StoreError> {
        self.up()?;
        let id = &old.or(new).expect("something to write").product_id;
        let known = self.products.borrow().get(id).cloned();
        if known.as_ref().map(|product| product.version) != old.map(|product| product.version) {
            return Ok(false);
        }
        self.put(known.as_ref(), new);
        Ok(true)
    }

    async fn stock(&self, count: &StockChanged) -> Result<bool, StoreError> {
        self.up()?;
        let mut products = self.products.borrow_mut();
        let mut counted = self.counted.borrow_mut();
        let known = counted.get(&count.product_id).copied();
        match products.get_mut(&count.product_id) {
            Some(product) if known.is_none_or(|known| known < count.version) => {
                product.available = Some(count.quantity);
                counted.insert(count.product_id.clone(), count.version);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
