//! Checks of an expanded template, before anything is sent: form, names, limits,
//! circles. What it holds is told along the way.
//!
//! An error here is a refusal by CloudFormation later. Whether a resource type has
//! the properties that are given is left to CloudFormation and to cfn-lint.

mod attributes;
mod capabilities;
mod cycle;
mod dynamic;
mod expression;
mod find_in_map;
mod findings;
mod functions;
mod limits;
mod loops;
mod names;
mod parameter_type;
mod parameters;
mod report;
mod resources;
mod sections;
mod shape;
mod sub_text;
mod value;
mod walk;

use std::borrow::Cow;

use crate::yaml::Node;

pub use limits::{INLINE_TEMPLATE_BYTES, PARAMETER_VALUE_BYTES, TEMPLATE_BYTES, check_size};
pub use report::{Report, check};
pub use value::check_value;

/// A document with its loops written out, as far as their values are known.
pub(crate) fn written_out(document: &Node) -> Cow<'_, Node> {
    loops::write_out(document, true, &mut findings::Findings::default()).document
}
