//! Credentials: where they come from, how they are renewed during a long run, and what to do
//! when there are none that work. Which account they may be for is decided elsewhere.

mod github;
mod problem;
mod profiles;
mod provider;
mod role;

pub use problem::{CredentialsProblem, explain};
pub use profiles::Surroundings;
pub use role::RoleRequest;

pub(crate) use provider::provider;
