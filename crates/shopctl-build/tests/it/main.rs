//! The crate as its caller sees it: real cargo on small workspaces, and scripts in
//! the place of npm. No test reaches the network.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod handlers;
mod site;
mod support;
