//! CloudFormation's quotas on one template, and the checks that count.
//!
//! All of them are from
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>.

use crate::diagnostic::{Diagnostic, Location};

/// Bytes of a template that is sent with the request; a longer one goes by its S3 URL.
pub const INLINE_TEMPLATE_BYTES: usize = 51_200;
/// Bytes of any template: `Template may not exceed 1000000 bytes in size` is what a larger one is
/// answered with.
pub const TEMPLATE_BYTES: usize = 1_000_000;
/// Bytes of a parameter's value.
pub const PARAMETER_VALUE_BYTES: usize = 4_096;

/// Resources in a template.
pub(super) const RESOURCES: usize = 500;
/// Parameters in a template.
pub(super) const PARAMETERS: usize = 200;
/// Outputs in a template.
pub(super) const OUTPUTS: usize = 200;
/// Mappings in a template.
pub(super) const MAPPINGS: usize = 200;
/// Keys of one mapping.
pub(super) const MAPPING_ATTRIBUTES: usize = 200;
/// Characters of a name.
pub(super) const NAME_CHARACTERS: usize = 255;
/// Bytes of a description.
pub(super) const DESCRIPTION_BYTES: usize = 1_024;
/// Bytes of a parameter's description
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>).
pub(super) const PARAMETER_DESCRIPTION_BYTES: usize = 4_000;
/// Dynamic references in a template.
pub(super) const DYNAMIC_REFERENCES: usize = 60;

/// Checks the size of a template's text; `start` is where the document begins.
pub fn check_size(start: &Location, body: &str) -> Option<Diagnostic> {
    (body.len() > TEMPLATE_BYTES).then(|| {
        let message = format!(
            "the rendered template has {} bytes without any blank; CloudFormation takes \
             {TEMPLATE_BYTES}",
            body.len()
        );
        Diagnostic::error(start, message).with_hint(
            "move a part of it into a template of its own and nest that (AWS::CloudFormation::Stack \
             with a local TemplateURL), or into another stack",
        )
    })
}

/// The finding when there are more than `limit` of something.
pub(super) fn check_count(
    location: &Location,
    what: &str,
    count: usize,
    limit: usize,
) -> Option<Diagnostic> {
    (count > limit).then(|| {
        Diagnostic::error(
            location,
            format!("{count} {what}; CloudFormation takes {limit}"),
        )
        .with_hint("split the template into two stacks")
    })
}
