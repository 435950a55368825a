//! The real local cloud: installed once for all runs of these tests, each test with instances of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod database;
mod installation;
mod instance;
mod state;
mod support;
