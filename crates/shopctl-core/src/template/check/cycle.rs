//! Circles among things that need each other.

use std::collections::{HashMap, HashSet, VecDeque};

use super::findings::Findings;
use super::names::Link;

/// Above this many links the document is refused for its size anyway.
const MOST_LINKS: usize = 20_000;

/// Reports circles, each once, by its shortest path. `what` names the things
/// (`resources`); `condition_of` is the condition under which one exists.
///
/// A circle that exists only when conditions meet (a link below `Fn::If`, or things
/// with different conditions) may never come to be, so it is a warning.
pub(super) fn report<'a>(
    what: &str,
    links: &[Link<'a>],
    condition_of: &HashMap<&'a str, &'a str>,
    findings: &mut Findings,
) {
    if links.len() > MOST_LINKS {
        return;
    }
    let unconditional: Vec<&Link<'a>> = links.iter().filter(|link| !link.conditional).collect();
    let mut reported = HashSet::new();
    for path in circles(&unconditional, &mut reported) {
        let conditions: HashSet<&str> = path
            .iter()
            .filter_map(|link| condition_of.get(link.from).copied())
            .collect();
        tell(what, &path, conditions.len() <= 1, findings);
    }
    let all: Vec<&Link<'a>> = links.iter().collect();
    for path in circles(&all, &mut reported) {
        tell(what, &path, false, findings);
    }
}

/// For each thing on a circle that is not in `reported`, the shortest circle through
/// it; the members of that circle are then reported.
fn circles<'l, 'a>(
    links: &[&'l Link<'a>],
    reported: &mut HashSet<&'a str>,
) -> Vec<Vec<&'l Link<'a>>> {
    let mut outgoing: HashMap<&str, Vec<&'l Link<'a>>> = HashMap::new();
    let mut starts = Vec::new();
    for link in links {
        let out = outgoing.entry(link.from).or_insert_with(|| {
            starts.push(link.from);
            Vec::new()
        });
        out.push(link);
    }
    let mut circles = Vec::new();
    for start in starts {
        if reported.contains(start) {
            continue;
        }
        if let Some(path) = shortest_circle(start, &outgoing) {
            reported.extend(path.iter().map(|link| link.from));
            circles.push(path);
        }
    }
    circles
}

fn shortest_circle<'l, 'a>(
    start: &str,
    outgoing: &HashMap<&str, Vec<&'l Link<'a>>>,
) -> Option<Vec<&'l Link<'a>>> {
    let mut came_by: HashMap<&str, &'l Link<'a>> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for link in outgoing.get(at).into_iter().flatten() {
            if link.to == start {
                let mut path = vec![*link];
                let mut at = link.from;
                while at != start {
                    let link = came_by.get(at)?;
                    path.push(link);
                    at = link.from;
                }
                path.reverse();
                return Some(path);
            }
            if !came_by.contains_key(link.to) {
                came_by.insert(link.to, link);
                queue.push_back(link.to);
            }
        }
    }
    None
}

fn tell(what: &str, path: &[&Link<'_>], certain: bool, findings: &mut Findings) {
    let Some(first) = path.first() else { return };
    let mut text = first.from.to_owned();
    for link in path {
        text += &format!(
            " -> {} ({} at {}:{})",
            link.to, link.how, link.location.line, link.location.column
        );
    }
    let message = format!("{what} need each other in a circle: {text}");
    if certain {
        let hint = "remove one of these links, or move what both need into a third".to_owned();
        findings.error_with(first.location, message, Some(hint));
    } else {
        findings.warning_with(
            first.location,
            message,
            "it is refused if the conditions on the way come true together",
        );
    }
}
