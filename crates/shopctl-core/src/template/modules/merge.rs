//! Merging of values: overrides of a module's resources, and `Fn::Merge`.

use crate::template::function::is_call;
use crate::yaml::{Node, Value};

/// `over` laid on `base`: mappings are merged key by key, lists are joined, everything
/// else, and every function call, is replaced.
pub(super) fn merge(base: &Node, over: &Node) -> Node {
    if is_call(base) || is_call(over) {
        return over.clone();
    }
    let value = match (&base.value, &over.value) {
        (Value::Mapping(entries), Value::Mapping(changes)) => {
            let mut entries = entries.clone();
            for (key, change) in changes {
                let same_key = |(old, _): &&mut (Node, Node)| old.as_str() == key.as_str();
                match entries.iter_mut().find(same_key) {
                    Some((_, old)) => *old = merge(old, change),
                    None => entries.push((key.clone(), change.clone())),
                }
            }
            Value::Mapping(entries)
        }
        (Value::Sequence(items), Value::Sequence(more)) => {
            Value::Sequence(items.iter().chain(more).cloned().collect())
        }
        _ => return over.clone(),
    };
    Node {
        value,
        ..base.clone()
    }
}
