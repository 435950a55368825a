//! Reads a rendered template back from its text, for a rollback. Renders nothing.

use sha2::{Digest, Sha256};

use super::check::check;
use super::{RenderedTemplate, Upload};
use crate::diagnostic::Diagnostics;
use crate::names::StackName;
use crate::yaml::parse;

/// What a rendered template declares; `file` is what messages call it. Findings of the
/// check are left out: CloudFormation has taken the text before.
pub fn reread(stack: &StackName, file: &str, text: &str) -> Result<RenderedTemplate, Diagnostics> {
    let document = parse(file, text)?;
    let report = check(&document);
    Ok(RenderedTemplate {
        stack: stack.clone(),
        body: text.to_owned(),
        digest: hex::encode(Sha256::digest(text)),
        parameters: report.parameters,
        outputs: report.outputs,
        capabilities: report.capabilities,
        resources: report.resources,
        omitted: Vec::new(),
        nested: std::collections::BTreeMap::new(),
        uploads: Vec::<Upload>::new(),
        warnings: Vec::new(),
    })
}
