#![allow(clippy::unwrap_used, reason = "tests")]
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

fn report(programs: &[(&str, &str)], site: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, script) in programs {
        let file = folder.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = if programs.is_empty() {
        OsString::new()
    } else {
        folder.path().as_os_str().to_owned()
    };
    let request = DoctorRequest {
        path,
        folders: Folders::below(&folder.path().join("home")),
        site,
        database: false,
        cloud: None,
    };
    let mut text = String::new();
    for check in doctor(&request)
        .iter()
        .filter(|check| !["disk space", "loopback port"].contains(&check.name))
    {
        let Check {
            name,
            required,
            status,
            found,
            detail,
            fix,
        } = check;
        let need = if *required { "needed" } else { "optional" };
        let detail = detail.replace(&*folder.path().to_string_lossy(), "BIN");
        writeln!(
            text,
            "{name} ({need}): {status:?} {} | {detail}",
            found.as_deref().unwrap_or("-")
        )
        .unwrap();
        if let Some(fix) = fix {
            writeln!(text, "  $ {fix}").unwrap();
        }
    }
    text
}

#[test]
fn an_empty_machine_is_told_one_command_for_each_thing() {
    insta::assert_snapshot!(report(&[], true), @r"
    rustc (needed): Missing - | not on PATH; compiles the handlers
      $ curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh
    cargo (needed): Missing - | not on PATH; builds the handlers
      $ curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh
    cargo-zigbuild (optional): Missing - | not on PATH; builds for another architecture or an older glibc
      $ cargo install cargo-zigbuild && pip install ziglang
    python (needed): Missing - | no python found: the local cloud needs Python 3.10 or newer
      $ sudo apt-get install python3 python3-venv
    node (needed): Missing - | not on PATH; builds the site, runs CloudFront functions locally
      $ curl -fsSL https://deb.nodesource.com/setup_22.x | sudo bash - && sudo apt-get install nodejs
    npm (needed): Missing - | not on PATH; installs the site's packages
      $ sudo apt-get install npm
    mariadbd (optional): Missing - | no whole installation on PATH; serves AWS::RDS databases locally
      $ sudo apt-get install mariadb-server-core
    local cloud (optional): Missing - | not installed yet; the first start installs it
      $ shopctl local start
    ");
}

#[test]
fn old_and_broken_programs_are_told_apart() {
    let programs = [
        ("rustc", "echo 'rustc 1.70.0 (90c541806 2023-05-31)'"),
        ("rustup", "true"),
        ("cargo", "echo 'cargo 1.95.0'"),
        ("cargo-zigbuild", "echo 'cargo-zigbuild 0.20.0'"),
        ("python3", "printf '3.11.2\\n/usr/bin/python3\\nFalse\\n'"),
        ("node", "echo v18.19.0"),
        ("npm", "echo 'Error: Cannot find module' >&2; exit 1"),
        (
            "mariadbd",
            "echo 'mariadbd  Ver 10.11.6-MariaDB for debian-linux-gnu on x86_64'",
        ),
    ];
    insta::assert_snapshot!(report(&programs, false), @r"
    rustc (needed): TooOld 1.70.0 | BIN/rustc is older than 1.95; compiles the handlers
      $ rustup update stable
    cargo (needed): Ok 1.95.0 | BIN/cargo
    cargo-zigbuild (optional): Ok 0.20.0 | BIN/cargo-zigbuild
    python (needed): Broken 3.11.2 | /usr/bin/python3 cannot make virtual environments: its ensurepip module is missing
      $ sudo apt-get install python3-venv
    node (optional): TooOld 18.19.0 | BIN/node is older than 20; builds the site, runs CloudFront functions locally
      $ curl -fsSL https://deb.nodesource.com/setup_22.x | sudo bash - && sudo apt-get install nodejs
    npm (optional): Broken - | BIN/npm: Error: Cannot find module
      $ sudo apt-get install npm
    mariadbd (optional): Missing - | no whole installation on PATH; serves AWS::RDS databases locally
      $ sudo apt-get install mariadb-server-core
    local cloud (optional): Missing - | not installed yet; the first start installs it
      $ shopctl local start
    ");
}

#[test]
fn this_machine_has_disk_and_a_port() {
    let folder = tempfile::tempdir().unwrap();
    let disk = disk_check(&folder.path().join("not").join("there"));
    assert!(disk.found.unwrap().ends_with(" MiB"));
    assert_eq!(port_check().status, CheckStatus::Ok);
}

#[test]
fn versions_are_compared_as_numbers() {
    assert!(
        older("1.9.0", &[1, 95])
            && !older("1.100.0", &[1, 95])
            && !older("22.1", &[20])
            && !older("1", &[])
    );
    assert_eq!(version_in("npm\n").as_deref(), None);
    assert_eq!(
        version_in("cargo 1.95.0 (5aa 2026-03-01)").as_deref(),
        Some("1.95.0")
    );
}
