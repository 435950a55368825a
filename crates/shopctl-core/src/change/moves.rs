//! Resources that are in another place than before: under another name, or in another stack,
//! and otherwise the same. Templates alone tell; nothing is called.
//!
//! A deploy would delete such a resource and make it anew. CloudFormation can instead be told
//! that it moved (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-refactoring.html>).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::model::{ResourceAction, StackChange};
use crate::diagnostic::Diagnostics;
use crate::names::{LogicalId, StackName};
use crate::yaml::{Node, canonical, parse};

/// Where a resource is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourcePlace {
    /// The stack.
    pub stack: StackName,
    /// Its logical ID there.
    pub logical_id: LogicalId,
}

/// A resource that moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    /// Where it is deployed.
    pub from: ResourcePlace,
    /// Where the template wants it.
    pub to: ResourcePlace,
    /// Its type.
    pub resource_type: String,
}

/// What moved between two sets of templates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    /// The resources that moved, each with one place to go to.
    pub moves: Vec<Move>,
    /// Resources that could have moved to several places, or several to one.
    pub ambiguous: Vec<ResourcePlace>,
    /// In stacks that take part: resources that differ in other ways, too. CloudFormation moves
    /// resources only when nothing else changes.
    pub changed: Vec<ResourcePlace>,
}

impl Moves {
    /// The stacks that resources leave or come to.
    pub fn stacks(&self) -> BTreeSet<&StackName> {
        let places = self.moves.iter().flat_map(|found| [&found.from, &found.to]);
        places.map(|place| &place.stack).collect()
    }
}

/// Notes of every resource that a deploy would delete while it makes one of the same type: it may
/// only have moved. Tells whether there are any.
pub fn mention_moves(stacks: &mut [StackChange], environment: &str) -> bool {
    let made: BTreeSet<String> = stacks
        .iter()
        .flat_map(|stack| &stack.resources)
        .filter(|resource| resource.action == ResourceAction::Add)
        .map(|resource| resource.resource_type.clone())
        .collect();
    let mut any = false;
    for stack in stacks {
        let gone: Vec<&str> = stack
            .resources
            .iter()
            .filter(|resource| resource.action == ResourceAction::Remove)
            .filter(|resource| made.contains(&resource.resource_type))
            .map(|resource| resource.logical_id.as_str())
            .collect();
        if !gone.is_empty() {
            any = true;
            let note = format!(
                "{} may only have moved: `shopctl refactor --env {environment} --dry-run` tells, \
                 and keeps what did",
                gone.join(", ")
            );
            stack.notes.push(note);
        }
    }
    any
}

type Resources = BTreeMap<ResourcePlace, Json>;

/// Finds what moved, given the templates that are deployed and those that are wanted.
pub fn find_moves<'a>(
    deployed: impl IntoIterator<Item = (&'a StackName, &'a str)>,
    wanted: impl IntoIterator<Item = (&'a StackName, &'a str)>,
) -> Result<Moves, Diagnostics> {
    let mut before = resources(deployed)?;
    let after = resources(wanted)?;
    let mut found = Moves::default();
    // A resource that names another one is the same only once the other's new name is known.
    loop {
        let new = step(&before, &after, &mut found.ambiguous);
        if new.is_empty() {
            break;
        }
        for one in &new {
            if let Some(resource) = before.remove(&one.from) {
                before.insert(one.to.clone(), resource);
            }
        }
        for one in new.iter().filter(|one| one.from.stack == one.to.stack) {
            let (old, new) = (&one.from.logical_id, &one.to.logical_id);
            let in_stack = before
                .iter_mut()
                .filter(|(place, _)| place.stack == one.to.stack);
            in_stack.for_each(|(_, resource)| rename(resource, old.as_str(), new.as_str()));
        }
        found.moves.extend(new);
    }
    found.moves.sort();
    let stacks: BTreeSet<StackName> = found.stacks().into_iter().cloned().collect();
    let places: BTreeSet<&ResourcePlace> = before.keys().chain(after.keys()).collect();
    found.changed = places
        .into_iter()
        .filter(|place| stacks.contains(&place.stack) && before.get(*place) != after.get(*place))
        .cloned()
        .collect();
    found
        .ambiguous
        .retain(|place| found.moves.iter().all(|one| one.from != *place));
    found.ambiguous.sort();
    found.ambiguous.dedup();
    Ok(found)
}

/// Pairs what is gone with what is new, where exactly one of each is the same.
fn step(before: &Resources, after: &Resources, ambiguous: &mut Vec<ResourcePlace>) -> Vec<Move> {
    let mut pairs: BTreeMap<String, (Vec<&ResourcePlace>, Vec<&ResourcePlace>)> = BTreeMap::new();
    for (place, resource) in before
        .iter()
        .filter(|(place, _)| !after.contains_key(*place))
    {
        pairs.entry(resource.to_string()).or_default().0.push(place);
    }
    for (place, resource) in after
        .iter()
        .filter(|(place, _)| !before.contains_key(*place))
    {
        pairs.entry(resource.to_string()).or_default().1.push(place);
    }
    let mut moves = Vec::new();
    for (gone, new) in pairs.into_values() {
        match (gone.as_slice(), new.as_slice()) {
            ([from], [to]) => moves.push(Move {
                from: (*from).clone(),
                to: (*to).clone(),
                resource_type: before[*from]["Type"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            }),
            ([], _) | (_, []) => {}
            (gone, _) => ambiguous.extend(gone.iter().map(|place| (*place).clone())),
        }
    }
    moves
}

/// What the resources of some templates say, by their places.
fn resources<'a>(
    templates: impl IntoIterator<Item = (&'a StackName, &'a str)>,
) -> Result<Resources, Diagnostics> {
    let mut found = Resources::new();
    for (stack, text) in templates {
        let document = parse(stack.as_str(), text)?;
        let entries = document.get("Resources").and_then(Node::entries);
        for (key, resource) in entries.unwrap_or_default() {
            // What a loop makes has no place before CloudFormation has worked it out.
            let Some(id) = key.as_str().filter(|_| resource.get("Type").is_some()) else {
                continue;
            };
            let place = ResourcePlace {
                stack: stack.clone(),
                logical_id: LogicalId::new(id),
            };
            found.insert(place, canonical(resource));
        }
    }
    Ok(found)
}

/// Gives a resource another name wherever it is referred to.
fn rename(value: &mut Json, old: &str, new: &str) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(|item| rename(item, old, new)),
        Json::Object(map) => {
            for (key, value) in map.iter_mut() {
                match (key.as_str(), &mut *value) {
                    ("Ref", Json::String(text)) => replace(text, old, new),
                    ("DependsOn", Json::String(text)) => replace(text, old, new),
                    ("DependsOn", Json::Array(items)) => {
                        for item in items {
                            if let Json::String(text) = item {
                                replace(text, old, new);
                            }
                        }
                    }
                    ("Fn::GetAtt", Json::Array(parts)) => {
                        if let Some(Json::String(text)) = parts.first_mut() {
                            replace(text, old, new);
                        }
                    }
                    ("Fn::Sub", Json::String(text)) => rename_in_text(text, old, new),
                    ("Fn::Sub", Json::Array(parts)) => {
                        if let Some(Json::String(text)) = parts.first_mut() {
                            rename_in_text(text, old, new);
                        }
                        parts
                            .iter_mut()
                            .skip(1)
                            .for_each(|part| rename(part, old, new));
                    }
                    (_, value) => rename(value, old, new),
                }
            }
        }
        _ => {}
    }
}

fn replace(text: &mut String, old: &str, new: &str) {
    if text == old {
        new.clone_into(text);
    }
}

/// `${Old}` and `${Old.Attribute}`.
fn rename_in_text(text: &mut String, old: &str, new: &str) {
    for end in ["}", "."] {
        *text = text.replace(&format!("${{{old}{end}"), &format!("${{{new}{end}"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const QUEUE: &str = "{ Type: AWS::SQS::Queue, Properties: { DelaySeconds: 5 } }";

    /// Moves between templates that are each given as the lines of `Resources`, one text a line.
    fn told(deployed: &[(&str, &str)], wanted: &[(&str, &str)]) -> String {
        let text = |templates: &[(&str, &str)]| -> Vec<(StackName, String)> {
            let texts = templates.iter();
            let texts =
                texts.map(|(stack, lines)| ((*stack).into(), format!("Resources:\n{lines}")));
            texts.collect()
        };
        let (deployed, wanted) = (text(deployed), text(wanted));
        fn refs(texts: &[(StackName, String)]) -> impl Iterator<Item = (&StackName, &str)> {
            texts.iter().map(|(stack, text)| (stack, text.as_str()))
        }
        let found = find_moves(refs(&deployed), refs(&wanted)).unwrap();
        let place = |place: &ResourcePlace| format!("{}.{}", place.stack, place.logical_id);
        let moves = found.moves.iter();
        let mut lines: Vec<String> = moves
            .map(|one| format!("{} -> {}", place(&one.from), place(&one.to)))
            .collect();
        lines.extend(
            found
                .ambiguous
                .iter()
                .map(|one| format!("? {}", place(one))),
        );
        lines.extend(found.changed.iter().map(|one| format!("~ {}", place(one))));
        lines.join(", ")
    }

    #[test]
    fn a_resource_is_found_under_another_name_and_in_another_stack() {
        let old = format!("  A: {QUEUE}\n");
        let new = format!("  B: {QUEUE}\n");
        assert_eq!(told(&[("s", &old)], &[("s", &old)]), "");
        assert_eq!(told(&[("s", &old)], &[("s", &new)]), "s.A -> s.B");
        let none = "  Keep: { Type: AWS::SNS::Topic }\n";
        let both = [("s", none), ("t", new.as_str())];
        assert_eq!(told(&[("s", &format!("{old}{none}"))], &both), "s.A -> t.B");
        // Spelled otherwise it is the same; with another value it is another resource.
        let json =
            "  B: {\"Type\": \"AWS::SQS::Queue\", \"Properties\": {\"DelaySeconds\": \"5\"}}\n";
        assert_eq!(told(&[("s", &old)], &[("s", json)]), "s.A -> s.B");
        let other = new.replace('5', "6");
        assert_eq!(told(&[("s", &old)], &[("s", &other)]), "");
    }

    #[test]
    fn who_names_a_resource_that_moved_follows() {
        let policy = |queue: &str, own: &str| {
            format!(
                "  {queue}: {QUEUE}\n  {own}: {{ Type: AWS::SQS::QueuePolicy, DependsOn: {queue}, Properties: \
                 {{ Queues: [!Ref {queue}], PolicyDocument: {{ R: [!GetAtt {queue}.Arn, !Sub '${{{queue}.Arn}}/${{{queue}}}'] }} }} }}\n"
            )
        };
        let found = told(&[("s", &policy("A", "P"))], &[("s", &policy("B", "P"))]);
        assert_eq!(
            found, "s.A -> s.B",
            "the policy itself stays, and counts as unchanged"
        );
        let found = told(&[("s", &policy("A", "P"))], &[("s", &policy("B", "Q"))]);
        assert_eq!(found, "s.A -> s.B, s.P -> s.Q");
    }

    #[test]
    fn what_is_not_certain_and_what_else_changes_is_told() {
        let two = format!("  A: {QUEUE}\n  B: {QUEUE}\n");
        let one = format!("  C: {QUEUE}\n");
        assert_eq!(told(&[("s", &two)], &[("s", &one)]), "? s.A, ? s.B");
        let old = format!("  A: {QUEUE}\n  T: {{ Type: AWS::SNS::Topic }}\n");
        let new = format!(
            "  B: {QUEUE}\n  T: {{ Type: AWS::SNS::Topic, Properties: {{ DisplayName: x }} }}\n"
        );
        assert_eq!(told(&[("s", &old)], &[("s", &new)]), "s.A -> s.B, ~ s.T");
    }
}
