//! The keys of a URL.

use crate::project::model::Located;
use crate::project::shape::{Fields, Object, key};
use crate::project::text::UrlPath;
use crate::project::value::OutputReference;

/// A URL.
#[derive(Debug)]
pub(in crate::project) struct UrlKeys {
    pub(in crate::project) output: Option<Located<OutputReference>>,
    pub(in crate::project) check: Option<UrlPath>,
}

impl Object for UrlKeys {
    const NAME: &'static str = "a URL";
    const DEFINITION: &'static str = "url";
    const ABOUT: &'static str = "A URL that a stack puts out.";

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            output: fields.required(
                key("output", "The stack and the output that is the URL.").example("site.SiteUrl"),
            ),
            check: fields.optional(
                key(
                    "check",
                    "The path, behind the URL, that the health check asks for. Without it the \
                     URL itself is asked.",
                )
                .example("/products"),
            ),
        }
    }
}
