//! The project on disk: where it is, its files, its caches.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use shopctl_core::project::{Environment, LocalValue, ParameterValue, Project, Stack};
use shopctl_core::template::{FileError, FileKind, Files};

use crate::cli::Global;
use crate::error::{CommandError, Kind};

/// The name that is looked for.
const FILE_NAME: &str = "shopctl.yaml";

/// A project with its folder.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) project: Project,
}

impl Workspace {
    /// Finds and reads the project file.
    pub(crate) fn open(global: &Global) -> Result<Self, CommandError> {
        let path = locate(global)?;
        let text = fs::read_to_string(&path).map_err(|error| {
            CommandError::message(
                Kind::Input,
                format!("cannot read the project file '{}': {error}", path.display()),
                None,
            )
        })?;
        let root = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let name = path
            .file_name()
            .map_or(FILE_NAME.into(), |name| name.to_string_lossy());
        let project = Project::parse(&name, &text).map_err(|findings| {
            CommandError::findings("the project file is wrong", findings, &root)
        })?;
        Ok(Self { root, project })
    }

    /// Where this project keeps what can be made again: packed artifacts, build markers.
    pub(crate) fn cache(&self) -> PathBuf {
        self.root.join(".shopctl")
    }

    /// The text of a file by the name that messages use.
    pub(crate) fn source(&self) -> impl Fn(&str) -> Option<String> + Send + Clone + 'static {
        let root = self.root.clone();
        move |file| fs::read_to_string(root.join(file)).ok()
    }

    /// Whether the local cloud needs a database server: a template of a local environment holds a
    /// `AWS::RDS::DBInstance`, or a parameter asks for the server's port. Reads the templates' text
    /// only: one that is wrong is not this question's business.
    pub(crate) fn has_databases(&self) -> bool {
        let wants_port = |stack: &Stack, environment: &Environment| {
            let given = self.project.parameters_for(&stack.name, environment);
            given
                .values()
                .any(|given| given.value == ParameterValue::Local(LocalValue::DatabasePort))
        };
        let holds_one = |stack: &Stack| {
            fs::read_to_string(self.root.join(stack.template.value.as_str()))
                .is_ok_and(|text| text.contains("AWS::RDS::DBInstance"))
        };
        let local = self.project.environments().filter(|e| e.is_local());
        local.into_iter().any(|environment| {
            let mut stacks = self.project.stacks_in(environment);
            stacks.any(|stack| holds_one(stack) || wants_port(stack, environment))
        })
    }
}

impl Files for Workspace {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        fs::read(self.root.join(path)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => FileError::NotFound,
            _ => FileError::Other(error.to_string()),
        })
    }

    fn kind(&self, path: &str) -> Option<FileKind> {
        let metadata = fs::metadata(self.root.join(path)).ok()?;
        Some(if metadata.is_dir() {
            FileKind::Folder
        } else {
            FileKind::File
        })
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else {
            return Vec::new();
        };
        let names = entries.filter_map(Result::ok).map(|e| e.file_name());
        let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
        names.sort();
        names
    }
}

fn locate(global: &Global) -> Result<PathBuf, CommandError> {
    let here = std::env::current_dir().map_err(|error| {
        CommandError::message(
            Kind::Input,
            format!("the current folder is gone: {error}"),
            None,
        )
    })?;
    if let Some(file) = &global.file {
        return Ok(here.join(file));
    }
    here.ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            CommandError::message(
                Kind::Input,
                format!(
                    "there is no {FILE_NAME} in '{}' or a folder above it",
                    here.display()
                ),
                Some("name one with --file".to_owned()),
            )
        })
}
