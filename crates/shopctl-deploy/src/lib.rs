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
mod interrupt;
mod patience;
pub mod ports;
mod refusal;
mod schedule;
mod site;
mod stack;
mod status;
mod teardown;

pub use context::{Context, EventSender, SiteSource, State, UploadBodies, UrlCheck};
pub use executor::{RunReport, execute};
pub use interrupt::Interrupt;
pub use site::join as join_url;
pub use site::{SiteConfigValue, SiteFile, SiteFileClass};
pub use status::observe;
