//! Programs that are not there: each is named, with the one command that installs it.

use std::env::{join_paths, split_paths, var_os};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use shopctl_tests::TestProject;

/// A `PATH` on which everything is but these programs.
fn path_without(project: &TestProject, missing: &[&str]) -> std::ffi::OsString {
    let folder = project.beside("bin");
    for path in split_paths(&var_os("PATH").unwrap()) {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let text = name.to_string_lossy();
            let hidden = |tool: &&str| {
                // Also `python3.11`.
                text == **tool
                    || text
                        .strip_prefix(*tool)
                        .is_some_and(|rest| rest.starts_with('.'))
            };
            if !missing.iter().any(hidden) {
                // The first one on the PATH is the one that counts.
                let _ = symlink(entry.path(), folder.join(&name));
            }
        }
    }
    join_paths([folder]).unwrap()
}

#[test]
fn without_cargo_its_installer_is_named() {
    let project = TestProject::small("greeter");
    let path = path_without(&project, &["cargo"]);
    let output = project.deploy().env("PATH", path).run().expect_code(4);
    output.expect_stderr(&["cargo", "https://sh.rustup.rs"]);
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
}

#[test]
fn without_python_its_package_is_named() {
    let project = TestProject::small("minimal");
    let path = path_without(&project, &["python", "python3", "uv"]);
    let deploy = project.deploy().env("PATH", path);
    // The installation that is there already would do without.
    let deploy = deploy.env("XDG_CACHE_HOME", project.beside("cache"));
    let output = deploy.run().expect_code(1);
    output.expect_stderr(&["Python 3.10", "apt-get install python3 python3-venv"]);
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
}

#[test]
fn without_npm_or_node_their_package_is_named() {
    for missing in ["npm", "node"] {
        let project = TestProject::small("page");
        project.edit("shopctl.yaml", "[sh, build.sh]", "[npm, run, build]");
        project.write(
            "site/package.json",
            "{\"scripts\": {\"build\": \"sh build.sh\"}}",
        );
        project.write(
            "site/package-lock.json",
            "{\"lockfileVersion\": 3, \"requires\": true, \"packages\": {\"\": {}}}",
        );
        let path = path_without(&project, &[missing]);
        let output = project.deploy().env("PATH", path).run().expect_code(4);
        output.expect_stderr(&[missing, "apt-get install nodejs npm"]);
        project
            .deploy()
            .run()
            .expect_code(0)
            .expect_outcome("succeeded");
    }
}

#[test]
fn the_doctor_says_what_is_missing_and_how_to_get_it() {
    let project = TestProject::small("page");
    let well = project.run(&["doctor", "--output", "json"]).json();
    assert_eq!(well["version"], 1);
    assert_eq!(well["ok"], true, "{well}");

    let path = path_without(&project, &["npm"]);
    let ill = project
        .command(&["doctor", "--output", "json"])
        .env("PATH", &path)
        .run();
    let ill = ill.expect_code(1).json();
    assert_eq!(ill["ok"], false);
    let checks = ill["checks"].as_array().unwrap();
    let npm = checks.iter().find(|check| check["name"] == "npm").unwrap();
    assert_eq!(npm["status"], "missing", "{npm}");
    assert_eq!(npm["required"], true, "{npm}");
    let fix = npm["fix"].as_str().unwrap();
    assert!(fix.contains("npm"), "{npm}");

    let text = project
        .command(&["doctor"])
        .env("PATH", &path)
        .run()
        .expect_code(1);
    assert!(text.stdout.contains(fix), "{text}");
}

#[test]
fn the_doctor_needs_no_project() {
    let project = TestProject::small("minimal");
    let folder: PathBuf = project.beside("elsewhere");
    let output = project
        .command_in(&folder, &["doctor", "--output", "json"])
        .run();
    let document = output.expect_code(0).json();
    for check in document["checks"].as_array().unwrap() {
        for field in ["name", "status", "detail"] {
            assert!(check[field].is_string(), "{field} of {check}");
        }
        assert!(check["required"].is_boolean(), "{check}");
    }
}
