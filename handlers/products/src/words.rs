//! The words that a product is found by, and how a search reads them.
//!
//! The index is a table of its own with a row for each word of each listed product, written in the
//! transaction that writes the product. Its partition is the first two characters of the word, its
//! sort key the word and the product, so that one query reads all words that begin alike. This
//! bounds what it can do:
//!
//! - a transaction takes 100 items, and a change may replace all words of a product: it has at most
//!   [`MOST`] of them, those of name, category and tags first, then those of the description in
//!   their order;
//! - a search needs a term of two characters, finds beginnings of words and not their middle, and
//!   ranks nothing: results come by word;
//! - of several terms the longest is looked up, and the others are compared with what it finds. A
//!   request looks at 500 rows at most and may then answer with a page that is not full, or empty,
//!   and a token to go on with: two terms that are frequent alone and rare together take several
//!   requests;
//! - reading costs in proportion to the rows looked at, not to the catalogue. Writing the same
//!   beginning more than 1000 times a second would be more than a partition takes, which no
//!   catalogue does.

use std::collections::BTreeSet;

use shop_core::product::Product;

/// How many words a product can be found by: one change writes the product, removes as many old
/// words and adds as many new ones, and a transaction has at most 100 items
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
pub const MOST: usize = 49;

/// How many characters a term of a search has at least: those that make the partition.
pub const SHORTEST: usize = 2;

/// The longest word that is kept; what is beyond this takes no part in a comparison.
const LONGEST: usize = 30;

/// Words that say nothing about a product and would crowd out those that do.
const EMPTY: [&str; 40] = [
    "after", "all", "an", "and", "are", "as", "at", "be", "but", "by", "can", "does", "for",
    "from", "has", "have", "in", "into", "is", "it", "its", "no", "not", "of", "on", "one", "or",
    "so", "than", "that", "the", "their", "them", "this", "to", "which", "with", "without", "you",
    "your",
];

/// The words that `product` is found by; none while it is not listed.
pub fn of(product: &Product) -> BTreeSet<String> {
    if !product.listed {
        return BTreeSet::new();
    }
    let texts = [&product.name, &product.category];
    let texts = texts.into_iter().chain(&product.tags);
    let mut found = BTreeSet::new();
    let described = split(&product.description).filter(|word| !EMPTY.contains(&word.as_str()));
    for word in texts.flat_map(|text| split(text)).chain(described) {
        if found.len() == MOST {
            break;
        }
        found.insert(word);
    }
    found
}

/// The terms of a search, the longest first; each begins a word of what is found.
pub fn terms(search: &str) -> Vec<String> {
    let unique: BTreeSet<String> = split(search).collect();
    let mut terms: Vec<String> = unique.into_iter().collect();
    terms.sort_by_key(|term| std::cmp::Reverse(term.chars().count()));
    terms
}

/// The partition of the index that `word` stands in.
pub fn partition(word: &str) -> String {
    word.chars().take(SHORTEST).collect()
}

/// Whether `product` is what somebody looks for who came across it at `word`. One product has
/// several words that begin with the first term, and is a result at the first of them only, so that
/// it is on one page only.
pub fn is_result(product: &Product, word: &str, terms: &[String]) -> bool {
    let words = of(product);
    let first = |term: &String| {
        words
            .range(term.clone()..)
            .next()
            .filter(|w| w.starts_with(term))
    };
    let Some((looked_up, others)) = terms.split_first() else {
        return false;
    };
    first(looked_up).is_some_and(|found| found == word)
        && others.iter().all(|term| first(term).is_some())
}

/// Letters and digits in lower case; what stands between them parts words.
fn split(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric())
        .map(|word| {
            word.to_lowercase()
                .chars()
                .take(LONGEST)
                .collect::<String>()
        })
        .filter(|word| word.chars().count() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use proptest::prelude::*;
    use shop_core::id::Id;
    use shop_core::money::{Currency, Money};
    use shop_core::order::now;
    use shop_core::quote::Package;

    use super::*;

    fn product(name: &str, tags: &[&str], description: &str) -> Product {
        Product {
            product_id: Id::fixed(1_767_225_600, name),
            name: name.to_owned(),
            description: description.to_owned(),
            category: "Shoes".to_owned(),
            price: Money::new(100, Currency::EUR),
            pictures: Vec::new(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            sizes: Vec::new(),
            package: Package::default(),
            listed: true,
            available: None,
            created_date: now(),
            modified_date: now(),
            version: 1,
        }
    }

    #[test]
    fn a_product_is_found_by_name_category_tags_and_description() {
        let boot = product(
            "Ridgeline Boot",
            &["full-grain leather"],
            "A boot for the HILLS.",
        );
        let found: Vec<_> = of(&boot).into_iter().collect();
        assert_eq!(
            found,
            [
                "boot",
                "full",
                "grain",
                "hills",
                "leather",
                "ridgeline",
                "shoes"
            ]
        );
        let hidden = Product {
            listed: false,
            ..boot
        };
        assert!(of(&hidden).is_empty(), "what is not listed is not found");
    }

    #[test]
    fn a_long_description_does_not_crowd_out_the_name() {
        let long: Vec<_> = (0..500).map(|n| format!("aa{n}")).collect();
        let words = of(&product("Zebra", &["zinc"], &long.join(" ")));
        assert_eq!(words.len(), MOST);
        for word in ["zebra", "zinc", "shoes", "aa0"] {
            assert!(words.contains(word), "{word} in {words:?}");
        }
    }

    #[test]
    fn a_search_is_read_as_terms() {
        for (search, expected) in [
            ("Boots", &["boots"] as &[&str]),
            ("red BOOTS, red!", &["boots", "red"]),
            ("a b 5", &[]),
            ("Straße", &["straße"]),
            ("  ", &[]),
            ("ÉTÉ 'été'", &["été"]),
        ] {
            assert_eq!(terms(search), expected, "{search}");
        }
    }

    #[test]
    fn a_product_is_a_result_once_and_when_all_terms_fit() {
        let boot = product("Boot", &["boots", "red"], "booted");
        let terms = |search: &str| super::terms(search);
        assert!(is_result(&boot, "boot", &terms("boo")));
        assert!(
            !is_result(&boot, "boots", &terms("boo")),
            "it was a result at `boot`"
        );
        assert!(!is_result(&boot, "booted", &terms("boo")));
        assert!(is_result(&boot, "boots", &terms("boots red")));
        assert!(!is_result(&boot, "boots", &terms("boots blue")));
        assert!(
            !is_result(&boot, "boot", &terms("oot")),
            "not the middle of a word"
        );
        assert!(!is_result(&boot, "boot", &[]));
    }

    proptest! {
        /// Whatever stands in a name, each of its words finds the product, and at one word only.
        #[test]
        fn every_beginning_of_every_word_finds_the_product_once(name in "\\PC{0,60}", cut in 2_usize..8) {
            let product = product(&name, &[], "");
            let words = of(&product);
            for word in &words {
                let term: String = word.chars().take(cut).collect();
                let places = words.iter().filter(|at| is_result(&product, at, std::slice::from_ref(&term)));
                prop_assert_eq!(places.count(), 1, "{} of {:?}", term, &words);
                prop_assert_eq!(partition(&term), partition(word));
            }
        }

        #[test]
        fn a_product_has_never_more_words_than_fit_into_a_transaction(text in "\\PC{0,2000}") {
            prop_assert!(of(&product(&text, &[&text], &text)).len() <= MOST);
        }
    }
}
