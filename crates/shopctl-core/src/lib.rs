//! The pure part of `shopctl`: the project model, template documents, rendering,
//! the plan, deploy events and stack statuses.
//!
//! It takes text and values and returns text and values. It opens no file, makes
//! no call, reads no clock and no environment variable.

// Checkouts share a folder for intermediate files (see `.cargo/config.toml`). Naming the
// checkout makes cargo compile this crate, and all that depend on it, anew for each of them.
const _: Option<&str> = option_env!("SHOPCTL_CHECKOUT");

pub mod cause;
pub mod change;
pub mod diagnostic;
pub mod diagram;
pub mod event;
pub mod fast;
pub mod forecast;
pub mod guard;
pub mod lint;
pub mod names;
pub mod plan;
pub mod planner;
pub mod price;
pub mod project;
pub mod record;
pub mod report;
pub mod run_document;
pub mod stack_settings;
pub mod status;
pub mod template;
pub mod timings;
pub mod yaml;
