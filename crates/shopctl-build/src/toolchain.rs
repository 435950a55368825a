//! Which of cargo's ways leads to a binary for the requested architecture: plain
//! cargo on this machine, another target with its linker, or `cargo zigbuild`.

use std::path::Path;

use crate::binary::{Architecture, RUNTIME_GLIBC};
use crate::build_error::BuildError;
use crate::cargo::Cargo;
use crate::handlers::{BuildRequest, RunsOn};
use crate::process::{Environment, Invocation, words};

/// How binaries are compiled and linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// For this machine, without `--target`: then build scripts and procedural
    /// macros share their dependencies with the handlers.
    Native,
    /// For another target, by its linker.
    Cross(Architecture),
    /// By `cargo zigbuild`, which brings a linker and links to a chosen glibc.
    Zigbuild(Architecture),
}

impl Toolchain {
    /// Finds a way, or says what is missing for one.
    pub(crate) async fn choose(
        request: &BuildRequest,
        cargo: &mut Cargo<'_>,
    ) -> Result<Self, BuildError> {
        let architecture = request.architecture;
        let runs_lambda = cfg!(target_os = "linux") && Architecture::host() == Some(architecture);
        if runs_lambda || request.runs_on == RunsOn::ThisMachine {
            return Ok(Self::Native);
        }
        check_target(architecture, &request.root, cargo.environment()).await?;
        if has_zigbuild(&request.root, cargo.environment()) {
            return Ok(Self::Zigbuild(architecture));
        }
        set_linker(architecture, &request.root, cargo.environment())?;
        Ok(Self::Cross(architecture))
    }

    /// The way to a binary for an older glibc than this one leads to, if there is
    /// one on this machine.
    pub(crate) async fn with_older_glibc(
        self,
        request: &BuildRequest,
        cargo: &mut Cargo<'_>,
    ) -> Result<Option<Self>, BuildError> {
        if matches!(self, Self::Zigbuild(_)) || !has_zigbuild(&request.root, cargo.environment()) {
            return Ok(None);
        }
        check_target(request.architecture, &request.root, cargo.environment()).await?;
        Ok(Some(Self::Zigbuild(request.architecture)))
    }

    /// Cargo's subcommand.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Native | Self::Cross(_) => "build",
            Self::Zigbuild(_) => "zigbuild",
        }
    }

    /// What goes after `--target`.
    pub(crate) fn target(self) -> Option<String> {
        match self {
            Self::Native => None,
            Self::Cross(architecture) => Some(architecture.target().to_owned()),
            Self::Zigbuild(architecture) => {
                Some(format!("{}.{RUNTIME_GLIBC}", architecture.target()))
            }
        }
    }

    /// The target as rustc knows it.
    pub(crate) fn triple(self) -> Option<&'static str> {
        match self {
            Self::Native => None,
            Self::Cross(architecture) | Self::Zigbuild(architecture) => Some(architecture.target()),
        }
    }
}

fn has_zigbuild(root: &Path, environment: &Environment) -> bool {
    environment.find("cargo-zigbuild", root).is_ok()
}

/// Whether rustc has the standard library for the target. Without it the build
/// would stop at the first crate with "can't find crate for `std`".
async fn check_target(
    architecture: Architecture,
    root: &Path,
    environment: &Environment,
) -> Result<(), BuildError> {
    let target = architecture.target();
    let argv = words(["rustc", "--print", "target-libdir", "--target", target]);
    // In the project's folder, because a toolchain file there counts.
    let printed = Invocation::new(&argv, root, environment)?.output().await?;
    match printed {
        Some(folder) if Path::new(folder.trim_end()).is_dir() => Ok(()),
        _ => Err(BuildError::TargetMissing {
            target: target.to_owned(),
        }),
    }
}

/// Names the usual cross linker, unless the user has set one. Rustc would take
/// this machine's own and fail after everything is compiled.
fn set_linker(
    architecture: Architecture,
    root: &Path,
    environment: &mut Environment,
) -> Result<(), BuildError> {
    let target = architecture.target();
    let variable = format!(
        "CARGO_TARGET_{}_LINKER",
        target.to_uppercase().replace('-', "_")
    );
    if environment.get(&variable).is_some() || is_configured(target, root, environment) {
        return Ok(());
    }
    let linker = match architecture {
        Architecture::X86_64 => "x86_64-linux-gnu-gcc",
        Architecture::Arm64 => "aarch64-linux-gnu-gcc",
    };
    if environment.find(linker, root).is_err() {
        return Err(BuildError::LinkerMissing {
            target: target.to_owned(),
            linker: linker.to_owned(),
        });
    }
    *environment = environment.clone().with(variable, linker);
    Ok(())
}

/// Whether a cargo configuration speaks of the target. What it says is cargo's
/// matter; that it is there is reason enough to leave the target alone.
fn is_configured(target: &str, root: &Path, environment: &Environment) -> bool {
    let home = environment
        .get("CARGO_HOME")
        .map(Path::new)
        .map(Path::to_owned)
        .or_else(|| Some(Path::new(environment.get("HOME")?).join(".cargo")));
    root.ancestors()
        .map(|folder| folder.join(".cargo"))
        .chain(home)
        .flat_map(|folder| [folder.join("config.toml"), folder.join("config")])
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .any(|text| text.contains(&format!("target.{target}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(folder: &Path, name: &str, script: &str) {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A machine with only the programs that a test puts into `bin`.
    struct Machine {
        folder: tempfile::TempDir,
        request: BuildRequest,
    }

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("bin")).unwrap();
            let other = match Architecture::host().unwrap() {
                Architecture::X86_64 => Architecture::Arm64,
                Architecture::Arm64 => Architecture::X86_64,
            };
            let request = BuildRequest {
                root: folder.path().to_owned(),
                handlers: Vec::new(),
                architecture: other,
                profile: "dev".to_owned(),
                runs_on: RunsOn::Lambda,
                locked: false,
                color: false,
                cache: folder.path().join("cache"),
                environment: Environment::new([("PATH", folder.path().join("bin"))]),
            };
            Self { folder, request }
        }

        fn with(self, name: &str, script: &str) -> Self {
            program(&self.folder.path().join("bin"), name, script);
            self
        }

        async fn choose(&self) -> Result<(Toolchain, Environment), BuildError> {
            let mut cargo = Cargo::new(&self.request.root, &self.request.environment);
            let toolchain = Toolchain::choose(&self.request, &mut cargo).await?;
            Ok((toolchain, cargo.environment().clone()))
        }

        fn linker(&self) -> &'static str {
            match self.request.architecture {
                Architecture::X86_64 => "x86_64-linux-gnu-gcc",
                Architecture::Arm64 => "aarch64-linux-gnu-gcc",
            }
        }
    }

    const HAS_TARGET: &str = "echo /";
    const LACKS_TARGET: &str = "echo /nowhere/lib";

    #[tokio::test]
    async fn this_machine_needs_nothing_but_cargo() {
        let mut machine = Machine::new();
        machine.request.architecture = Architecture::host().unwrap();
        assert_eq!(machine.choose().await.unwrap().0, Toolchain::Native);
        assert_eq!(Toolchain::Native.target(), None);
    }

    #[tokio::test]
    async fn a_missing_target_is_named_with_its_command() {
        let machine = Machine::new().with("rustc", LACKS_TARGET);
        let error = machine.choose().await.unwrap_err();
        let target = machine.request.architecture.target();
        assert_eq!(
            error.to_string(),
            format!("the Rust target {target} is not installed")
        );
        assert_eq!(
            error.hint().unwrap(),
            format!("install it: rustup target add {target}")
        );
    }

    #[tokio::test]
    async fn a_missing_linker_is_named_with_two_ways_out() {
        let machine = Machine::new().with("rustc", HAS_TARGET);
        let error = machine.choose().await.unwrap_err();
        assert!(
            error.to_string().starts_with("there is no linker for "),
            "{error}"
        );
        let hint = error.hint().unwrap();
        assert!(hint.contains("pip install cargo-zigbuild"), "{hint}");
        assert!(hint.contains("sudo apt-get install gcc-"), "{hint}");
    }

    #[tokio::test]
    async fn zigbuild_is_preferred_to_a_linker() {
        let machine = Machine::new().with("rustc", HAS_TARGET);
        let machine = machine
            .with("cargo-zigbuild", "")
            .with("aarch64-linux-gnu-gcc", "");
        let toolchain = machine.choose().await.unwrap().0;
        assert_eq!(toolchain, Toolchain::Zigbuild(machine.request.architecture));
        assert_eq!(
            toolchain.target().unwrap(),
            format!("{}.2.34", machine.request.architecture.target())
        );
        // There is nothing beyond it.
        let mut cargo = Cargo::new(&machine.request.root, &machine.request.environment);
        let further = toolchain
            .with_older_glibc(&machine.request, &mut cargo)
            .await;
        assert_eq!(further.unwrap(), None);
    }

    #[tokio::test]
    async fn the_usual_linker_is_used_unless_another_is_configured() {
        let machine = Machine::new().with("rustc", HAS_TARGET);
        let linker = machine.linker();
        let machine = machine.with(linker, "");
        let target = machine.request.architecture.target();
        let variable = format!(
            "CARGO_TARGET_{}_LINKER",
            target.to_uppercase().replace('-', "_")
        );
        let (toolchain, environment) = machine.choose().await.unwrap();
        assert_eq!(toolchain, Toolchain::Cross(machine.request.architecture));
        assert_eq!(environment.get(&variable).unwrap(), linker);

        let cargo = machine.folder.path().join(".cargo");
        fs::create_dir(&cargo).unwrap();
        fs::write(
            cargo.join("config.toml"),
            format!("[target.{target}]\nlinker = \"my-linker\"\n"),
        )
        .unwrap();
        let (_, environment) = machine.choose().await.unwrap();
        assert_eq!(environment.get(&variable), None);
    }
}
