//! A project in memory, for the tests of rendering.

use std::collections::BTreeMap;

use super::{
    ArtifactLookup, FileError, FileKind, Files, RenderInput, RenderedFile, RenderedTemplate,
    render_with_sources,
};
use crate::diagnostic::Diagnostics;
use crate::names::{ArtifactDigest, StackName};
use crate::project::Architecture;

/// Files from one text in which `=== path` begins a file. A folder below `handlers/` with
/// a `Cargo.toml` is a handler.
pub(super) struct TestProject {
    files: BTreeMap<String, Vec<u8>>,
    pub(super) omit: Vec<String>,
    pub(super) boundary: Option<String>,
    pub(super) parameters: BTreeMap<String, String>,
}

impl TestProject {
    pub(super) fn new(text: &str) -> Self {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut current = "template.yaml".to_owned();
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("=== ") {
                current = path.to_owned();
                files.entry(current.clone()).or_default();
                continue;
            }
            let file = files.entry(current.clone()).or_default();
            file.extend(line.as_bytes());
            file.push(b'\n');
        }
        Self {
            files,
            omit: Vec::new(),
            boundary: None,
            parameters: BTreeMap::new(),
        }
    }

    pub(super) fn render(&self, template: &str) -> Result<RenderedTemplate, Diagnostics> {
        self.render_with_sources(template)
            .map(|(rendered, _)| rendered)
    }

    pub(super) fn render_with_sources(
        &self,
        template: &str,
    ) -> Result<(RenderedTemplate, Vec<RenderedFile>), Diagnostics> {
        render_with_sources(&RenderInput {
            stack: &StackName::new("shelf"),
            template,
            files: self,
            artifacts: self,
            architecture: Architecture::Arm64,
            omit: &self.omit,
            permissions_boundary: self.boundary.as_deref(),
            project: "shop",
            environment: "local",
            parameters: &self.parameters,
        })
    }

    /// What a user sees: the body without its header and the warnings, or the errors.
    pub(super) fn shown(&self, template: &str) -> String {
        match self.render(template) {
            Ok(rendered) => {
                let body = rendered.body.split_once('\n').map_or("", |(_, body)| body);
                let warnings: Vec<String> =
                    rendered.warnings.iter().map(|w| format!("{w}\n")).collect();
                format!("{body}{}", warnings.concat())
            }
            Err(errors) => errors.to_string(),
        }
    }
}

/// Renders `template.yaml` of the project in `text`.
pub(super) fn shown(text: &str) -> String {
    TestProject::new(text).shown("template.yaml")
}

impl Files for TestProject {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.files.get(path).cloned().ok_or(FileError::NotFound)
    }

    fn kind(&self, path: &str) -> Option<FileKind> {
        if self.files.contains_key(path) {
            return Some(FileKind::File);
        }
        let folder = format!("{path}/");
        let is_folder = self.files.keys().any(|file| file.starts_with(&folder));
        is_folder.then_some(FileKind::Folder)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let prefix = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&prefix)?.split('/').next())
            .map(str::to_owned)
            .collect();
        names.dedup();
        names
    }
}

impl ArtifactLookup for TestProject {
    fn handler(&self, folder: &str) -> Option<ArtifactDigest> {
        let handlers = self.handlers();
        let name = folder.rsplit('/').next().unwrap_or(folder);
        handlers
            .iter()
            .any(|handler| handler == folder)
            .then(|| ArtifactDigest::new(format!("digest-of-{name}")))
    }

    fn handlers(&self) -> Vec<String> {
        self.files
            .keys()
            .filter(|file| file.starts_with("handlers/"))
            .filter_map(|file| file.strip_suffix("/Cargo.toml"))
            .map(str::to_owned)
            .collect()
    }

    fn pack(&self, path: &str) -> Result<ArtifactDigest, String> {
        if path.contains("huge") {
            return Err("it has more than 250 MB".to_owned());
        }
        let name = path.replace('/', "-");
        Ok(ArtifactDigest::new(format!("digest-of-zipped-{name}")))
    }
}
