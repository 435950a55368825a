//! Handlers from a cargo workspace to zips.

use std::fs;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use shopctl_build::{
    Architecture, Artifact, BinaryProblem, BuildError, BuildEvent, BuildRequest, Environment,
    HandlerSource, RunsOn, build_handlers,
};

use crate::support::{Events, Folder, cargo_environment};

const MAIN: &str = "fn main() {\n    println!(\"{}\", shared::text());\n}\n";

/// A workspace of the packages `alpha` and `beta` with a library that they share.
fn workspace() -> Folder {
    let folder = Folder::new();
    folder.write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"services/*\"]\n\n\
         [profile.dev]\ndebug = false\n\n[profile.small]\ninherits = \"release\"\nstrip = true\n",
    );
    package(&folder, "shared", "");
    folder.write(
        "services/shared/src/lib.rs",
        "pub fn text() -> &'static str {\n    \"hello\"\n}\n",
    );
    for name in ["alpha", "beta"] {
        package(
            &folder,
            name,
            "[dependencies]\nshared = { path = \"../shared\" }\n",
        );
        folder.write(&format!("services/{name}/src/main.rs"), MAIN);
    }
    folder
}

fn package(folder: &Folder, name: &str, rest: &str) {
    folder.write(
        &format!("services/{name}/Cargo.toml"),
        &format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}"),
    );
}

fn request(folder: &Folder, handlers: &[&str]) -> BuildRequest {
    BuildRequest {
        root: folder.path(),
        handlers: handlers
            .iter()
            .map(|name| HandlerSource {
                name: (*name).to_owned(),
                path: format!("services/{name}").into(),
            })
            .collect(),
        architecture: Architecture::host().unwrap(),
        profile: "dev".to_owned(),
        runs_on: RunsOn::ThisMachine,
        locked: false,
        color: false,
        cache: folder.join("cache"),
        environment: cargo_environment(&folder.path()),
    }
}

async fn build(request: &BuildRequest) -> (Result<Vec<Artifact>, BuildError>, Vec<BuildEvent>) {
    let events = Events::new();
    let result = build_handlers(request, &|event| events.push(event)).await;
    (result, events.take())
}

async fn fail(request: &BuildRequest) -> BuildError {
    build(request).await.0.unwrap_err()
}

fn packed(events: &[BuildEvent]) -> Vec<(&str, bool)> {
    let mut packed: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            BuildEvent::HandlerPacked {
                handler, cached, ..
            } => Some((handler.as_str(), *cached)),
            _ => None,
        })
        .collect();
    packed.sort_unstable();
    packed
}

#[tokio::test]
async fn handlers_become_artifacts_and_unchanged_ones_stay_the_same() {
    let folder = workspace();
    // Not in the order of names.
    let request = request(&folder, &["beta", "alpha"]);
    let (artifacts, events) = build(&request).await;
    let artifacts = artifacts.unwrap();
    assert_eq!(packed(&events), [("alpha", false), ("beta", false)]);
    assert_eq!(artifacts[0].handler, "beta");
    assert_eq!(artifacts[1].handler, "alpha");
    for artifact in &artifacts {
        let zip = fs::read(&artifact.zip_path).unwrap();
        assert_eq!(artifact.zip_bytes, zip.len() as u64);
        assert_eq!(artifact.digest.as_str(), hex::encode(Sha256::digest(&zip)));
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
        assert_eq!(archive.len(), 1);
        let mut file = archive.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode(), Some(0o100_755));
        let mut binary = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut binary).unwrap();
        assert_eq!(artifact.binary_bytes, binary.len() as u64);
        assert_eq!(artifact.binary_digest, hex::encode(Sha256::digest(&binary)));
    }

    let (again, events) = build(&request).await;
    assert_eq!(again.unwrap(), artifacts);
    assert_eq!(packed(&events), [("alpha", true), ("beta", true)]);
    let compiled = |event: &BuildEvent| matches!(event, BuildEvent::CompileStarted { .. });
    assert!(!events.iter().any(compiled), "{events:?}");

    folder.write("services/alpha/src/main.rs", "fn main() {}\n");
    let (changed, events) = build(&request).await;
    let changed = changed.unwrap();
    assert_eq!(changed[0], artifacts[0]);
    assert_ne!(changed[1].digest, artifacts[1].digest);
    assert_eq!(packed(&events), [("alpha", false), ("beta", true)]);
}

#[tokio::test]
async fn progress_counts_packages_up_to_their_number() {
    let folder = workspace();
    // Counting leaves the lock file alone, so there has to be one.
    let mut request = request(&folder, &["alpha", "beta"]);
    build(&request).await.0.unwrap();
    // The build lasts until the packages are counted.
    let counted = folder.join("counted");
    folder.write(
        "services/shared/build.rs",
        &format!(
            "fn main() {{\n    for _ in 0..2000 {{\n        if std::path::Path::new({counted:?}).exists() {{ return; }}\n        \
             std::thread::sleep(std::time::Duration::from_millis(10));\n    }}\n    panic!(\"not counted\");\n}}\n"
        ),
    );
    request.profile = "small".to_owned();
    request.runs_on = RunsOn::Lambda;
    let events = Events::new();
    let progress = |event| {
        if event == (BuildEvent::PackagesCounted { total: 3 }) {
            fs::write(&counted, "").unwrap();
        }
        events.push(event);
    };
    let artifacts = build_handlers(&request, &progress).await.unwrap();
    assert_eq!(artifacts.len(), 2);
    let events = events.take();
    let started: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            BuildEvent::CompileStarted { package } => Some(package.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(started[0], "shared v0.1.0");
    assert_eq!(started.len(), 3);
    let finished: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            BuildEvent::PackageFinished { done, total, .. } => Some((*done, *total)),
            _ => None,
        })
        .collect();
    assert_eq!(finished, [(1, Some(3)), (2, Some(3)), (3, Some(3))]);
}

#[tokio::test]
async fn a_compiler_error_is_shown_as_cargo_shows_it() {
    let folder = workspace();
    folder.write(
        "services/alpha/src/main.rs",
        "fn main() {\n    let x: u32 = \"text\";\n}\n",
    );
    let mut request = request(&folder, &["beta", "alpha"]);
    let error = fail(&request).await;
    assert!(matches!(&error, BuildError::Compile { package, .. } if package == "alpha"));
    let text = error.to_string();
    let start = "package `alpha` does not compile\n\
                 error[E0308]: mismatched types\n \
                 --> services/alpha/src/main.rs:2:18\n";
    assert!(text.starts_with(start), "{text}");
    let end = "\nerror: could not compile `alpha` (bin \"alpha\") due to 1 previous error";
    assert!(text.ends_with(end), "{text}");
    assert_eq!(text.matches("previous error").count(), 1, "{text}");

    request.color = true;
    let colored = fail(&request).await.to_string();
    assert!(colored.contains("\u{1b}["), "{colored}");
}

#[tokio::test]
async fn warnings_are_events() {
    let folder = workspace();
    folder.write(
        "services/alpha/src/main.rs",
        "fn main() {\n    let unused = 1;\n}\n",
    );
    let (artifacts, events) = build(&request(&folder, &["alpha"])).await;
    artifacts.unwrap();
    let warnings: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            BuildEvent::CompilerWarned { package, rendered } => Some((package, rendered)),
            _ => None,
        })
        .collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].0, "alpha");
    assert!(
        warnings[0]
            .1
            .starts_with("warning: unused variable: `unused`")
    );
}

#[tokio::test]
async fn packages_that_are_no_handler_are_named() {
    let folder = workspace();
    let error = async |handler: &str| {
        let error = fail(&request(&folder, &["beta", handler])).await;
        let hint = error.hint().unwrap_or_default();
        folder.redact(&format!("{error}\n{hint}"))
    };
    insta::assert_snapshot!(error("gamma").await, @r"
    handler `gamma`: there is no DIR/services/gamma/Cargo.toml
    correct the handler's path in shopctl.yaml, or make the package: cargo new DIR/services/gamma
    ");
    insta::assert_snapshot!(error("shared").await, @r"
    handler `shared`: DIR/services/shared/Cargo.toml has no binary
    give it a src/main.rs
    ");

    folder.write("services/alpha/src/bin/other.rs", "fn main() {}");
    insta::assert_snapshot!(error("alpha").await, @r"
    handler `alpha`: DIR/services/alpha/Cargo.toml has 2 binaries (alpha, other), and a handler is one
    move all binaries but one into packages of their own
    ");

    package(
        &folder,
        "delta",
        "[[bin]]\nname = \"beta\"\npath = \"main.rs\"\n",
    );
    folder.write("services/delta/main.rs", "fn main() {}");
    insta::assert_snapshot!(error("delta").await, @r"
    DIR/services/beta/Cargo.toml and DIR/services/delta/Cargo.toml both name their binary `beta`
    leave the name of the binary to the package; it is packed as `bootstrap` anyway
    ");

    let outside = Folder::new();
    package(&outside, "alone", "");
    outside.write("services/alone/src/main.rs", "fn main() {}");
    let mut request = request(&folder, &[]);
    request.handlers.push(HandlerSource {
        name: "alone".to_owned(),
        path: outside.join("services/alone"),
    });
    let text = fail(&request).await.to_string();
    insta::assert_snapshot!(outside.redact(&folder.redact(&text)), @"handler `alone`: DIR/services/alone/Cargo.toml is not a member of the workspace DIR/Cargo.toml");
}

#[tokio::test]
async fn mistakes_in_a_manifest_are_told_in_cargos_words() {
    let folder = workspace();
    folder.write(
        "services/alpha/Cargo.toml",
        "[package]\nname = \"alpha\"\nversion = 1\n",
    );
    let error = fail(&request(&folder, &["beta"])).await;
    let text = folder.redact(&error.to_string());
    assert!(
        text.starts_with("`cargo metadata --no-deps --format-version 1` failed\nerror: "),
        "{text}"
    );
    assert!(text.contains("services/alpha/Cargo.toml"), "{text}");
}

#[tokio::test]
async fn an_unknown_profile_and_a_stale_lock_file_are_told_in_cargos_words() {
    let folder = workspace();
    let mut request = request(&folder, &["beta"]);
    request.locked = true;
    let error = fail(&request).await.to_string();
    assert!(error.contains("--locked"), "{error}");
    assert!(!folder.join("Cargo.lock").exists());

    request.locked = false;
    request.profile = "lambada".to_owned();
    let error = fail(&request).await.to_string();
    assert!(
        error.contains("profile `lambada` is not defined"),
        "{error}"
    );
}

#[tokio::test]
async fn without_cargo_the_command_that_installs_it_is_named() {
    let folder = workspace();
    let mut request = request(&folder, &["beta"]);
    request.environment = Environment::new([("PATH", folder.join("bin"))]);
    let error = fail(&request).await;
    insta::assert_snapshot!(
        std::error::Error::source(&error).unwrap(),
        @"`cargo` is not on the PATH"
    );
    assert!(error.hint().unwrap().contains("https://sh.rustup.rs"));
}

#[tokio::test]
async fn nothing_to_build_needs_no_cargo() {
    let folder = Folder::new();
    let mut request = request(&folder, &[]);
    request.environment = Environment::default();
    assert_eq!(build(&request).await.0.unwrap(), []);
}

/// A cargo that builds `binary` for the handler `beta`, whatever its source.
fn fake_cargo(folder: &Folder, subcommand: &str, binary: &str) -> String {
    let metadata = serde_json::json!({
        "workspace_root": folder.path(),
        "packages": [{
            "name": "beta",
            "id": "path+file:///x/beta#0.1.0",
            "manifest_path": folder.join("services/beta/Cargo.toml"),
            "targets": [{"name": "beta", "kind": ["bin"]}],
        }],
    });
    let artifact = serde_json::json!({
        "reason": "compiler-artifact",
        "package_id": "path+file:///x/beta#0.1.0",
        "target": {"name": "beta", "kind": ["bin"]},
        "executable": folder.join(binary),
        "fresh": false,
    });
    folder.write("metadata.json", &metadata.to_string());
    folder.write(&format!("{subcommand}.json"), &artifact.to_string());
    let root = folder.path();
    let root = root.display();
    format!(
        "echo \"$@\" >> {root}/calls\n\
         case $1 in\n\
         metadata) exec /bin/cat {root}/metadata.json;;\n\
         build|zigbuild) exec /bin/cat {root}/$1.json;;\n\
         *) exit 1;;\n\
         esac"
    )
}

/// A program, and the same one asking for a glibc that Lambda does not have.
fn old_and_new(folder: &Folder) {
    folder.write(
        "main.c",
        "#include <math.h>\nint main(int n, char **v) { return exp(n) > 3; }",
    );
    let run = std::process::Command::new("cc")
        .args(["-fno-builtin", "main.c", "-lm", "-o", "old"])
        .current_dir(folder.path())
        .status();
    assert!(run.unwrap().success());
    let mut binary = fs::read(folder.join("old")).unwrap();
    for at in 0..binary.len() - 10 {
        if &binary[at..at + 10] == b"GLIBC_2.29" {
            binary[at..at + 10].copy_from_slice(b"GLIBC_2.39");
        }
    }
    fs::write(folder.join("new"), binary).unwrap();
}

#[tokio::test]
async fn a_newer_glibc_stops_lambda_but_not_this_machine() {
    let folder = workspace();
    old_and_new(&folder);
    let script = fake_cargo(&folder, "build", "new");
    folder.program("cargo", &script);
    let mut request = request(&folder, &["beta"]);
    request.environment = Environment::new([("PATH", folder.join("bin"))]);
    request.runs_on = RunsOn::Lambda;
    let error = fail(&request).await;
    insta::assert_snapshot!(folder.redact(&error.to_string()), @"handler `beta` cannot run on Lambda (DIR/new)");
    insta::assert_snapshot!(
        std::error::Error::source(&error).unwrap(),
        @"it needs GLIBC_2.39 (for exp); the runtime provided.al2023 has glibc 2.34"
    );
    assert!(error.hint().unwrap().contains("pip install cargo-zigbuild"));

    request.runs_on = RunsOn::ThisMachine;
    let (artifacts, events) = build(&request).await;
    assert_eq!(artifacts.unwrap().len(), 1);
    assert!(events.iter().any(|event| matches!(
        event,
        BuildEvent::BinaryWarned {
            problem: BinaryProblem::Glibc { .. },
            ..
        }
    )));
}

#[tokio::test]
async fn zigbuild_is_the_second_try_where_it_is_installed() {
    let folder = workspace();
    old_and_new(&folder);
    fake_cargo(&folder, "build", "new");
    let script = fake_cargo(&folder, "zigbuild", "old");
    folder.program("cargo", &script);
    folder.program("cargo-zigbuild", "");
    folder.program("rustc", "echo /");
    let mut request = request(&folder, &["beta"]);
    request.environment = Environment::new([("PATH", folder.join("bin"))]);
    request.runs_on = RunsOn::Lambda;
    let (artifacts, events) = build(&request).await;
    let binary = fs::read(folder.join("old")).unwrap();
    assert_eq!(
        artifacts.unwrap()[0].binary_digest,
        hex::encode(Sha256::digest(binary))
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event, BuildEvent::RebuildStarted { .. }))
    );
    let calls = folder.read("calls");
    let zigbuild = calls
        .lines()
        .find(|call| call.starts_with("zigbuild"))
        .unwrap();
    assert!(zigbuild.contains("-unknown-linux-gnu.2.34 "), "{zigbuild}");
}

#[tokio::test]
async fn a_binary_that_is_none_is_refused_everywhere() {
    let folder = workspace();
    folder.write("script", "#!/bin/sh\n# long enough to be looked at");
    let script = fake_cargo(&folder, "build", "script");
    folder.program("cargo", &script);
    let mut request = request(&folder, &["beta"]);
    request.environment = Environment::new([("PATH", folder.join("bin"))]);
    let error = fail(&request).await;
    insta::assert_snapshot!(
        std::error::Error::source(&error).unwrap(),
        @"it is a script, not an ELF file for Linux"
    );
}

#[tokio::test]
async fn dropping_the_build_kills_cargo_and_what_it_started() {
    let folder = workspace();
    let script = fake_cargo(&folder, "build", "x");
    let pid = folder.join("pid");
    // As long as a compiler may take, and one process further down.
    folder.program(
        "cargo",
        &format!(
            "if [ $1 = build ]; then /bin/sleep 600 & echo $! > {0}.new; /bin/mv {0}.new {0}; wait; fi\n{script}",
            pid.display()
        ),
    );
    let mut request = request(&folder, &["beta"]);
    request.environment = Environment::new([("PATH", folder.join("bin"))]);
    let building = tokio::spawn(async move { build(&request).await.0 });
    let deadline = Instant::now() + Duration::from_secs(120);
    let wait = async |until: &dyn Fn() -> bool| {
        while !until() {
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    wait(&|| pid.exists()).await;
    let stat = format!("/proc/{}/stat", folder.read("pid").trim());
    let is_running = || fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(is_running());
    building.abort();
    wait(&|| !is_running()).await;
}
