//! Rendering: a template of the project becomes the template that CloudFormation gets.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{Files, read_text};
use super::function::is_call;
use super::package::{ArtifactLookup, NestedTemplate, Packager, Uploads, of_bytes};
use super::{Capability, OmittedResource, RenderedFile, RenderedTemplate, Upload};
use super::{boundary, check, include, modules, omit};
use crate::diagnostic::{Diagnostic, Diagnostics, Location, Severity, did_you_mean};
use crate::names::{LogicalId, StackName, artifact_bucket};
use crate::project::Architecture;
use crate::yaml::{Node, parse};

/// What rendering needs to know.
pub struct RenderInput<'a> {
    /// The stack, as the project file names it.
    pub stack: &'a StackName,
    /// Path of its template, relative to the project's root.
    pub template: &'a str,
    /// The project's files.
    pub files: &'a dyn Files,
    /// Digests of what is built and packed.
    pub artifacts: &'a dyn ArtifactLookup,
    /// What handlers are built for.
    pub architecture: Architecture,
    /// Resource types that the environment lacks; `*` stands for anything.
    pub omit: &'a [String],
    /// ARN of the managed policy that bounds every role and user which names none.
    pub permissions_boundary: Option<&'a str>,
    /// The project's name.
    pub project: &'a str,
    /// The environment's name.
    pub environment: &'a str,
    /// Literal values that the project file gives to the template's parameters. Only loops
    /// over a parameter use them; they would otherwise run over its default.
    pub parameters: &'a BTreeMap<String, String>,
}

/// Renders a stack's template. The same input gives the same bytes.
///
/// The steps: parse, put modules and snippets in place, leave out what the environment
/// lacks, check, bound roles and users, put artifacts in place of local references, write.
pub fn render(input: &RenderInput<'_>) -> Result<RenderedTemplate, Diagnostics> {
    render_with_sources(input).map(|(template, _)| template)
}

/// As [`render`], with what was written: the nested templates first, the stack's own last,
/// each knowing where its lines come from.
pub fn render_with_sources(
    input: &RenderInput<'_>,
) -> Result<(RenderedTemplate, Vec<RenderedFile>), Diagnostics> {
    let start = Location {
        file: input.template.into(),
        line: 1,
        column: 1,
    };
    let bucket = artifact_bucket(
        input.project,
        input.environment,
        "${AWS::AccountId}",
        "${AWS::Region}",
    );
    let mut renderer = Renderer {
        input,
        bucket,
        chain: Vec::new(),
        written: Vec::new(),
    };
    let template = renderer.render(input.template, &start, input.parameters)?;
    Ok((template, renderer.written))
}

struct Renderer<'a> {
    input: &'a RenderInput<'a>,
    bucket: String,
    /// Templates that are being rendered, from the stack's own to the innermost.
    chain: Vec<String>,
    /// What was written so far.
    written: Vec<RenderedFile>,
}

/// What nested templates add to the one that names them.
#[derive(Default)]
struct Nested {
    uploads: Uploads,
    capabilities: BTreeSet<Capability>,
    omitted: Vec<OmittedResource>,
    places: BTreeMap<String, Location>,
    warnings: Vec<Diagnostic>,
    errors: Vec<Diagnostic>,
}

impl Renderer<'_> {
    fn render(
        &mut self,
        path: &str,
        named_at: &Location,
        parameters: &BTreeMap<String, String>,
    ) -> Result<RenderedTemplate, Diagnostics> {
        let files = self.input.files;
        let text = read_text(files, path, named_at)?;
        let document = parse(path, &text)?;
        let expanded = modules::expand(document, path, files, parameters).map_err(Diagnostics)?;
        let mut warnings = expanded.warnings;
        let mut document = include::inline(expanded.document, files).map_err(Diagnostics)?;
        let before = check::check(&document).diagnostics;
        let omission = omit::omit(&mut document, self.input.omit, self.input.stack);
        if !omission.errors.is_empty() {
            return Err(Diagnostics(omission.errors));
        }
        warnings.extend(omission.warnings);

        let report = check::check(&document);
        let (errors, more): (Vec<_>, Vec<_>) = report
            .diagnostics
            .into_iter()
            // What a module or a loop used up is used, and so is what is left out here.
            .filter(|found| {
                let at = found.location.as_ref();
                found.severity == Severity::Error
                    || before.contains(found) && !at.is_some_and(|at| expanded.used.contains(at))
            })
            .partition(|found| found.severity == Severity::Error);
        warnings.extend(more);

        if let Some(arn) = self.input.permissions_boundary {
            boundary::apply(&mut document, arn);
        }
        // Local references are looked at even when the check found errors, so that one run
        // shows all there is to mend.
        self.chain.push(path.to_owned());
        let (mut uploads, nested, package_errors) = self.package(&mut document);
        self.chain.pop();
        let errors: Vec<Diagnostic> = errors
            .into_iter()
            .chain(package_errors)
            .chain(nested.errors)
            .collect();
        if !errors.is_empty() {
            return Err(Diagnostics(errors));
        }

        let file = RenderedFile::write(path, &document);
        let body = file.body.clone();
        if let Some(too_large) = check::check_size(named_at, &body) {
            return Err(too_large.into());
        }
        let mut omitted = omission.resources;
        omitted.extend(nested.omitted);
        uploads.extend(nested.uploads);
        warnings.extend(nested.warnings);
        let digest = file.digest.clone();
        self.written.push(file);
        Ok(RenderedTemplate {
            stack: self.input.stack.clone(),
            digest,
            body,
            parameters: report.parameters,
            outputs: report.outputs,
            capabilities: report
                .capabilities
                .union(&nested.capabilities)
                .copied()
                .collect(),
            resources: report.resources,
            nested: nested.places,
            omitted,
            uploads: uploads.into_values().collect(),
            warnings,
        })
    }

    fn package(&mut self, document: &mut Node) -> (Uploads, Nested, Vec<Diagnostic>) {
        let mut nested = Nested::default();
        let bucket = self.bucket.clone();
        let input = self.input;
        let mut render_nested = |template: NestedTemplate<'_>| self.nested(template, &mut nested);
        let mut packager = Packager {
            files: input.files,
            artifacts: input.artifacts,
            bucket: &bucket,
            architecture: input.architecture.as_str(),
            nested: &mut render_nested,
            uploads: Uploads::new(),
            code: BTreeMap::new(),
            errors: Vec::new(),
        };
        packager.package(document);
        let (uploads, errors) = (packager.uploads, packager.errors);
        (uploads, nested, errors)
    }

    /// Renders a nested template; what it found is added to `nested`.
    fn nested(&mut self, template: NestedTemplate<'_>, nested: &mut Nested) -> Option<Upload> {
        let NestedTemplate {
            path, id, location, ..
        } = template;
        if self.chain.iter().any(|open| open == path) {
            let chain = self.chain.join(" -> ");
            let message = format!("a template nests itself: {chain} -> {path}");
            nested.errors.push(Diagnostic::error(location, message));
            return None;
        }
        match self.render(path, location, &BTreeMap::new()) {
            Ok(rendered) => {
                check_parameters(&template, &rendered, &mut nested.errors);
                let uploads = rendered.uploads.into_iter();
                nested
                    .uploads
                    .extend(uploads.map(|upload| (upload.key.clone(), upload)));
                nested.capabilities.extend(rendered.capabilities);
                let own = rendered.resources.iter();
                let own = own.map(|(name, resource)| (name.to_string(), resource.location.clone()));
                nested.places.extend(
                    own.chain(rendered.nested)
                        .map(|(name, location)| (format!("{id}.{name}"), location)),
                );
                nested
                    .omitted
                    .extend(rendered.omitted.into_iter().map(|omitted| OmittedResource {
                        logical_id: LogicalId::new(format!("{id}.{}", omitted.logical_id)),
                        ..omitted
                    }));
                let known = std::mem::take(&mut nested.warnings);
                let new = rendered.warnings.into_iter().filter(|w| !known.contains(w));
                nested.warnings = known.iter().cloned().chain(new).collect();
                Some(of_bytes(rendered.body.into_bytes(), ".yaml", path))
            }
            Err(Diagnostics(found)) => {
                nested.errors.extend(found);
                None
            }
        }
    }
}

/// Holds the values that a nested template gets against its parameters.
fn check_parameters(
    template: &NestedTemplate<'_>,
    rendered: &RenderedTemplate,
    errors: &mut Vec<Diagnostic>,
) {
    let path = template.path;
    let given = match template.parameters {
        None => &[],
        Some(parameters) if is_call(parameters) => return,
        // A stack set has a list of them, which is left to CloudFormation.
        Some(parameters) => match parameters.entries() {
            Some(entries) => entries,
            None => return,
        },
    };
    for (key, _) in given {
        let name = key.as_str().unwrap_or("");
        if !rendered.parameters.contains_key(name) {
            let message = format!("'{path}' has no parameter '{name}'");
            let mut found = Diagnostic::error(&key.location, message);
            let known = rendered.parameters.keys().map(String::as_str);
            found.hint = did_you_mean(name, known);
            errors.push(found);
        }
    }
    for (name, parameter) in &rendered.parameters {
        let is_given = given.iter().any(|(key, _)| key.as_str() == Some(name));
        if parameter.default.is_none() && !is_given {
            let message = format!("'{path}' needs a value for its parameter '{name}'");
            let hint = "set it under 'Parameters' of the resource";
            errors.push(Diagnostic::error(template.location, message).with_hint(hint));
        }
    }
}
