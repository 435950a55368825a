//! Which stack waits for which in an environment, the order that follows, and circles.
//! Nothing is deployed here.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Location};
use crate::names::StackName;

use super::model::{Environment, Project};
use super::rollback::Rollback;
use super::value::ParameterValue;

/// Why a stack waits for another.
#[derive(Debug)]
struct Edge<'e> {
    to: &'e StackName,
    /// Where it is written.
    location: &'e Location,
    /// What is written there, for messages.
    because: String,
}

/// The stacks of an environment, in the order of the file, with what each waits for.
#[derive(Debug)]
pub(super) struct Graph<'p, 'e> {
    edges: IndexMap<&'p StackName, Vec<Edge<'e>>>,
}

impl<'p: 'e, 'e> Graph<'p, 'e> {
    /// Edges to stacks that the environment lacks are left out. Who is watched by an alarm of
    /// the environment comes after it, unless it came before the alarm anyway.
    pub(super) fn of(project: &'p Project, environment: &'e Environment) -> Self {
        let edges = project.stacks_in(environment).map(|stack| {
            let own = environment.parameters.get(&stack.name);
            let overridden = |name: &str| own.is_some_and(|own| own.contains_key(name));
            let parameters = stack
                .parameters
                .iter()
                .filter(|(name, _)| !overridden(name))
                .chain(own.into_iter().flat_map(|own| &own.value));
            let outputs = parameters.filter_map(|(name, given)| match &given.value {
                ParameterValue::OutputOf(from) => Some(Edge {
                    to: &from.stack,
                    location: &given.location,
                    because: format!("{name}: {{ output: {from} }}"),
                }),
                _ => None,
            });
            let named = stack.depends_on.iter().map(|on| Edge {
                to: &on.value,
                location: &on.location,
                because: format!("dependsOn: {on}"),
            });
            let watching = stack.rollback.iter().filter(|_| !environment.is_local());
            let edges = outputs
                .chain(named)
                .chain(watching.flat_map(alarms))
                .filter(|edge| project.has(environment, edge.to))
                .collect();
            (&stack.name, edges)
        });
        let mut graph = Self {
            edges: edges.collect(),
        };
        if let Some(common) = environment
            .rollback
            .as_ref()
            .filter(|_| !environment.is_local())
        {
            let before = graph.before(common);
            for (name, edges) in &mut graph.edges {
                let names_its_own = project
                    .stack(name.as_str())
                    .is_some_and(|s| s.rollback.is_some());
                if !names_its_own && !before.contains(*name) {
                    let has = |edge: &Edge<'_>| project.has(environment, edge.to);
                    edges.extend(alarms(common).filter(has));
                }
            }
        }
        graph
    }

    /// The stacks that put out the alarms, and all that come before these.
    pub(super) fn before(&self, rollback: &Rollback) -> BTreeSet<&'p StackName> {
        let mut open: Vec<&StackName> = rollback.outputs().map(|(from, _)| &from.stack).collect();
        let mut before = BTreeSet::new();
        while let Some(stack) = open.pop() {
            if let Some((name, edges)) = self.edges.get_key_value(stack)
                && before.insert(*name)
            {
                open.extend(edges.iter().map(|edge| edge.to));
            }
        }
        before
    }

    /// What a stack waits for, each once, in the order of the file.
    pub(super) fn dependencies(&self, stack: &StackName) -> Vec<&'p StackName> {
        let wanted: BTreeSet<&StackName> = match self.edges.get(stack) {
            Some(edges) => edges.iter().map(|edge| edge.to).collect(),
            None => BTreeSet::new(),
        };
        let names = self.edges.keys().copied();
        names.filter(|name| wanted.contains(name)).collect()
    }

    /// The stacks, each after those it waits for, otherwise in the order of the file; and
    /// those that can never start because of a circle.
    pub(super) fn order(&self) -> (Vec<&'p StackName>, Vec<&'p StackName>) {
        let mut waiting: Vec<&StackName> = self.edges.keys().copied().collect();
        let mut ordered: Vec<&StackName> = Vec::with_capacity(waiting.len());
        let mut done: BTreeSet<&StackName> = BTreeSet::new();
        while let Some(next) = waiting
            .iter()
            .position(|stack| self.edges[stack].iter().all(|edge| done.contains(edge.to)))
        {
            let stack = waiting.remove(next);
            done.insert(stack);
            ordered.push(stack);
        }
        (ordered, waiting)
    }

    /// One finding for each circle; circles that share a stack count as one.
    pub(super) fn circles(&self) -> Vec<Diagnostic> {
        let mut stuck: BTreeSet<&StackName> = self.order().1.into_iter().collect();
        let mut findings = Vec::new();
        while let Some(start) = self.edges.keys().find(|stack| stuck.contains(**stack)) {
            // Every stuck stack waits for a stuck one, so this walk meets itself.
            let mut walk: Vec<&Edge<'e>> = Vec::new();
            let mut seen: Vec<&StackName> = vec![start];
            let circle = loop {
                let here = seen[seen.len() - 1];
                let Some(edge) = self.edges[here].iter().find(|e| stuck.contains(e.to)) else {
                    break None;
                };
                walk.push(edge);
                match seen.iter().position(|stack| *stack == edge.to) {
                    Some(first) => break Some(first),
                    None => seen.push(edge.to),
                }
            };
            if let Some(first) = circle {
                findings.push(describe(&seen[first..], &walk[first..]));
            }
            // What was walked is explained, and so is what only waits for it.
            for stack in seen {
                stuck.remove(stack);
            }
            loop {
                let waits_for_stuck = |s: &StackName| {
                    let mut edges = self.edges[s].iter();
                    edges.any(|edge| stuck.contains(edge.to))
                };
                let Some(free) = stuck.iter().copied().find(|s| !waits_for_stuck(s)) else {
                    break;
                };
                stuck.remove(free);
            }
        }
        findings
    }
}

/// The edges to the stacks that put out alarms.
fn alarms(rollback: &Rollback) -> impl Iterator<Item = Edge<'_>> {
    rollback.outputs().map(|(from, location)| Edge {
        to: &from.stack,
        location,
        because: format!("rollback: {{ output: {from} }}"),
    })
}

/// The finding for a circle: `edges[i]` leaves `stacks[i]`.
fn describe(stacks: &[&StackName], edges: &[&Edge<'_>]) -> Diagnostic {
    let mut path: Vec<&str> = stacks.iter().map(|stack| stack.as_str()).collect();
    path.push(stacks[0].as_str());
    let because: Vec<String> = stacks
        .iter()
        .zip(edges)
        .map(|(stack, edge)| format!("{stack} has '{}' at {}", edge.because, edge.location))
        .collect();
    let message = if stacks.len() == 1 {
        format!("stack '{}' waits for itself", stacks[0])
    } else {
        format!("stacks wait for each other: {}", path.join(" -> "))
    };
    Diagnostic::error(edges[0].location, message)
        .with_hint(format!("remove one of: {}", because.join("; ")))
}
