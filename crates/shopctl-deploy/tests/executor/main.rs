//! The executor against the cloud in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod counts;
mod faults;
mod graphs;
mod previews;
mod races;
mod settings;
mod site;
mod statuses;
mod stops;
mod support;
mod teardown;
mod weather;
