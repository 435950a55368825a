//! The keys of the site, and of what it reads at run time.

use serde_json::json;

use super::ConfigValues;
use crate::project::containers::NonEmpty;
use crate::project::model::Located;
use crate::project::shape::{Fields, Object, key};
use crate::project::text::{Argument, FolderPath, SiteFile};
use crate::project::value::OutputKey;

/// The site.
#[derive(Debug)]
pub(in crate::project) struct SiteKeys {
    pub(in crate::project) path: Option<Located<FolderPath>>,
    pub(in crate::project) build: Option<NonEmpty<Vec<Argument>>>,
    pub(in crate::project) output: Option<Located<FolderPath>>,
    pub(in crate::project) bucket: Option<OutputKey>,
    pub(in crate::project) distribution: Option<OutputKey>,
    pub(in crate::project) config: Option<SiteConfigKeys>,
}

impl Object for SiteKeys {
    const NAME: &'static str = "the site";
    const DEFINITION: &'static str = "site";
    const ABOUT: &'static str = "A web site: built, and its files brought into a bucket, in the environments that have \
         the bucket's stack.";

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            path: fields.required(
                key("path", "The folder where the build command runs.").example("frontend"),
            ),
            build: fields.optional(
                key(
                    "build",
                    "The build command, word by word; no shell reads it. Without it the files \
                     are taken as they are.",
                )
                .example(json!(["npm", "run", "build"])),
            ),
            output: fields.required(
                key("output", "The folder of the finished files.").example("frontend/dist"),
            ),
            bucket: fields.required(
                key("bucket", "The bucket that holds the files.")
                    .example(json!({ "output": "site.BucketName" })),
            ),
            distribution: fields.optional(
                key(
                    "distribution",
                    "The id of the CloudFront distribution whose changed paths are invalidated.",
                )
                .example(json!({ "output": "site.DistributionId" })),
            ),
            config: fields.optional(key(
                "config",
                "A JSON file that the deploy writes beside the site's files and the page reads \
                 when it runs.",
            )),
        }
    }
}

/// The site's configuration.
#[derive(Debug)]
pub(in crate::project) struct SiteConfigKeys {
    pub(in crate::project) file: Option<SiteFile>,
    pub(in crate::project) values: Option<ConfigValues>,
}

impl Object for SiteConfigKeys {
    const NAME: &'static str = "the site's configuration";
    const DEFINITION: &'static str = "siteConfig";
    const ABOUT: &'static str = "The file that tells the page what it is connected to.";

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            file: fields
                .required(key("file", "The file's path in the site.").example("config.json")),
            values: fields.required(
                key("values", "The keys of the JSON object and their values.").example(json!({
                    "apiUrl": "/api",
                    "region": { "pseudo": "region" },
                    "userPoolId": { "output": "identity.UserPoolId" },
                })),
            ),
        }
    }
}
