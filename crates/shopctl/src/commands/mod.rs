//! The commands, one a file.

pub(crate) mod build;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod fast;
pub(crate) mod local;
pub(crate) mod render;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod teardown;
pub(crate) mod watch;
