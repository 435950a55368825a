//! A test's own folder, of which nothing stays behind, however the test ends.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Ends every process that works in the folder `$1`, then deletes the folder. It begins when
/// its standard input ends, which is also the case when the test was killed.
const GUARD: &str = r#"
cat >/dev/null
for round in 1 2 3; do
    for process in /proc/[0-9]*; do
        case "$(readlink "$process/cwd")" in
            "$1"|"$1/"*) kill -KILL "${process#/proc/}" ;;
        esac
    done
    rm -rf -- "$1" && break
done
"#;

/// A folder for one test. Dropping it ends what runs in it and deletes it; with
/// `SHOPCTL_TEST_KEEP` set it stays, and its path is printed.
#[derive(Debug)]
pub struct TestFolder {
    path: PathBuf,
    guard: Option<Child>,
}

impl TestFolder {
    /// Makes one.
    #[expect(clippy::new_without_default, reason = "it makes something on disk")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("shopctl-test-")
            .tempdir()
            .expect("a temporary folder");
        // Without links: the guard compares paths as the kernel has them.
        let path = folder.keep().canonicalize().unwrap();
        if std::env::var_os("SHOPCTL_TEST_KEEP").is_some() {
            eprintln!("kept: {}", path.display());
            return Self { path, guard: None };
        }
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&path)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C on the tests must not end it.
            .process_group(0)
            .spawn()
            .expect("sh runs");
        Self {
            path,
            guard: Some(guard),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }
}
