//! Carries a plan out: ports to the cloud as traits, and the executor that turns
//! a [`shopctl_core::plan::Plan`] into a stream of [`shopctl_core::event::Event`]s.
//!
//! No AWS SDK type appears here; `shopctl-aws` implements the ports.

mod change_set;
mod code;
mod context;
mod executor;
mod failure;
mod follow;
mod guard;
mod interrupt;
pub mod lock;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
mod memory;
pub mod operations;
mod patience;
pub mod ports;
mod preview;
mod protection;
pub mod prune;
pub mod prune_versions;
mod recover;
mod refactor;
mod refusal;
pub mod runs;
mod schedule;
mod site;
mod stack;
mod status;
mod teardown;

pub use code::code_changes;
pub use context::{Consent, Context, EventSender, SiteSource, State, UploadBodies, UrlCheck};
pub use executor::{RunReport, changes_nothing, execute};
pub use guard::Rules;
pub use interrupt::Interrupt;
pub use preview::{Method, PreviewRequest, preview, preview_site};
pub use recover::{Assessment, Repair, assess, repair};
pub use refactor::settled;
pub use site::join as join_url;
pub use site::{SiteConfigValue, SiteFile, SiteFileClass};
pub use status::{observe, observe_policies};
