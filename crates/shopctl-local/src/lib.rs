//! The local cloud: installs MiniStack once for the user, keeps one instance of it a project checkout, starts it when
//! a command needs it, finds it again, and stops it, with a MariaDB server for its databases ([`MariaDb`]). Names what a
//! machine lacks ([`doctor`]).
//!
//! Prints nothing and speaks no AWS: the caller points its SDK at [`Running::endpoint`].

// Checkouts share a folder for intermediate files (see `.cargo/config.toml`). Naming the
// checkout makes cargo compile this crate, and all that depend on it, anew for each of them.
const _: Option<&str> = option_env!("SHOPCTL_CHECKOUT");

mod assets;
mod cloud;
mod doctor;
mod error;
mod files;
mod folders;
mod http;
mod install;
mod instance;
mod mariadb;
mod port;
mod process;
mod progress;
mod python;
mod start;
mod tool;

pub use cloud::{CloudStatus, DeathCause, LocalCloud, Running, Settings};
pub use doctor::{Check, CheckStatus, DoctorRequest, doctor};
pub use error::LocalError;
pub use folders::Folders;
pub use mariadb::{Listen, MariaDb};
pub use port::Holder;
pub use progress::{InstallStep, Progress, ProgressSink};
pub use tool::{NpmProgram, npm_program, python_tool};
