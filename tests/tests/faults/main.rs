//! What goes wrong, on small projects: what the user is told, what stays behind, and that the
//! next run mends it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod aws;
mod gate;
mod input;
mod interruption;
mod local_cloud;
mod machine;
mod rollback;
mod tools;
mod two_runs;
