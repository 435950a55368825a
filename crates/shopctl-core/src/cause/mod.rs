//! What a text of CloudFormation means: the cause behind it, what to do about it, and what
//! else is worth a look.
//!
//! Pure text in, values out. Nothing is asked of AWS here; `shopctl-deploy` does that with
//! the [`Lead`]s that this module finds.

mod denial;
mod kind;
mod recognise;
mod rules;
#[cfg(test)]
mod texts;
#[cfg(test)]
mod texts_tests;

pub use denial::{Barrier, Denial, denial_of, denial_of_decoded};
pub use kind::CauseKind;
pub use recognise::{Cause, Lead, Place, is_cascade, is_summary, recognise, unrecognised};
