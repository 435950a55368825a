//! How cargo is called and what it answers: its metadata, its JSON messages and
//! the lines it writes beside them. What is built, and why, is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::build_error::BuildError;
use crate::process::{Environment, Invocation, Stream, words};

/// Variables that cargo sets for the programs it runs. Under `cargo run` or
/// `cargo test` they are about us; handed on, build scripts that watch them would
/// run anew, and with them half of the dependencies.
fn is_about_us(name: &str) -> bool {
    const EXACT: &[&str] = &[
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_LINKS",
        "CARGO_MANIFEST_PATH",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
    ];
    EXACT.contains(&name) || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_EXE_")
}

/// Cargo, as called in one workspace.
pub(crate) struct Cargo<'a> {
    root: &'a Path,
    environment: Environment,
}

impl<'a> Cargo<'a> {
    pub(crate) fn new(root: &'a Path, environment: &Environment) -> Self {
        let mut environment = environment
            .clone()
            // What it writes is read by us; diagnostics have colours of their own.
            .with("CARGO_TERM_COLOR", "never")
            .with("CARGO_TERM_PROGRESS_WHEN", "never");
        environment.keep(|name| !is_about_us(name));
        Self { root, environment }
    }

    pub(crate) fn environment(&mut self) -> &mut Environment {
        &mut self.environment
    }

    pub(crate) fn invocation(&self, arguments: &[String]) -> Result<Invocation, BuildError> {
        let argv = [words(["cargo"]), arguments.to_vec()].concat();
        Ok(Invocation::new(&argv, self.root, &self.environment)?)
    }

    /// The packages of the workspace, without those it depends on.
    pub(crate) async fn workspace(&self) -> Result<Workspace, BuildError> {
        let invocation =
            self.invocation(&words(["metadata", "--no-deps", "--format-version", "1"]))?;
        let (mut out, mut err) = (String::new(), String::new());
        let status = invocation
            .run(|stream, line| {
                let to = if stream == Stream::Out {
                    &mut out
                } else {
                    &mut err
                };
                to.push_str(&line);
                to.push('\n');
            })
            .await?;
        let failed = |output: String| BuildError::Cargo {
            command: invocation.shown().to_owned(),
            output,
        };
        if !status.success() {
            return Err(failed(err));
        }
        serde_json::from_str(&out).map_err(|error| failed(error.to_string()))
    }

    /// How many packages a build of `packages` goes through. A convenience: `None`
    /// when cargo cannot tell.
    pub(crate) async fn count_packages(
        &self,
        packages: &BTreeSet<&str>,
        target: Option<&str>,
    ) -> Option<usize> {
        // Locked, because it runs beside the build and must not write Cargo.lock.
        let mut arguments = words([
            "tree",
            "--locked",
            "--prefix",
            "none",
            "--edges",
            "normal,build",
        ]);
        for package in packages {
            arguments.extend(words(["--package", package]));
        }
        arguments.extend(target.map(|target| format!("--target={target}")));
        let listing = self.invocation(&arguments).ok()?.output().await.ok()??;
        let count = listed_packages(&listing);
        (count > 0).then_some(count)
    }
}

/// Packages in the output of `cargo tree`, each line of which is a name, a version
/// and remarks.
fn listed_packages(listing: &str) -> usize {
    listing
        .lines()
        .filter_map(|line| {
            let mut parts = line.split_whitespace();
            Some((parts.next()?, parts.next()?))
        })
        .collect::<BTreeSet<_>>()
        .len()
}

/// What `cargo metadata` says, as far as it is needed.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_root: PathBuf,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Package {
    pub(crate) fn binaries(&self) -> Vec<&str> {
        self.targets
            .iter()
            .filter(|target| target.kind.iter().any(|kind| kind == "bin"))
            .map(|target| target.name.as_str())
            .collect()
    }
}

/// One of cargo's JSON messages.
#[derive(Debug, Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact {
        package_id: String,
        target: Target,
        executable: Option<PathBuf>,
        fresh: bool,
    },
    #[serde(rename = "compiler-message")]
    Diagnostic {
        package_id: String,
        message: Diagnostic,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    rendered: Option<String>,
}

/// Something that a build reports while it runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// Cargo waits for another cargo.
    Waiting { on: String },
    /// A package was fetched.
    Downloaded { package: String },
    /// A package is being compiled.
    Compiling { package: String },
    /// A package was finished, as the `done`th one.
    Finished {
        package: String,
        fresh: bool,
        done: usize,
    },
    /// The compiler has doubts.
    Warning { package: String, rendered: String },
}

/// What has been learnt from a running build.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    finished: BTreeSet<String>,
    /// Executables by package and binary name.
    executables: BTreeMap<(String, String), PathBuf>,
    failed_package: Option<String>,
    diagnostics: String,
    /// Cargo's own complaints.
    complaints: Vec<String>,
    complaining: bool,
}

impl Listener {
    pub(crate) fn hear(&mut self, stream: Stream, line: &str) -> Option<Report> {
        match stream {
            Stream::Out => self.hear_message(serde_json::from_str(line).ok()?),
            Stream::Err => self.hear_line(line),
        }
    }

    fn hear_message(&mut self, message: Message) -> Option<Report> {
        match message {
            Message::Artifact {
                package_id,
                target,
                executable,
                fresh,
            } => {
                if target.kind.iter().any(|kind| kind == "custom-build") {
                    return None;
                }
                if let Some(path) = executable {
                    self.executables
                        .insert((package_id.clone(), target.name), path);
                }
                let package = package_name(&package_id).to_owned();
                self.finished
                    .insert(package_id)
                    .then_some(Report::Finished {
                        package,
                        fresh,
                        done: self.finished.len(),
                    })
            }
            Message::Diagnostic {
                package_id,
                message,
            } => {
                let package = package_name(&package_id).to_owned();
                let rendered = message.rendered.filter(|_| !is_summary(&message.message))?;
                if message.level == "warning" {
                    return Some(Report::Warning { package, rendered });
                }
                // A note on how to learn more comes after errors, never alone.
                if message.level.starts_with("error") {
                    self.failed_package.get_or_insert(package);
                }
                self.diagnostics.push_str(&rendered);
                None
            }
            Message::Other => None,
        }
    }

    fn hear_line(&mut self, line: &str) -> Option<Report> {
        // Status lines are a verb, right-aligned in twelve columns, and its object.
        let status = line
            .strip_prefix(' ')
            .filter(|_| !self.complaining)
            .and_then(|line| line.trim_start().split_once(' '));
        if let Some((verb, object)) = status {
            return match verb {
                "Blocking" => Some(Report::Waiting {
                    on: object
                        .trim_start_matches("waiting for file lock on ")
                        .to_owned(),
                }),
                "Downloaded" => Some(Report::Downloaded {
                    package: without_path(object),
                }),
                "Compiling" => Some(Report::Compiling {
                    package: without_path(object),
                }),
                _ => None,
            };
        }
        // From its first error on, everything belongs to it.
        self.complaining |= line.starts_with("error");
        if self.complaining && !line.starts_with("warning: build failed") {
            self.complaints.push(line.to_owned());
        }
        None
    }

    pub(crate) fn executable(&self, package: &Package, binary: &str) -> Option<&Path> {
        let key = (package.id.clone(), binary.to_owned());
        self.executables.get(&key).map(PathBuf::as_path)
    }

    /// The error of a build that failed.
    pub(crate) fn into_error(self, command: &str) -> BuildError {
        let complaints = self.complaints.join("\n").trim_end().to_owned();
        match self.failed_package {
            Some(package) => BuildError::Compile {
                package,
                rendered: self.diagnostics + &complaints,
            },
            None => BuildError::Cargo {
                command: command.to_owned(),
                output: complaints,
            },
        }
    }
}

/// Lines that cargo leaves out too, because it counts by itself.
fn is_summary(message: &str) -> bool {
    message.starts_with("aborting due to ")
        || message.ends_with(" warning emitted")
        || message.ends_with(" warnings emitted")
}

/// `serde v1.0.0` of `serde v1.0.0 (/path/to/it)`.
fn without_path(object: &str) -> String {
    object.split(" (").next().unwrap_or(object).to_owned()
}

/// The name in a package ID: `registry+https://host/index#name@1.0.0`,
/// `path+file:///a/folder#other-name@1.0.0` or `path+file:///a/name#1.0.0`.
fn package_name(id: &str) -> &str {
    let (source, fragment) = id.rsplit_once('#').unwrap_or((id, ""));
    match fragment.split_once('@') {
        Some((name, _)) => name,
        None => source.rsplit('/').next().unwrap_or(source),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn packages_have_names_in_every_form_of_id() {
        for (id, name) in [
            (
                "registry+https://example.org/index#serde_json@1.0.1",
                "serde_json",
            ),
            ("path+file:///work/handlers/orders#0.1.0", "orders"),
            (
                "path+file:///work/handlers/orders#order-service@0.1.0",
                "order-service",
            ),
            ("git+https://example.org/x?branch=a/b#x@0.1.0", "x"),
            ("anything", "anything"),
        ] {
            assert_eq!(package_name(id), name);
        }
    }

    #[test]
    fn what_cargo_run_says_about_us_is_not_handed_on() {
        let environment = Environment::new([
            ("CARGO_MANIFEST_DIR", "/x"),
            ("CARGO_PKG_VERSION", "1"),
            ("CARGO_HOME", "/home/cargo"),
            ("CARGO_TARGET_DIR", "/t"),
            ("RUSTFLAGS", "-g"),
            ("PATH", "/bin"),
        ]);
        let mut cargo = Cargo::new(Path::new("/"), &environment);
        let names: Vec<_> = cargo
            .environment()
            .variables()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(
            names,
            [
                "CARGO_HOME",
                "CARGO_TARGET_DIR",
                "CARGO_TERM_COLOR",
                "CARGO_TERM_PROGRESS_WHEN",
                "PATH",
                "RUSTFLAGS"
            ]
        );
    }

    #[test]
    fn status_lines_become_reports() {
        let mut listener = Listener::default();
        let mut hear = |line| listener.hear(Stream::Err, line);
        let text = str::to_owned;
        assert_eq!(
            hear("    Blocking waiting for file lock on build directory"),
            Some(Report::Waiting {
                on: text("build directory")
            })
        );
        assert_eq!(
            hear("   Compiling orders v0.1.0 (/work/handlers/orders)"),
            Some(Report::Compiling {
                package: text("orders v0.1.0")
            })
        );
        assert_eq!(
            hear("  Downloaded serde v1.0.1"),
            Some(Report::Downloaded {
                package: text("serde v1.0.1")
            })
        );
        assert_eq!(
            hear("    Finished `dev` profile [unoptimized] target(s) in 1.0s"),
            None
        );
        assert_eq!(hear(""), None);
    }

    #[test]
    fn complaints_of_cargo_are_kept_whole() {
        let mut listener = Listener::default();
        for line in [
            "    Updating index",
            "error: failed to run custom build command for `x v1.0.0`",
            "",
            "Caused by:",
            "  process didn't exit successfully: `build-script-build` (exit status: 101)",
            "  --- stderr",
            "  thread 'main' panicked",
            "warning: build failed, waiting for other jobs to finish...",
        ] {
            listener.hear(Stream::Err, line);
        }
        let BuildError::Cargo { output, .. } = listener.into_error("cargo build") else {
            panic!("another error");
        };
        insta::assert_snapshot!(output, @r"
        error: failed to run custom build command for `x v1.0.0`

        Caused by:
          process didn't exit successfully: `build-script-build` (exit status: 101)
          --- stderr
          thread 'main' panicked
        ");
    }

    #[test]
    fn a_package_counts_once() {
        let artifact = |kind: &str, id: &str| {
            serde_json::json!({
                "reason": "compiler-artifact",
                "package_id": id,
                "target": {"name": "x", "kind": [kind]},
                "executable": null,
                "fresh": true,
            })
            .to_string()
        };
        let mut listener = Listener::default();
        let mut done = Vec::new();
        for (kind, id) in [
            ("custom-build", "r#a@1.0.0"),
            ("lib", "r#a@1.0.0"),
            ("lib", "r#a@2.0.0"),
            ("lib", "r#a@1.0.0"),
            ("proc-macro", "r#b@1.0.0"),
        ] {
            if let Some(Report::Finished {
                package, done: n, ..
            }) = listener.hear(Stream::Out, &artifact(kind, id))
            {
                done.push((package, n));
            }
        }
        assert_eq!(
            done,
            [
                ("a".to_owned(), 1),
                ("a".to_owned(), 2),
                ("b".to_owned(), 3)
            ]
        );
        assert_eq!(
            listed_packages("a v1.0.0 (/x)\nb v1.0.0 (proc-macro)\n\nb v1.0.0 (*)\na v2.0.0\n"),
            3
        );
        // Something that a procedural macro prints, or a message of a later cargo.
        assert_eq!(listener.hear(Stream::Out, "hello"), None);
        assert_eq!(
            listener.hear(Stream::Out, r#"{"reason":"new-thing"}"#),
            None
        );
    }
}
