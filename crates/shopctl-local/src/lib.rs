//! The local cloud: installs MiniStack once for the user, keeps one instance of it a project checkout, starts it when
//! a command needs it, finds it again, and stops it. Names what a machine lacks ([`doctor`]).
//!
//! Prints nothing and speaks no AWS: the caller points its SDK at [`Running::endpoint`].

mod assets;
mod cloud;
mod doctor;
mod error;
mod files;
mod folders;
mod http;
mod install;
mod instance;
mod port;
mod process;
mod progress;
mod python;

pub use cloud::{CloudStatus, DeathCause, LocalCloud, Running, Settings};
pub use doctor::{Check, CheckStatus, DoctorRequest, doctor};
pub use error::LocalError;
pub use folders::Folders;
pub use port::Holder;
pub use progress::{InstallStep, Progress, ProgressSink};
