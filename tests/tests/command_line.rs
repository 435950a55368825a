//! What the command line says about itself.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use shopctl_tests::{Invocation, TestFolder};

/// Width of the smallest terminal that people use.
const COLUMNS: usize = 80;

fn shown(arguments: &[&str]) -> String {
    let folder = TestFolder::new();
    let command = Invocation::new(folder.path(), arguments).env("COLUMNS", COLUMNS.to_string());
    let output = command.run().expect_code(0);
    assert_eq!(output.stderr, "");
    output.stdout
}

#[test]
fn every_command_has_help_that_fits_a_terminal() {
    for command in [
        "",
        "deploy",
        "watch",
        "status",
        "teardown",
        "recover",
        "refactor",
        "history",
        "rollback",
        "unlock",
        "prune",
        "build",
        "render",
        "graph",
        "lint",
        "logs",
        "timeline",
        "local",
        "local start",
        "local stop",
        "local status",
        "local logs",
        "local reset",
        "doctor",
        "schema",
        "completions",
        "man",
    ] {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let help = shown(&arguments);
        for line in help.lines() {
            assert!(
                line.chars().count() <= COLUMNS,
                "too long for a terminal: {line}"
            );
        }
        let name = if command.is_empty() {
            "shopctl"
        } else {
            command
        };
        insta::assert_snapshot!(name.replace(' ', "-"), help);
    }
}

#[test]
fn shells_and_man_can_read_what_is_written_for_them() {
    let folder = TestFolder::new();
    let script = folder.path().join("shopctl.bash");
    std::fs::write(&script, shown(&["completions", "bash"])).unwrap();
    // What the shell offers behind `shopctl st` after reading the script.
    let offered = "source \"$0\"; COMP_WORDS=(shopctl st); COMP_CWORD=1; \
                   _shopctl shopctl st shopctl; echo \"${COMPREPLY[*]}\"";
    let bash = std::process::Command::new("bash")
        .args(["--norc", "-c", offered])
        .arg(&script)
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&bash.stdout).trim(),
        "status",
        "{bash:?}"
    );

    let pages = folder.path().join("man");
    let command = Invocation::new(folder.path(), &["man", "--out", pages.to_str().unwrap()]);
    command.run().expect_code(0);
    let page = std::fs::read_to_string(pages.join("shopctl-deploy.1")).unwrap();
    assert!(
        page.contains(".TH shopctl-deploy 1") && page.contains("\\-\\-yes"),
        "{page}"
    );
    assert!(pages.join("shopctl.1").is_file());
}

#[test]
fn short_help_and_version_are_short() {
    assert!(shown(&["-h"]).lines().count() < 70);
    let version = shown(&["--version"]);
    assert_eq!(
        version.trim(),
        format!("shopctl {}", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn the_schema_describes_the_project_file() {
    let schema: serde_json::Value = serde_json::from_str(&shown(&["schema"])).unwrap();
    assert!(
        schema["$schema"]
            .as_str()
            .unwrap()
            .contains("json-schema.org"),
        "{schema}"
    );
    for key in [
        "project",
        "stacks",
        "handlers",
        "site",
        "urls",
        "environments",
    ] {
        assert!(
            schema["properties"][key].is_object(),
            "no {key} in {schema}"
        );
    }
    assert_eq!(
        schema["additionalProperties"], false,
        "unknown keys are refused"
    );
}

#[test]
fn without_a_command_the_help_is_shown() {
    let folder = TestFolder::new();
    let output = Invocation::new::<&str>(folder.path(), &[])
        .run()
        .expect_code(4);
    output.expect_stderr(&["Usage: shopctl", "deploy", "teardown"]);
}

/// What a process asked of the network that it has for itself alone, which leads nowhere:
/// connections that were begun, and addresses that there was no way to.
#[cfg(target_os = "linux")]
fn asked_of_the_network(
    folder: &std::path::Path,
    program: &std::ffi::OsStr,
    arguments: &[&str],
) -> u64 {
    let output = std::process::Command::new("unshare")
        .args(["--map-root-user", "--net", "--"])
        .args([
            "sh",
            "-c",
            "\"$@\" >/dev/null 2>&1; cat /proc/self/net/snmp",
            "sh",
        ])
        .arg(program)
        .args(arguments)
        .current_dir(folder)
        .env("SHOPCTL_LOCAL_HOME", folder)
        .output()
        .expect("unshare runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("Tcp:"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Each table is a line of names and a line of numbers.
    let lines: Vec<&str> = text.lines().collect();
    let number = |table: &str, name: &str| -> u64 {
        let mut rows = lines.iter().filter(|line| line.starts_with(table));
        let (names, numbers) = (rows.next().unwrap(), rows.next().unwrap());
        let at = names.split(' ').position(|found| found == name).unwrap();
        numbers.split(' ').nth(at).unwrap().parse().unwrap()
    };
    number("Tcp:", "ActiveOpens") + number("Ip:", "OutNoRoutes") + number("Udp:", "OutDatagrams")
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_told_to_anybody() {
    let allowed = std::process::Command::new("unshare")
        .args(["--map-root-user", "--net", "true"])
        .output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        // Without a network of its own nobody can see what a process asks for.
        eprintln!("this machine gives processes no network of their own: not tested");
        return;
    }
    let project = shopctl_tests::TestProject::small("minimal");
    let folder = project.root();
    // What is looked for would be seen.
    let knock = ["-c", "exec 3<>/dev/tcp/192.0.2.1/443"];
    assert!(asked_of_the_network(folder, "bash".as_ref(), &knock) > 0);
    let shopctl = shopctl_tests::shopctl().as_os_str();
    for command in [
        &["--version"][..],
        &["schema"],
        &["completions", "bash"],
        &["graph", "--env", "local"],
        &["lint", "--env", "local", "--own"],
        &["render", "--env", "local", "--out", "rendered"],
        &["build", "--env", "local"],
        &["no-such-command"],
    ] {
        assert_eq!(
            asked_of_the_network(folder, shopctl, command),
            0,
            "{command:?}"
        );
    }
    assert!(
        folder.join("rendered").is_dir(),
        "the commands were carried out"
    );
}
