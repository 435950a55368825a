//! The behaviours of `SPEC.md`, each by its number.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod calls;
mod change_sets;
mod events;
mod exports;
mod numbers;
mod objects;
mod refusals;
mod resources;
mod statuses;
mod support;
mod templates;
