//! Finds out why an operation on a stack failed, and says it in a way that somebody can act
//! on. Looks only; what is done about it is decided elsewhere.

mod choose;
mod function_log;
mod leads;
mod scene;
#[cfg(test)]
mod scene_tests;

pub(crate) use choose::{first_failure, is_root, stuck_in_rollback};
pub(crate) use scene::{Scene, plain};
