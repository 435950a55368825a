//! Machines and terminals that are not as one would like: closed pipes, full disks, folders
//! that cannot be written, no colours.

use std::fs::{self, File};
use std::io::pipe;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::{panicking, sleep};
use std::time::Duration;

use shopctl_tests::{Invocation, TestProject, shopctl};

const ESCAPE: char = '\u{1b}';

#[test]
fn a_reader_that_goes_away_does_not_stop_a_deploy() {
    let project = TestProject::small("chain");
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let deployed = project.deploy().stdout(writer).run();
    deployed.expect_code(0).expect_stderr(&[]);
    assert_eq!(project.status()["healthy"], true);

    for arguments in [
        &["status", "--env", "local"][..],
        &["doctor"],
        &["schema"],
        &["local", "logs"],
        &["--help"],
    ] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let output = project.command(arguments).stdout(writer).run();
        assert!(output.code().is_some_and(|code| code <= 1), "{output}");
        output.expect_stderr(&[]);
    }

    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let quiet = project
        .command(&["teardown", "--env", "local", "--yes"])
        .stderr(writer)
        .run();
    quiet.expect_code(0);
    assert_eq!(project.status()["stacks"], serde_json::json!([]));
}

#[test]
fn a_disk_that_is_full_at_the_output_does_not_stop_a_deploy() {
    let project = TestProject::small("chain");
    let full = || File::options().write(true).open("/dev/full").unwrap();
    project.deploy().stdout(full()).run().expect_stderr(&[]);
    project
        .command(&["deploy", "--env", "local", "--yes"])
        .stderr(full())
        .run()
        .expect_code(0);
    assert_eq!(project.status()["healthy"], true);
}

#[test]
fn json_has_no_colours_even_when_they_are_asked_for() {
    let project = TestProject::small("minimal");
    let deploy = [
        "deploy", "--env", "local", "--yes", "--output", "json", "--color", "always",
    ];
    let output = project.run(&deploy);
    assert!(!output.stdout.contains(ESCAPE), "{output}");
    let status = project.run(&[
        "status", "--env", "local", "--output", "json", "--color", "always",
    ]);
    assert!(!status.stdout.contains(ESCAPE), "{status}");
    let coloured = project.run(&["status", "--env", "local", "--color", "always"]);
    assert!(coloured.stdout.contains(ESCAPE), "{coloured}");
    let plain = project.run(&["status", "--env", "local"]);
    assert!(!plain.stdout.contains(ESCAPE), "not on a terminal: {plain}");
}

#[test]
fn a_terminal_without_colours_gets_none() {
    let project = TestProject::small("minimal");
    project.run(&["local", "start"]);
    let shown = |no_colour: &str| {
        let home = project.root().parent().unwrap().join("home");
        let command = format!("{} deploy --env local --yes", shopctl().display());
        let output = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(project.root())
            .env("SHOPCTL_LOCAL_HOME", home)
            .env("TERM", "xterm-256color")
            .env("NO_COLOR", no_colour)
            .env_remove("CI")
            .env_remove("GITHUB_ACTIONS")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // Bars move the cursor, which is no colour.
    let coloured = |text: &str| {
        let codes = text.split(ESCAPE).skip(1);
        codes.filter_map(|code| code.strip_prefix('[')).any(|code| {
            code.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .starts_with('m')
        })
    };
    let text = shown("");
    assert!(coloured(&text), "{text:?}");
    let text = shown("1");
    assert!(!coloured(&text), "{text:?}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    // A file is where the folder has to be: so it is also for root.
    let project = TestProject::small("greeter");
    project.write(".shopctl", "");
    let output = project.deploy().run();
    let place = project.root().join(".shopctl").display().to_string();
    output.expect_code(4).expect_stderr(&[&place]);
    fs::remove_file(project.root().join(".shopctl")).unwrap();
    project.run(&["local", "stop"]);

    let home = project.root().join("shopctl.yaml");
    let output = project.deploy().env("SHOPCTL_LOCAL_HOME", &home).run();
    output
        .expect_code(1)
        .expect_stderr(&[&home.display().to_string()]);
    let output = project.deploy().env("XDG_CACHE_HOME", &home).run();
    output
        .expect_code(1)
        .expect_stderr(&[&home.display().to_string()]);

    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
}

#[test]
fn a_disk_that_is_full_is_told() {
    let project = TestProject::small("minimal");
    let Some(disk) = SmallDisk::mount(&project) else {
        eprintln!("skipped: only root can mount a small disk");
        return;
    };
    let deploy = ["deploy", "--env", "local", "--yes"];
    let output = disk.command(&deploy).run();
    output.expect_stderr(&["No space left on device"]);
    drop(disk);

    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
}

/// A disk that the state of a local cloud does not fit on. Dropping it ends the cloud that has its
/// state there, however far that came: the project knows of its own one only.
struct SmallDisk<'a> {
    project: &'a TestProject,
    path: PathBuf,
}

impl<'a> SmallDisk<'a> {
    fn mount(project: &'a TestProject) -> Option<Self> {
        let path = project.beside("small");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=48k", "tmpfs"])
            .arg(&path)
            .stderr(Stdio::null())
            .status();
        mount
            .is_ok_and(|status| status.success())
            .then_some(Self { project, path })
    }

    /// A call of `shopctl` that has its local cloud on this disk.
    fn command(&self, arguments: &[&str]) -> Invocation {
        let call = self.project.command(arguments);
        call.env("SHOPCTL_LOCAL_HOME", &self.path)
    }

    /// What works in a folder of the disk. Asked before it is unmounted: after that nobody can tell.
    fn processes(&self) -> Vec<String> {
        let all = fs::read_dir("/proc").unwrap().flatten();
        all.filter(|process| {
            let works_in = fs::read_link(process.path().join("cwd"));
            works_in.is_ok_and(|folder| folder.starts_with(&self.path))
        })
        .map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // A cloud whose record did not fit on the disk is not known to this command.
        let _ = Command::new(shopctl())
            .args(["local", "stop"])
            .current_dir(self.project.root())
            .env("SHOPCTL_LOCAL_HOME", &self.path)
            .stdin(Stdio::null())
            .output();
        for process in self.processes() {
            let _ = Command::new("kill").args(["-KILL", &process]).status();
        }
        // A process takes a moment to be gone. Lazily, this would succeed with one that goes on.
        let unmounted = (0..200).any(|_| {
            let mut umount = Command::new("umount");
            umount.arg(&self.path).stderr(Stdio::null());
            let done = umount.status().is_ok_and(|status| status.success());
            if !done {
                sleep(Duration::from_millis(50));
            }
            done
        });
        let left = self.processes();
        assert!(
            unmounted || panicking(),
            "still on the small disk: {left:?}"
        );
    }
}
