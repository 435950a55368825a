//! The texts as CloudFormation and the services write them, each with its cause. For tests.

mod deleting;
mod refused;
mod running;

use super::kind::CauseKind;

pub(super) use deleting::DELETING;
pub(super) use refused::REFUSED;
pub(super) use running::RUNNING;

/// Text, cause, a word of the explanation, a word of the advice.
pub(super) type Row = (&'static str, CauseKind, &'static str, &'static str);
