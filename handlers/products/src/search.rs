//! Looking for products; [`crate::words`] says what is found and what is not.

use std::collections::{BTreeSet, HashMap};

use shop_core::id::Id;
use shop_core::product::Product;

use crate::catalogue::{Catalogue, Entry};
use crate::store::StoreError;
use crate::words::is_result;

/// How many rows of the index are looked at in one go; a batch read takes as many products.
const AT_ONCE: u16 = 100;

/// How often a request looks before it answers with what it has.
const ROUNDS: usize = 5;

/// A page of results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    /// By the word they were found by.
    pub products: Vec<Product>,
    /// Where to go on, when there may be more.
    pub next: Option<Entry>,
}

/// Products with a word that begins with each of `terms` (at least one, the longest first), of one
/// category or of all, from after `from`.
pub async fn search(
    catalogue: &impl Catalogue,
    terms: &[String],
    category: Option<&str>,
    limit: u16,
    from: Option<Entry>,
) -> Result<Results, StoreError> {
    let mut found: Vec<(Entry, Product)> = Vec::new();
    let mut at = from;
    let mut more = true;
    let looked_up = terms.first().map_or("", String::as_str);
    for _ in 0..ROUNDS {
        let entries;
        (entries, more) = catalogue.entries(looked_up, AT_ONCE, at.as_ref()).await?;
        let ids: BTreeSet<&Id> = entries.iter().map(|entry| &entry.id).collect();
        let ids: Vec<Id> = ids.into_iter().cloned().collect();
        let products = catalogue.find_all(&ids).await?;
        let products: HashMap<_, _> = products
            .into_iter()
            .map(|p| (p.product_id.clone(), p))
            .collect();
        at = entries.last().cloned().or(at);
        found.extend(entries.into_iter().filter_map(|entry| {
            let product = products.get(&entry.id)?;
            let wanted = category.is_none_or(|category| product.category == category)
                && is_result(product, &entry.word, terms);
            wanted.then(|| (entry, product.clone()))
        }));
        // One more than asked for, to know whether another page follows.
        if !more || found.len() > usize::from(limit) {
            break;
        }
    }
    if found.len() > usize::from(limit) {
        found.truncate(limit.into());
        at = found.last().map(|(entry, _)| entry.clone());
        more = true;
    }
    Ok(Results {
        products: found.into_iter().map(|(_, product)| product).collect(),
        next: at.filter(|_| more),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;
    use crate::fake::{FakeCatalogue, product};
    use crate::words::terms;

    /// The names found page by page, and how many pages it took.
    async fn names(
        catalogue: &FakeCatalogue,
        text: &str,
        category: Option<&str>,
        limit: u16,
    ) -> (Vec<String>, usize) {
        let (mut names, mut pages, mut from) = (Vec::new(), 0, None);
        loop {
            let page = search(catalogue, &terms(text), category, limit, from)
                .await
                .unwrap();
            assert!(page.products.len() <= usize::from(limit));
            names.extend(page.products.into_iter().map(|product| product.name));
            pages += 1;
            match page.next {
                Some(next) => from = Some(next),
                None => return (names, pages),
            }
        }
    }

    fn shop() -> FakeCatalogue {
        FakeCatalogue::with([
            product("Boot red", "Shoes"),
            product("Boots blue booted", "Shoes"),
            product("Bootlace red", "Extras"),
            product("Bag", "Bags"),
        ])
    }

    #[tokio::test]
    async fn products_are_found_by_beginnings_of_words_each_once() {
        let shop = shop();
        for (text, category, expected) in [
            (
                "boot",
                None,
                &["Boot red", "Bootlace red", "Boots blue booted"] as &[&str],
            ),
            ("BOOTS", None, &["Boots blue booted"]),
            ("boot red", None, &["Boot red", "Bootlace red"]),
            ("re boo", None, &["Boot red", "Bootlace red"]),
            ("boot", Some("Extras"), &["Bootlace red"]),
            ("shoe", None, &["Boot red", "Boots blue booted"]),
            ("lace", None, &[]),
            ("ox", None, &[]),
        ] {
            let mut expected = expected.to_vec();
            for limit in [1, 2, 50] {
                let (mut found, _) = names(&shop, text, category, limit).await;
                found.sort();
                expected.sort_unstable();
                assert_eq!(found, expected, "{text} in {category:?}, {limit} a page");
            }
        }
    }

    #[tokio::test]
    async fn the_last_page_says_that_it_is_the_last() {
        assert_eq!(names(&shop(), "boot", None, 3).await.1, 1);
        assert_eq!(names(&shop(), "boot", None, 2).await.1, 2);
    }

    #[tokio::test]
    async fn two_frequent_words_that_are_rare_together_are_found_in_bounded_steps() {
        let many = (0..1200).map(|n| product(&format!("Boot {n}x"), "Shoes"));
        let shop = FakeCatalogue::with(many.chain([product("Boot zz", "Shoes")]));
        let page = search(&shop, &terms("boot zz"), None, 10, None)
            .await
            .unwrap();
        assert!(page.next.is_some() || !page.products.is_empty());
        let (found, pages) = names(&shop, "boot zz", None, 10).await;
        assert_eq!(found, ["Boot zz"]);
        assert_eq!(pages, 3, "500 rows a request");
    }

    #[tokio::test]
    async fn what_was_taken_off_the_list_or_deleted_is_not_found() {
        let shop = shop();
        let red = product("Boot red", "Shoes");
        let hidden = Product {
            listed: false,
            version: 2,
            ..red.clone()
        };
        assert!(shop.write(Some(&red), Some(&hidden)).await.unwrap());
        let lace = product("Bootlace red", "Extras");
        assert!(shop.write(Some(&lace), None).await.unwrap());
        assert_eq!(names(&shop, "boot", None, 9).await.0, ["Boots blue booted"]);
        let back = Product { version: 3, ..red };
        assert!(shop.write(Some(&hidden), Some(&back)).await.unwrap());
        assert_eq!(names(&shop, "red", None, 9).await.0, ["Boot red"]);
    }
}
