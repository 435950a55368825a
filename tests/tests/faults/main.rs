//! The tool on small projects, mostly where something goes wrong: what the user is told, what
//! stays behind, and that the next run mends it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod aws;
mod gate;
mod handlers;
mod input;
mod interruption;
mod local_cloud;
mod machine;
mod recovery;
mod refactor;
mod rollback;
mod teardown;
mod tools;
mod two_runs;
