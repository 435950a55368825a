//! What the services of the shop share. It knows no table, route or mail of any
//! single service.

// Checkouts share a folder for intermediate files (see `.cargo/config.toml`). Naming the
// checkout makes cargo compile this crate, and all that depend on it, anew for each of them.
const _: Option<&str> = option_env!("SHOPCTL_CHECKOUT");

pub mod address;
pub mod aws;
pub mod batch;
pub mod call;
pub mod check;
pub mod cursor;
pub mod custom_resource;
pub mod delivery;
pub mod details;
pub mod events;
pub mod http;
pub mod id;
pub mod idempotency;
#[cfg(feature = "testing")]
pub mod interleave;
pub mod metrics;
pub mod money;
#[cfg(feature = "testing")]
pub mod openapi;
pub mod order;
pub mod payment;
pub mod problem;
pub mod product;
pub mod quote;
pub mod runtime;
#[cfg(feature = "testing")]
pub mod schemas;
pub mod stream;
pub mod table;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;
pub mod version;
