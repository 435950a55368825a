//! What can go wrong while handlers are built, and what to do about each.

use std::path::PathBuf;

use crate::binary::{BinaryProblem, INSTALL_ZIGBUILD};
use crate::pack::PackError;
use crate::process::ToolError;

/// Handlers could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Cargo could not be run.
    #[error("cannot build the handlers")]
    Tool(#[from] ToolError),
    /// Cargo refused, for instance because of a mistake in a `Cargo.toml`.
    #[error("`{command}` failed\n{output}")]
    Cargo {
        /// The command line.
        command: String,
        /// What cargo said.
        output: String,
    },
    /// The folder of a handler holds no package.
    #[error("handler `{handler}`: there is no {}", .manifest.display())]
    NoManifest {
        /// The handler's name.
        handler: String,
        /// The file that should be there.
        manifest: PathBuf,
    },
    /// The package is not part of the workspace that is built.
    #[error(
        "handler `{handler}`: {} is not a member of the workspace {}",
        .manifest.display(),
        .workspace.display()
    )]
    NotMember {
        /// The handler's name.
        handler: String,
        /// The package's file.
        manifest: PathBuf,
        /// The workspace's file.
        workspace: PathBuf,
    },
    /// The package is a library only.
    #[error("handler `{handler}`: {} has no binary", .manifest.display())]
    NoBinary {
        /// The handler's name.
        handler: String,
        /// The package's file.
        manifest: PathBuf,
    },
    /// The package has more than one binary, and one is packed.
    #[error(
        "handler `{handler}`: {} has {} binaries ({}), and a handler is one",
        .manifest.display(), .binaries.len(), .binaries.join(", ")
    )]
    SeveralBinaries {
        /// The handler's name.
        handler: String,
        /// The package's file.
        manifest: PathBuf,
        /// Their names.
        binaries: Vec<String>,
    },
    /// Two packages give their binary one name, so one would overwrite the other.
    #[error(
        "{} and {} both name their binary `{binary}`",
        .first.display(), .second.display()
    )]
    SameBinary {
        /// The name.
        binary: String,
        /// One package's file.
        first: PathBuf,
        /// The other's.
        second: PathBuf,
    },
    /// The compiler found errors.
    #[error("package `{package}` does not compile\n{rendered}")]
    Compile {
        /// The first package with errors.
        package: String,
        /// All errors, as cargo shows them.
        rendered: String,
    },
    /// The standard library for the target is not installed.
    #[error("the Rust target {target} is not installed")]
    TargetMissing {
        /// The target.
        target: String,
    },
    /// Nothing on this machine links for the target.
    #[error("there is no linker for {target} on the PATH")]
    LinkerMissing {
        /// The target.
        target: String,
        /// The linker that was looked for.
        linker: String,
    },
    /// Cargo said all was well but built no such binary.
    #[error("handler `{handler}`: cargo built no binary `{binary}`")]
    NothingBuilt {
        /// The handler's name.
        handler: String,
        /// The binary's name.
        binary: String,
    },
    /// The binary would not run as a Lambda function.
    #[error("handler `{handler}` cannot run on Lambda ({})", .path.display())]
    Binary {
        /// The handler's name.
        handler: String,
        /// The binary.
        path: PathBuf,
        /// Why.
        #[source]
        problem: BinaryProblem,
    },
    /// The binary could not be packed.
    #[error("cannot pack handler `{handler}`")]
    Pack {
        /// The handler's name.
        handler: String,
        /// Why.
        source: PackError,
    },
}

impl BuildError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Tool(error) => error.hint(),
            Self::NoManifest { manifest, .. } => {
                let folder = manifest.parent().unwrap_or(manifest);
                Some(format!(
                    "correct the handler's path in shopctl.yaml, or make the package: cargo new {}",
                    folder.display()
                ))
            }
            Self::NotMember { workspace, .. } => {
                Some(format!("add it to `members` in {}", workspace.display()))
            }
            Self::NoBinary { .. } => Some("give it a src/main.rs".to_owned()),
            Self::SeveralBinaries { .. } => {
                Some("move all binaries but one into packages of their own".to_owned())
            }
            Self::SameBinary { .. } => Some(
                "leave the name of the binary to the package; it is packed as `bootstrap` anyway"
                    .to_owned(),
            ),
            Self::TargetMissing { target } => {
                Some(format!("install it: rustup target add {target}"))
            }
            Self::LinkerMissing { linker, .. } => {
                let package = linker
                    .strip_suffix("-gcc")
                    .map(|triple| format!("gcc-{triple}"));
                Some(format!(
                    "install cargo-zigbuild, which is then used by itself: {INSTALL_ZIGBUILD}{}",
                    package.map_or_else(String::new, |package| format!(
                        " (or the linker: sudo apt-get install {package})"
                    ))
                ))
            }
            Self::Compile { rendered, .. } if rendered.contains("linker `cc` not found") => {
                Some("install a C compiler: sudo apt-get install build-essential".to_owned())
            }
            Self::Binary { problem, .. } => problem.hint(),
            Self::Pack { source, .. } => source.hint(),
            Self::Cargo { .. } | Self::Compile { .. } | Self::NothingBuilt { .. } => None,
        }
    }
}
