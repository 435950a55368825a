//! What the end-to-end tests in `tests/` are written with: projects of their own, the real
//! binary with its output, signals and time limits, the real local cloud and plain HTTP.
//!
//! Nothing here knows what is right; that is said by the tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what goes wrong here is a failed test"
)]

// Checkouts share a folder for intermediate files (see `.cargo/config.toml`). Naming the checkout
// makes cargo compile this crate, and all that depend on it, anew for each of them: it says which
// checkout is copied and tested.
const _: Option<&str> = option_env!("SHOPCTL_CHECKOUT");

mod binary;
mod checkout;
mod emulator;
mod folder;
mod http;
mod invocation;
mod output;
mod process;
mod project;
mod relay;

pub use binary::shopctl;
pub use checkout::checkout;
pub use emulator::Emulator;
pub use folder::TestFolder;
pub use http::{Answer, Http};
pub use invocation::Invocation;
pub use output::Output;
pub use process::{Process, eventually, eventually_right};
pub use project::TestProject;
pub use relay::{Latch, Relay};
