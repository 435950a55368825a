//! Carries a plan out: ports to the cloud as traits, and the executor that turns
//! a [`shopctl_core::plan::Plan`] into a stream of [`shopctl_core::event::Event`]s.
//!
//! No AWS SDK type appears here; `shopctl-aws` implements the ports.

mod executor;
mod failure;
mod follow;
pub mod ports;
mod protection;
mod recover;
mod site;
mod stack;
mod status;
mod teardown;

pub use executor::{
    Consent, Context, EventSender, RunReport, SiteSource, State, UploadBodies, UrlCheck, execute,
};
pub use recover::{Assessment, Repair, assess, repair};
pub use site::join as join_url;
pub use site::{SiteConfigValue, SiteFile, SiteFileClass};
pub use status::observe;
