//! Renders the templates, and packs what they refer to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use indexmap::IndexMap;
use shopctl_build::Artifact;
use shopctl_core::diagnostic::{Diagnostics, Severity};
use shopctl_core::names::{ArtifactDigest, StackName};
use shopctl_core::project::{Architecture, Environment, ParameterValue, check_wiring};
use shopctl_core::template::{ArtifactLookup, RenderInput, RenderedTemplate, UploadSource, render};
use shopctl_deploy::UploadBodies;
use shopctl_deploy::ports::Body;

use crate::error::CommandError;
use crate::workspace::Workspace;

/// Renders and checks all templates of an environment; collects the bytes they refer to.
pub(crate) fn render_all(
    workspace: &Workspace,
    environment: &Environment,
    artifacts: &[Artifact],
) -> Result<(IndexMap<StackName, RenderedTemplate>, UploadBodies), CommandError> {
    let project = &workspace.project;
    let mut templates = IndexMap::new();
    let mut findings = Vec::new();
    let lookup = each_template(workspace, environment, artifacts, |input| {
        match render(input) {
            Ok(template) => {
                templates.insert(input.stack.clone(), template);
            }
            Err(Diagnostics(found)) => findings.extend(found),
        }
    });
    // Wiring to a template that is wrong itself would only repeat what was said.
    if findings.is_empty() {
        findings.extend(check_wiring(project, environment, &templates));
    }
    if findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        return Err(CommandError::findings(
            "the templates are wrong",
            Diagnostics(findings),
            &workspace.root,
        ));
    }

    let mut bodies = UploadBodies::default();
    for template in templates.values() {
        for upload in &template.uploads {
            let body = match &upload.source {
                UploadSource::Bytes(bytes) => Body::Bytes(bytes.clone()),
                UploadSource::Artifact => match lookup.zip(&upload.digest) {
                    Some(path) => Body::File(path),
                    None => continue,
                },
            };
            bodies.0.insert(upload.key.clone(), body);
        }
        if template.body.len() > shopctl_core::planner::INLINE_TEMPLATE_LIMIT {
            let key = shopctl_core::planner::template_object_key(template);
            bodies
                .0
                .insert(key, Body::Bytes(template.body.clone().into_bytes()));
        }
    }
    Ok((templates, bodies))
}

/// Hands over what rendering needs of each stack of an environment, in the order of the project
/// file; answers what was packed on the way.
pub(crate) fn each_template<'a>(
    workspace: &'a Workspace,
    environment: &Environment,
    artifacts: &'a [Artifact],
    mut visit: impl FnMut(&RenderInput<'_>),
) -> Lookup<'a> {
    let project = &workspace.project;
    let lookup = Lookup::new(workspace, artifacts);
    let architecture = match environment.architecture {
        Some(architecture) => architecture,
        None => host_architecture(),
    };
    let omit: Vec<String> = environment
        .omit
        .iter()
        .map(|kind| kind.value.as_str().to_owned())
        .collect();
    for stack in project.stacks_in(environment) {
        visit(&RenderInput {
            stack: &stack.name,
            template: stack.template.value.as_str(),
            files: workspace,
            artifacts: &lookup,
            architecture,
            omit: &omit,
            permissions_boundary: environment
                .permissions_boundary
                .as_ref()
                .map(|arn| arn.value.as_str()),
            project: project.name().as_str(),
            environment: environment.name.as_str(),
            parameters: &literals(workspace, &stack.name, environment),
        });
    }
    lookup
}

/// The values that are written out in the project file.
fn literals(
    workspace: &Workspace,
    stack: &StackName,
    environment: &Environment,
) -> BTreeMap<String, String> {
    workspace
        .project
        .parameters_for(stack, environment)
        .into_iter()
        .filter_map(|(name, given)| match given.value {
            ParameterValue::Literal(text) => Some((name, text)),
            ParameterValue::List(items) => Some((name, items.join(","))),
            _ => None,
        })
        .collect()
}

fn host_architecture() -> Architecture {
    if cfg!(target_arch = "aarch64") {
        Architecture::Arm64
    } else {
        Architecture::X86_64
    }
}

/// Finds and packs what templates refer to.
pub(crate) struct Lookup<'a> {
    workspace: &'a Workspace,
    handlers: BTreeMap<String, &'a Artifact>,
    /// Folders and files that were packed on the way, by digest.
    packed: RefCell<BTreeMap<ArtifactDigest, PathBuf>>,
}

impl<'a> Lookup<'a> {
    fn new(workspace: &'a Workspace, artifacts: &'a [Artifact]) -> Self {
        let handlers = workspace
            .project
            .handlers()
            .iter()
            .filter_map(|(name, path)| {
                let artifact = artifacts.iter().find(|a| a.handler == name.as_str())?;
                Some((
                    path.value.as_str().trim_end_matches('/').to_owned(),
                    artifact,
                ))
            })
            .collect();
        Self {
            workspace,
            handlers,
            packed: RefCell::default(),
        }
    }

    /// The zip with this digest.
    fn zip(&self, digest: &ArtifactDigest) -> Option<PathBuf> {
        let handler = self
            .handlers
            .values()
            .find(|artifact| &artifact.digest == digest);
        match handler {
            Some(artifact) => Some(artifact.zip_path.clone()),
            None => self.packed.borrow().get(digest).cloned(),
        }
    }
}

impl ArtifactLookup for Lookup<'_> {
    fn handler(&self, folder: &str) -> Option<ArtifactDigest> {
        self.handlers
            .get(folder)
            .map(|artifact| artifact.digest.clone())
    }

    fn handlers(&self) -> Vec<String> {
        self.handlers.keys().cloned().collect()
    }

    fn pack(&self, path: &str) -> Result<ArtifactDigest, String> {
        let packed = shopctl_build::pack_folder(
            &self.workspace.root.join(path),
            shopctl_build::Compression::Small,
            &self.workspace.cache().join("artifacts"),
        )
        .map_err(|error| describe(&error))?;
        self.packed
            .borrow_mut()
            .insert(packed.digest.clone(), packed.zip_path);
        Ok(packed.digest)
    }
}

/// An error and its causes on one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
