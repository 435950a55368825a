//! Where two values differ: the deepest places, with both values.
//!
//! Items of lists are matched by what names them, else by their place, so that an item
//! put in front is one change and not a change of every item behind it.

use super::tree::Tree;

/// A place where two values differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// `KeySchema[0].AttributeName`
    pub(crate) path: String,
    pub(crate) before: Option<Tree>,
    pub(crate) after: Option<Tree>,
}

/// Keys by which items of lists are told apart, the first that all items have.
const IDENTITIES: [&str; 9] = [
    "Sid",
    "Id",
    "IndexName",
    "AttributeName",
    "Key",
    "PolicyName",
    "Name",
    "ParameterKey",
    "PathPattern",
];

/// All differences, in the order of the first value.
pub(crate) fn differences(before: Option<&Tree>, after: Option<&Tree>) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), before, after, &mut found);
    found
}

fn compare(path: String, before: Option<&Tree>, after: Option<&Tree>, found: &mut Vec<Difference>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Tree::Map(old)), Some(Tree::Map(new))) => {
            for (key, value) in old {
                compare(join(&path, key), Some(value), new.get(key), found);
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                compare(join(&path, key), None, Some(value), found);
            }
        }
        (Some(Tree::List(old)), Some(Tree::List(new))) => compare_lists(&path, old, new, found),
        (Some(Tree::Text(old)), Some(Tree::Text(new)))
            if let (Some(old), Some(new)) = (document(old), document(new)) =>
        {
            let count = found.len();
            compare(path.clone(), Some(&old), Some(&new), found);
            if found.len() == count {
                // The same document, written differently: CloudFormation sees a change.
                found.push(Difference {
                    path,
                    before: before.cloned(),
                    after: after.cloned(),
                });
            }
        }
        // A property that comes or goes with all that is in it is one change, unless it is
        // the root.
        (None, Some(Tree::Map(new))) if path.is_empty() => {
            for (key, value) in new {
                compare(key.clone(), None, Some(value), found);
            }
        }
        (Some(Tree::Map(old)), None) if path.is_empty() => {
            for (key, value) in old {
                compare(key.clone(), Some(value), None, found);
            }
        }
        (before, after) => found.push(Difference {
            path,
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

fn compare_lists(path: &str, old: &[Tree], new: &[Tree], found: &mut Vec<Difference>) {
    if let Some(identity) = identity(old, new) {
        let count = found.len();
        let named = |items: &[Tree], item: &Tree| -> Option<Tree> {
            let name = item.get(identity);
            items
                .iter()
                .find(|other| other.get(identity) == name)
                .cloned()
        };
        // Items without a partner that stand in the same place are one item with another name.
        let renamed = |index: usize| {
            let (left, right) = (old.get(index)?, new.get(index)?);
            let alone = named(new, left).is_none() && named(old, right).is_none();
            alone.then_some(right)
        };
        for (index, item) in old.iter().enumerate() {
            let path = format!("{path}[{index}]");
            match (named(new, item), renamed(index)) {
                (Some(same), _) => compare(path, Some(item), Some(&same), found),
                (None, Some(other)) => compare(path, Some(item), Some(other), found),
                (None, None) => compare(path, Some(item), None, found),
            }
        }
        for (index, item) in new.iter().enumerate() {
            if named(old, item).is_none() && renamed(index).is_none() {
                compare(format!("{path}[{index}]"), None, Some(item), found);
            }
        }
        if found.len() == count {
            // Only the order differs.
            found.push(Difference {
                path: path.to_owned(),
                before: Some(Tree::List(old.to_vec())),
                after: Some(Tree::List(new.to_vec())),
            });
        }
        return;
    }
    let front = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let back = old[front..]
        .iter()
        .rev()
        .zip(new[front..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (old, new) = (&old[front..old.len() - back], &new[front..new.len() - back]);
    for index in 0..old.len().max(new.len()) {
        compare(
            format!("{path}[{}]", front + index),
            old.get(index),
            new.get(index),
            found,
        );
    }
}

/// The key that tells the items of both lists apart, if there is one.
fn identity(old: &[Tree], new: &[Tree]) -> Option<&'static str> {
    IDENTITIES.into_iter().find(|key| {
        [old, new].iter().all(|items| {
            let mut names: Vec<Option<&str>> = items
                .iter()
                .map(|item| item.get(key).and_then(Tree::as_text))
                .collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            names.len() == count && names.iter().all(Option::is_some)
        })
    })
}

/// A text that is a JSON object or list.
fn document(text: &str) -> Option<Tree> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    Tree::from_json(&serde_json::from_str(text).ok()?)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// The property that a path is in: `KeySchema` of `KeySchema[0].AttributeName`.
pub(crate) fn top_level(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn tree(json: serde_json::Value) -> Tree {
        Tree::from_json(&json).unwrap()
    }

    fn lines(before: serde_json::Value, after: serde_json::Value) -> Vec<String> {
        let show = |tree: Option<Tree>| tree.map_or("-".to_owned(), |t| t.to_json().to_string());
        differences(Some(&tree(before)), Some(&tree(after)))
            .into_iter()
            .map(|d| format!("{}: {} -> {}", d.path, show(d.before), show(d.after)))
            .collect()
    }

    #[test]
    fn the_deepest_place_is_told() {
        insta::assert_snapshot!(
            lines(
                serde_json::json!({"A": {"B": 1, "C": [1, 2, 3]}, "D": "x"}),
                serde_json::json!({"A": {"B": 2, "C": [1, 9, 3]}, "E": {"F": "y"}}),
            )
            .join("\n"),
            @r#"
        A.B: "1" -> "2"
        A.C[1]: "2" -> "9"
        D: "x" -> -
        E: - -> {"F":"y"}
        "#
        );
    }

    #[test]
    fn items_are_matched_by_what_names_them() {
        insta::assert_snapshot!(
            lines(
                serde_json::json!({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}),
                serde_json::json!({"Tags": [{"Key": "new", "Value": "0"}, {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"}]}),
            )
            .join("\n"),
            @r#"
        Tags[1].Value: "2" -> "3"
        Tags[0]: - -> {"Key":"new","Value":"0"}
        "#
        );
        assert_eq!(
            lines(
                serde_json::json!({"Zones": ["b", "c"]}),
                serde_json::json!({"Zones": ["a", "b", "c"]})
            ),
            [r#"Zones[0]: - -> "a""#]
        );
    }

    #[test]
    fn documents_in_texts_are_compared_as_documents() {
        assert_eq!(
            lines(
                serde_json::json!({"Body": "{\"a\": {\"b\": 1}}"}),
                serde_json::json!({"Body": "{\"a\":{\"b\":2}}"})
            ),
            [r#"Body.a.b: "1" -> "2""#]
        );
        assert_eq!(
            lines(
                serde_json::json!({"Body": "{\"a\": 1}"}),
                serde_json::json!({"Body": "{\"a\":1}"})
            )
            .len(),
            1,
            "another spelling is a change, too"
        );
    }

    fn any_tree() -> impl Strategy<Value = Tree> {
        let leaf = prop_oneof![
            "[a-c]{0,2}".prop_map(Tree::Text),
            Just(Tree::Text("{\"k\": 1}".to_owned())),
            Just(Tree::Hidden("P".to_owned())),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::List),
                prop::collection::vec(
                    (prop::sample::select(vec!["Key", "Name", "B", "C"]), inner),
                    0..4
                )
                .prop_map(|entries| Tree::Map(
                    entries
                        .into_iter()
                        .map(|(k, v)| (k.to_owned(), v))
                        .collect()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn there_is_a_difference_exactly_when_values_differ(a in any_tree(), b in any_tree()) {
            let found = differences(Some(&a), Some(&b));
            prop_assert_eq!(found.is_empty(), a == b);
            for difference in found {
                prop_assert_ne!(difference.before, difference.after);
            }
            prop_assert!(differences(Some(&a), Some(&a)).is_empty());
        }

        #[test]
        fn turned_round_the_same_places_differ(a in any_tree(), b in any_tree()) {
            let there = differences(Some(&a), Some(&b)).len();
            let back = differences(Some(&b), Some(&a)).len();
            prop_assert_eq!(there, back);
        }
    }
}
