//! The commands, one a file.

pub(crate) mod apply;
pub(crate) mod build;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod lint;
pub(crate) mod local;
pub(crate) mod logs;
pub(crate) mod manual;
pub(crate) mod plan;
pub(crate) mod prune;
pub(crate) mod recover;
pub(crate) mod refactor;
pub(crate) mod render;
pub(crate) mod rollback;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod teardown;
pub(crate) mod timeline;
pub(crate) mod unlock;
pub(crate) mod watch;
