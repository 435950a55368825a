//! The commands, one a file.

pub(crate) mod build;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod graph;
pub(crate) mod lint;
pub(crate) mod local;
pub(crate) mod logs;
pub(crate) mod manual;
pub(crate) mod render;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod teardown;
pub(crate) mod timeline;
