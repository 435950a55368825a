//! Versions that are published with each change of the code.
//!
//! All properties of an `AWS::Lambda::Version` make a new one when they change, and the SHA-256
//! of the function's artifact is one of them. Rendering fills it in, so that new code is a new
//! version, and an alias that names it shifts to it, at once or with CodeDeploy.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html>

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::function::{argument_of, attribute_path};
use super::resources;
use crate::names::ArtifactDigest;
use crate::yaml::Node;

const VERSION: &str = "AWS::Lambda::Version";
const PROPERTY: &str = "CodeSha256";

/// Gives every version of a function whose artifact is known, by logical ID, the digest of it,
/// unless the template gives one.
pub(super) fn fill_digests(section: &mut Node, code: &BTreeMap<String, ArtifactDigest>) {
    resources::visit(section, &mut |_, resource| {
        if resource.get("Type").and_then(Node::as_str) != Some(VERSION) {
            return;
        }
        let Some(properties) = resource.get_mut("Properties") else {
            return;
        };
        let function = properties.get("FunctionName").and_then(function);
        let digest = function.and_then(|function| digest(code.get(&function)?));
        if let Some(digest) = digest
            && properties.get(PROPERTY).is_none()
        {
            let location = properties.location.clone();
            properties.set(PROPERTY, Node::string(digest, &location));
        }
    });
}

/// The logical ID that `!Ref Function`, `!GetAtt Function.Arn` or `!Sub ${Function}` names.
fn function(name: &Node) -> Option<String> {
    if let Some(argument) = argument_of(name, "Fn::GetAtt") {
        let path = attribute_path(&argument)?;
        return path.strip_suffix(".Arn").map(str::to_owned);
    }
    if let Some(argument) = argument_of(name, "Fn::Sub") {
        let text = argument.as_str()?.strip_prefix("${")?.strip_suffix('}')?;
        return Some(text.strip_suffix(".Arn").unwrap_or(text).to_owned());
    }
    argument_of(name, "Ref")?.as_str().map(str::to_owned)
}

/// A digest as Lambda tells it.
fn digest(artifact: &ArtifactDigest) -> Option<String> {
    let bytes = hex::decode(artifact.as_str()).ok()?;
    Some(STANDARD.encode(bytes))
}
