//! Finding and running other programs: with an environment that the caller hands
//! in, line by line, and never left behind. It knows nothing of what they do.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// How long output is still read once a program has ended. A daemon that it left
/// running may hold the pipe open for ever.
const DRAIN: Duration = Duration::from_secs(1);

/// The environment variables that programs are run with, and the `PATH` that they
/// are looked up in.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// An environment of these variables and no others.
    pub fn new<K: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self {
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }

    /// This environment with one variable set.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// This environment without one variable.
    #[must_use]
    pub fn without(mut self, name: impl AsRef<OsStr>) -> Self {
        self.variables.remove(name.as_ref());
        self
    }

    /// The value of a variable.
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.variables.get(name.as_ref()).map(OsString::as_os_str)
    }

    /// All variables, sorted by name.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Only the variables whose name passes.
    pub(crate) fn keep(&mut self, passes: impl Fn(&str) -> bool) {
        self.variables
            .retain(|name, _| name.to_str().is_none_or(&passes));
    }

    /// Where a program is. One with a slash is taken from `folder`, as a shell does.
    pub fn find(&self, program: &str, folder: &Path) -> Result<PathBuf, ToolError> {
        let missing = || ToolError::Missing {
            program: program.to_owned(),
        };
        if program.contains('/') {
            let path = folder.join(program);
            return is_executable(&path).then_some(path).ok_or_else(missing);
        }
        std::env::split_paths(self.get("PATH").unwrap_or_default())
            .filter(|entry| entry.is_absolute())
            .map(|entry| entry.join(program))
            .find(|path| is_executable(path))
            .ok_or_else(missing)
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// A program could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It is not on the `PATH`.
    #[error("`{program}` is not on the PATH")]
    Missing {
        /// Its name.
        program: String,
    },
    /// The system refused to start it, or to let us read what it writes.
    #[error("cannot run `{command}`")]
    Run {
        /// The command line.
        command: String,
        /// Why.
        source: std::io::Error,
    },
}

impl ToolError {
    /// The command that puts it right.
    pub fn hint(&self) -> Option<String> {
        let Self::Missing { program } = self else {
            return None;
        };
        let command = match (program.as_str(), std::env::consts::OS) {
            ("cargo" | "rustc" | "rustup", _) => {
                "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
            }
            ("node" | "npm" | "npx", "macos") => "brew install node",
            ("node" | "npm" | "npx", _) => "sudo apt-get install nodejs npm",
            _ => {
                return Some(format!(
                    "install `{program}`, or put its folder on the PATH"
                ));
            }
        };
        Some(format!("install it: {command}"))
    }
}

/// A program with its arguments, as run and as shown.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    program: PathBuf,
    arguments: Vec<String>,
    folder: PathBuf,
    environment: Environment,
    shown: String,
}

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

impl Invocation {
    /// Looks `argv[0]` up.
    pub(crate) fn new(
        argv: &[String],
        folder: &Path,
        environment: &Environment,
    ) -> Result<Self, ToolError> {
        let (name, arguments) = argv.split_first().ok_or_else(|| ToolError::Missing {
            program: String::new(),
        })?;
        Ok(Self {
            program: environment.find(name, folder)?,
            arguments: arguments.to_vec(),
            folder: folder.to_owned(),
            environment: environment.clone(),
            shown: shown(argv),
        })
    }

    /// The command line as one would type it.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Runs it to its end and hands over each line that it writes, without its
    /// line end. When the future is dropped, the program and all it has started
    /// are killed.
    pub(crate) async fn run(
        &self,
        mut on_line: impl FnMut(Stream, String) + Send,
    ) -> Result<ExitStatus, ToolError> {
        self.run_inner(&mut on_line)
            .await
            .map_err(|source| ToolError::Run {
                command: self.shown.clone(),
                source,
            })
    }

    /// Runs it and gives its standard output, or `None` when it failed.
    pub(crate) async fn output(&self) -> Result<Option<String>, ToolError> {
        let mut out = String::new();
        let status = self
            .run(|stream, line| {
                if stream == Stream::Out {
                    out.push_str(&line);
                    out.push('\n');
                }
            })
            .await?;
        Ok(status.success().then_some(out))
    }

    async fn run_inner(
        &self,
        on_line: &mut (dyn FnMut(Stream, String) + Send),
    ) -> std::io::Result<ExitStatus> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.environment.variables())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own group, so that one signal reaches all that it starts.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let mut group = Group(child.id());
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(std::io::Error::other("no pipe to the program"));
        };
        let mut out = Some(BufReader::new(out).split(b'\n'));
        let mut err = Some(BufReader::new(err).split(b'\n'));
        let mut status = None;
        while status.is_none() || out.is_some() || err.is_some() {
            let (stream, segment) = tokio::select! {
                segment = next(&mut out), if out.is_some() => (Stream::Out, segment?),
                segment = next(&mut err), if err.is_some() => (Stream::Err, segment?),
                ended = child.wait(), if status.is_none() => {
                    // From here on its id may belong to somebody else.
                    group.0 = None;
                    status = Some(ended?);
                    continue;
                }
                () = tokio::time::sleep(DRAIN), if status.is_some() => break,
            };
            match (segment, stream) {
                (Some(line), _) => {
                    let line = String::from_utf8_lossy(&line);
                    on_line(stream, line.trim_end_matches('\r').to_owned());
                }
                (None, Stream::Out) => out = None,
                (None, Stream::Err) => err = None,
            }
        }
        status.ok_or_else(|| std::io::Error::other("the program's end was not seen"))
    }
}

async fn next<R: tokio::io::AsyncBufRead + Unpin>(
    lines: &mut Option<tokio::io::Split<R>>,
) -> std::io::Result<Option<Vec<u8>>> {
    match lines {
        Some(lines) => lines.next_segment().await,
        None => Ok(None),
    }
}

/// Kills a process group when it goes out of scope before the program has ended.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0.and_then(|id| i32::try_from(id).ok()) {
            // It may be gone already, and nobody is left to tell.
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
    }
}

/// A command line as one would type it into a shell.
pub(crate) fn shown(argv: &[String]) -> String {
    let quote = |word: &String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    argv.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// `argv` from anything that is text.
pub(crate) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    fn shell(script: &str) -> Invocation {
        let environment = Environment::new([("PATH", "/usr/bin:/bin")]);
        Invocation::new(&words(["sh", "-c", script]), Path::new("/"), &environment).unwrap()
    }

    #[tokio::test]
    async fn lines_of_both_streams_and_the_exit_status_arrive() {
        let mut lines = Vec::new();
        let status = shell("printf 'a\\r\\nb\\377'; echo c >&2; exit 3")
            .run(|stream, line| lines.push((stream, line)))
            .await
            .unwrap();
        assert_eq!(status.code(), Some(3));
        lines.sort_by_key(|(stream, _)| *stream == Stream::Err);
        assert_eq!(
            lines,
            [
                (Stream::Out, "a".to_owned()),
                (Stream::Out, "b\u{fffd}".to_owned()),
                (Stream::Err, "c".to_owned()),
            ]
        );
    }

    #[tokio::test]
    async fn a_daemon_that_keeps_the_pipe_does_not_hold_us() {
        let mut pid = String::new();
        let status = shell("sleep 100 & echo $!").run(|_, line| pid = line).await;
        assert!(status.unwrap().success());
        let pid = Pid::from_raw(pid.parse().unwrap());
        nix::sys::signal::kill(pid, Signal::SIGKILL).unwrap();
    }

    #[tokio::test]
    async fn dropping_kills_the_whole_group() {
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        let running = tokio::spawn(async move {
            shell("sleep 1000 & echo $!; wait")
                .run(|_, line| sender.send(line).unwrap())
                .await
        });
        let grandchild = Pid::from_raw(receiver.recv().await.unwrap().parse().unwrap());
        assert!(is_running(grandchild));
        running.abort();
        let deadline = std::time::Instant::now() + Duration::from_secs(120);
        while is_running(grandchild) {
            assert!(std::time::Instant::now() < deadline, "still running");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A killed process whose parent does not wait for it stays as a zombie.
    fn is_running(pid: Pid) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[test]
    fn the_path_handed_in_is_the_one_searched() {
        let error = Environment::default()
            .find("sh", Path::new("/"))
            .unwrap_err();
        assert_eq!(error.to_string(), "`sh` is not on the PATH");
        let error = Environment::new([("PATH", "")])
            .find("cargo", Path::new("/"))
            .unwrap_err();
        insta::assert_snapshot!(
            error.hint().unwrap(),
            @"install it: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
        );
        let folder = Path::new("/bin");
        assert!(Environment::default().find("./sh", folder).is_ok());
    }

    #[test]
    fn commands_are_shown_so_that_they_can_be_pasted() {
        insta::assert_snapshot!(
            shown(&words(["npm", "run", "it's", "a b", ""])),
            @r"npm run 'it'\''s' 'a b' ''"
        );
    }
}
