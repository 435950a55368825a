//! The keys of the commands around what shopctl does.

use serde_json::json;

use crate::project::containers::NonEmpty;
use crate::project::shape::{Fields, Object, key};
use crate::project::text::Argument;

/// Commands around what shopctl does.
#[derive(Debug, Default)]
pub(in crate::project) struct HookKeys {
    pub(in crate::project) before_deploy: Option<NonEmpty<Vec<Argument>>>,
    pub(in crate::project) after_deploy: Option<NonEmpty<Vec<Argument>>>,
    pub(in crate::project) before_teardown: Option<NonEmpty<Vec<Argument>>>,
    pub(in crate::project) after_teardown: Option<NonEmpty<Vec<Argument>>>,
}

impl Object for HookKeys {
    const NAME: &'static str = "the hooks";
    const DEFINITION: &'static str = "hooks";
    const ABOUT: &'static str =
        "Commands, word by word, that run in the project's folder; no shell reads them.";

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            before_deploy: fields.optional(
                key(
                    "beforeDeploy",
                    "Runs before anything is built. When it fails, nothing is deployed.",
                )
                .example(json!(["make", "generate"])),
            ),
            after_deploy: fields.optional(
                key(
                    "afterDeploy",
                    "Runs when all stacks are deployed and the site and the URLs are well. When \
                     it fails, the deploy has failed.",
                )
                .example(json!(["npm", "run", "smoke"])),
            ),
            before_teardown: fields.optional(
                key(
                    "beforeTeardown",
                    "Runs before anything is deleted. When it fails, nothing is.",
                )
                .example(json!(["make", "backup"])),
            ),
            after_teardown: fields.optional(
                key(
                    "afterTeardown",
                    "Runs when all is deleted. When it fails, the teardown has failed.",
                )
                .example(json!(["make", "forget"])),
            ),
        }
    }
}
