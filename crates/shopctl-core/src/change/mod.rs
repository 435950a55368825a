//! What a deploy would change: properties before and after, why, and what is dangerous.
//!
//! Two sources are merged. The template that is deployed is compared with the one that
//! was rendered, which works for every service and before a stack is there; and what
//! CloudFormation says in a change set wins where it says something. No calls are made
//! here.

mod compare;
mod danger;
mod difference;
mod evaluate;
mod guard;
mod model;
mod moves;
mod noise;
mod policy;
mod recreation;
mod reported;
mod resource;
mod saved;
mod shown;
mod sides;
mod stack;
mod tree;

pub use guard::{Allowance, AllowanceError, Refusal, refusals, unused};
pub use model::{
    Danger, DangerClass, ExportRemoval, Fate, KnownAfter, Preview, PropertyChange, Recreation,
    Replacement, ResourceAction, ResourceChange, Shown, SitePreview, StackChange, StackEffect,
    UploadPreview, VERSION,
};
pub use moves::{Move, Moves, ResourcePlace, find_moves, mention_moves};
pub use recreation::is_stateful;
pub use reported::{ReportedChange, ReportedDetail, is_incomplete, merge_incomplete};
pub use saved::{Fingerprint, SAVED_VERSION, SavedPlan, StackFingerprint, moved};
pub use stack::{Compared, Deployed, Pseudo, StackInput, settle, stack_change};
