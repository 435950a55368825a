//! Which steps of a plan can begin, and which never will.
//!
//! Each step and each edge is looked at once, however large the plan is. Nothing runs here.

use std::collections::{BTreeMap, BTreeSet};

use shopctl_core::plan::{Step, StepId};

/// The steps that have not begun.
pub(crate) struct Schedule<'a> {
    /// By place in the plan: what each step still waits for.
    waiting: BTreeMap<usize, usize>,
    steps: &'a [Step],
    dependants: BTreeMap<&'a StepId, Vec<usize>>,
    ready: BTreeSet<usize>,
}

impl<'a> Schedule<'a> {
    pub(crate) fn new(steps: &'a [Step]) -> Self {
        let mut schedule = Self {
            waiting: BTreeMap::new(),
            steps,
            dependants: BTreeMap::new(),
            ready: BTreeSet::new(),
        };
        for (place, step) in steps.iter().enumerate() {
            for before in &step.after {
                schedule.dependants.entry(before).or_default().push(place);
            }
            if step.after.is_empty() {
                schedule.ready.insert(place);
            } else {
                schedule.waiting.insert(place, step.after.len());
            }
        }
        schedule
    }

    /// Takes the steps that can begin, in the order of the plan.
    pub(crate) fn ready(&mut self) -> Vec<&'a Step> {
        let ready = std::mem::take(&mut self.ready);
        ready.into_iter().map(|place| &self.steps[place]).collect()
    }

    /// Takes all steps that have not begun, in the order of the plan.
    pub(crate) fn clear(&mut self) -> Vec<&'a Step> {
        let mut places = std::mem::take(&mut self.ready);
        places.extend(std::mem::take(&mut self.waiting).into_keys());
        places.into_iter().map(|place| &self.steps[place]).collect()
    }

    /// A step is done: those that waited for nothing else can begin.
    pub(crate) fn done(&mut self, id: &StepId) {
        for place in self.dependants.get(id).into_iter().flatten() {
            let Some(left) = self.waiting.get_mut(place) else {
                continue;
            };
            *left -= 1;
            if *left == 0 {
                self.waiting.remove(place);
                self.ready.insert(*place);
            }
        }
    }

    /// A step will never be done: takes all that depend on it, in the order of the plan.
    pub(crate) fn lost(&mut self, id: &StepId) -> Vec<&'a Step> {
        let mut lost = BTreeSet::new();
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            for place in self.dependants.get(id).into_iter().flatten() {
                if self.waiting.remove(place).is_some() {
                    lost.insert(*place);
                    next.push(&self.steps[*place].id);
                }
            }
        }
        lost.into_iter().map(|place| &self.steps[place]).collect()
    }
}

#[cfg(test)]
mod tests {
    use shopctl_core::plan::Action;

    use super::*;

    fn steps(edges: &[(&str, &[&str])]) -> Vec<Step> {
        let id = |name: &&str| StepId::single(name);
        edges
            .iter()
            .map(|(name, after)| Step {
                id: id(name),
                action: Action::EnsureBucket,
                after: after.iter().map(id).collect(),
                reason: String::new(),
            })
            .collect()
    }

    fn names(steps: &[&Step]) -> Vec<String> {
        steps.iter().map(|step| step.id.to_string()).collect()
    }

    #[test]
    fn a_step_begins_when_all_before_it_are_done() {
        let steps = steps(&[("a", &[]), ("b", &[]), ("c", &["a", "b"]), ("d", &["c"])]);
        let mut schedule = Schedule::new(&steps);
        assert_eq!(names(&schedule.ready()), ["a", "b"]);
        assert!(schedule.ready().is_empty());
        schedule.done(&steps[1].id);
        assert!(schedule.ready().is_empty());
        schedule.done(&steps[0].id);
        assert_eq!(names(&schedule.ready()), ["c"]);
        assert_eq!(names(&schedule.clear()), ["d"]);
    }

    #[test]
    fn what_depends_on_a_failure_is_lost_once() {
        let steps = steps(&[
            ("a", &[]),
            ("b", &[]),
            ("c", &["a"]),
            ("d", &["c", "b"]),
            ("e", &["b"]),
        ]);
        let mut schedule = Schedule::new(&steps);
        schedule.ready();
        assert_eq!(names(&schedule.lost(&steps[0].id)), ["c", "d"]);
        schedule.done(&steps[1].id);
        assert_eq!(names(&schedule.ready()), ["e"]);
        assert!(schedule.lost(&steps[1].id).is_empty());
    }
}
