//! What holds for every text and every wiring.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::Project;
use super::SHOP;

/// A project of `count` stacks in which `edges` say who takes an output of whom.
fn wired(count: usize, edges: &[(usize, usize)]) -> String {
    let mut text = "version: 1\nproject: p\nregion: us-east-1\nstacks:\n".to_owned();
    for stack in 0..count {
        writeln!(text, "  s{stack}:\n    parameters:\n      P: x").unwrap();
        for (number, (_, to)) in edges
            .iter()
            .enumerate()
            .filter(|(_, (from, _))| *from == stack)
        {
            writeln!(text, "      E{number}: {{ output: s{to}.Out }}").unwrap();
        }
    }
    text.push_str("environments: { local: { local: true } }\n");
    text
}

/// Stacks and edges; in the order of `rank` every edge goes down.
fn acyclic() -> impl Strategy<Value = (Vec<usize>, Vec<(usize, usize)>)> {
    (2usize..12).prop_flat_map(|count| {
        let rank = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
        let edges = prop::collection::vec((0..count, 0..count), 0..30);
        (rank, edges).prop_map(|(rank, edges)| {
            let edges = edges
                .into_iter()
                .filter(|(a, b)| a != b)
                .map(|(a, b)| if rank[a] > rank[b] { (a, b) } else { (b, a) })
                .collect();
            (rank, edges)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_is_read_or_refused_with_a_reason(text in "(?s).{0,200}") {
        if let Err(findings) = Project::parse("shopctl.yaml", &text) {
            prop_assert!(!findings.0.is_empty());
        }
    }

    #[test]
    fn any_damage_to_a_right_file_is_read_or_refused_with_a_reason(
        at in 0..SHOP.len(),
        length in 0usize..12,
        insert in "[ \n:{}\\[\\],a-z0-9~!&*'\"-]{0,6}",
    ) {
        let end = (at + length).min(SHOP.len());
        let text = format!("{}{insert}{}", &SHOP[..at], &SHOP[end..]);
        if let Err(findings) = Project::parse("shopctl.yaml", &text) {
            prop_assert!(!findings.0.is_empty());
            let lines = text.lines().count() + 1;
            for finding in &findings.0 {
                let location = finding.location.as_ref().unwrap();
                prop_assert!(location.line <= lines, "{finding}");
            }
        }
    }

    #[test]
    fn the_order_respects_every_edge((rank, edges) in acyclic()) {
        let project = Project::parse("shopctl.yaml", &wired(rank.len(), &edges)).unwrap();
        let local = project.environment("local").unwrap();
        let order = project.stack_names_in_order(local);
        prop_assert_eq!(order.len(), rank.len());
        let place = |stack: usize| {
            let name = format!("s{stack}");
            order.iter().position(|s| s.as_str() == name).unwrap()
        };
        for (from, to) in edges {
            prop_assert!(place(to) < place(from));
        }
    }

    #[test]
    fn every_circle_is_refused_with_its_path(
        (rank, edges) in acyclic(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
    ) {
        let mut circle: Vec<usize> = Vec::new();
        for pick in picks {
            let stack = pick.index(rank.len());
            if !circle.contains(&stack) {
                circle.push(stack);
            }
        }
        let mut edges = edges;
        for (place, from) in circle.iter().enumerate() {
            edges.push((*from, circle[(place + 1) % circle.len()]));
        }
        let findings = Project::parse("shopctl.yaml", &wired(rank.len(), &edges)).unwrap_err();
        let circles: Vec<&str> = findings
            .0
            .iter()
            .filter_map(|finding| {
                finding
                    .message
                    .strip_prefix("stacks wait for each other: ")
                    .or(finding.message.strip_suffix(" waits for itself"))
            })
            .collect();
        prop_assert_eq!(circles.len(), findings.0.len());
        // Each step of the path that is shown is an edge.
        for path in circles.iter().filter(|path| path.contains(" -> ")) {
            let stacks: Vec<usize> = path
                .split(" -> ")
                .map(|name| name[1..].parse().unwrap())
                .collect();
            prop_assert_eq!(stacks.first(), stacks.last());
            for step in stacks.windows(2) {
                prop_assert!(edges.contains(&(step[0], step[1])), "{path}");
            }
        }
    }
}
