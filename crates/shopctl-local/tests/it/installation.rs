//! Bringing the local cloud onto this machine, and mending it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use shopctl_local::{CloudStatus, Folders, InstallStep, LocalCloud, Progress, Settings};

use crate::support::*;

#[tokio::test]
async fn a_broken_installation_is_repaired() {
    let shared = Home::new();
    let warm = shared.cloud("warm");
    start(&warm).await;
    warm.stop(&mut |_| {}).await.unwrap();
    // A copy of the shared one, as links, of which one file is replaced by a damaged one.
    let mut home = Home::new();
    home.installs = home.folder.path().join("installs");
    let copied = Command::new("cp")
        .arg("-al")
        .arg(&shared.installs)
        .arg(&home.installs)
        .status()
        .unwrap();
    assert!(copied.success());
    let cloud = home.cloud("shop");
    let install = cloud.installed().unwrap();
    let library = fs::read_dir(install.join("venv/lib"))
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    let app = library.join("site-packages/ministack/app.py");
    fs::remove_file(&app).unwrap();
    fs::write(&app, "half a fi").unwrap();
    // And what an interrupted installation would have left.
    let leftover = home.installs.join(".installing-half");
    fs::create_dir_all(leftover.join("venv")).unwrap();

    let cloud = home.cloud("shop");
    let (_, told) = ensure(&cloud).await;
    assert!(
        told.contains(&Progress::Installing(InstallStep::Packages)),
        "{told:?}"
    );
    assert!(
        told.iter()
            .any(|progress| matches!(progress, Progress::Installed { .. })),
        "{told:?}"
    );
    assert!(!leftover.exists());
    assert_ne!(fs::read_to_string(&app).unwrap(), "half a fi");
    cloud.stop(&mut |_| {}).await.unwrap();
}

/// A search path with one pretended `python3`.
fn pretended_python(folder: &Path, script: &str) -> std::ffi::OsString {
    fs::create_dir_all(folder).unwrap();
    let python = folder.join("python3");
    fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    folder.as_os_str().to_owned()
}

#[tokio::test]
async fn what_python_lacks_is_said_and_nothing_is_left_behind() {
    let home = Home::new();
    let bin = home.folder.path().join("bin");
    let installs = home.folder.path().join("fresh");
    let fails = async |path: std::ffi::OsString| {
        let folders = Folders {
            installs: installs.clone(),
            ..home.folders()
        };
        let cloud = LocalCloud::new(Settings {
            folders,
            path,
            ..home.settings("shop")
        });
        let error = cloud.ensure_running(&mut |_| {}).await.unwrap_err();
        assert_eq!(cloud.status().await.unwrap(), CloudStatus::Stopped);
        let text = error.to_string().replace(&*bin.to_string_lossy(), "BIN");
        (text, error.hint().unwrap())
    };
    let (error, hint) = fails(bin.clone().into()).await;
    assert_eq!(
        error,
        "no python found: the local cloud needs Python 3.10 or newer"
    );
    assert!(
        hint.contains("apt-get install python3 python3-venv"),
        "{hint}"
    );

    let old = r"printf '3.9.2\n%s\nTrue\n' $0";
    let (error, _) = fails(pretended_python(&bin, old)).await;
    assert_eq!(
        error,
        "python is too old: BIN/python3 is 3.9.2, the local cloud needs 3.10 or newer"
    );

    let bare = r"printf '3.11.2\n%s\nFalse\n' $0";
    let (error, hint) = fails(pretended_python(&bin, bare)).await;
    assert_eq!(
        error,
        "BIN/python3 cannot make virtual environments: its ensurepip module is missing"
    );
    assert_eq!(hint, "apt-get install python3-venv");
    assert!(
        !installs.exists(),
        "nothing is created before the tools are there"
    );

    // The environment is made, then the packages cannot be had.
    let offline = r#"case "$*" in
  *"-m venv"*) for last; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python";;
  *"-m pip"*) echo 'ERROR: No matching distribution found for ministack' >&2; exit 1;;
  *) printf '3.11.2\n%s\nTrue\n' "$0";;
esac"#;
    let path = format!(
        "{}:/usr/bin:/bin",
        pretended_python(&bin, offline).to_string_lossy()
    );
    let (error, _) = fails(path.into()).await;
    assert_eq!(
        error,
        "installation failed: pip install ended with exit status: 1\n  \
         ERROR: No matching distribution found for ministack"
    );
    let left: Vec<_> = fs::read_dir(&installs)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(
        left,
        ["install.lock"],
        "a failed installation leaves nothing half done"
    );
}
