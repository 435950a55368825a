//! Checkers of templates that are programs of others: installed when they are first needed, asked
//! only about what they have not seen.

mod cfn_guard;
mod cfn_lint;
mod kept;
mod tool;

pub(crate) use cfn_guard::CfnGuard;
pub(crate) use cfn_lint::CfnLint;
pub(crate) use kept::cannot;

/// The folder of the project's own settings and rules for checkers.
const SETTINGS: &str = "stacks/lint";
