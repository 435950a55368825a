//! What the services on the relational database share: connections with IAM
//! authentication, transactions that are tried again, migrations, the outbox
//! through which events leave a network that has no way out, the custom
//! resource that makes a service's schema, and the functions that all of them
//! have. It knows no table of any service.

// Checkouts share a folder for intermediate files (see `.cargo/config.toml`). Naming the
// checkout makes cargo compile this crate, and all that depend on it, anew for each of them.
const _: Option<&str> = option_env!("SHOPCTL_CHECKOUT");

pub mod database;
pub mod functions;
pub mod incoming;
pub mod migrate;
pub mod outbox;
pub mod setup;
#[cfg(feature = "testing")]
pub mod testing;
pub mod token;
