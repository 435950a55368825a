//! The real local cloud: installed once for all runs of these tests, each test with instances of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use shopctl_local::{
    CloudStatus, DeathCause, Folders, InstallStep, LocalCloud, LocalError, Progress, Settings,
};

mod support;

use support::*;

#[tokio::test]
async fn started_found_again_and_stopped() {
    let home = Home::new();
    let cloud = home.cloud("shop");
    assert_eq!(cloud.status().await.unwrap(), CloudStatus::Stopped);
    assert!(!cloud.stop(&mut |_| {}).await.unwrap(), "nothing runs yet");
    assert!(matches!(
        cloud.snapshot().await,
        Err(LocalError::NotRunning)
    ));

    let (first, told) = ensure(&cloud).await;
    assert_eq!(first.endpoint, format!("http://127.0.0.1:{}", first.port));
    assert!(
        told.contains(&Progress::Starting { port: first.port }),
        "{told:?}"
    );
    assert!(
        matches!(told.last(), Some(Progress::Started { .. })),
        "{told:?}"
    );
    assert_eq!(
        cloud.status().await.unwrap(),
        CloudStatus::Running(first.clone())
    );

    // Another command, of the same checkout: the same process, and nothing to tell.
    let (second, told) = ensure(&home.cloud("shop")).await;
    assert_eq!((second.pid, told), (first.pid, vec![]));

    assert!(cloud.stop(&mut |_| {}).await.unwrap());
    assert_eq!(cloud.status().await.unwrap(), CloudStatus::Stopped);
    until("its processes are gone", || processes_of(&cloud).is_empty()).await;

    let third = start(&cloud).await;
    assert_ne!(third.pid, first.pid);
    assert_eq!(third.port, first.port, "the port is remembered");
    cloud.reset(&mut |_| {}).await.unwrap();
    assert_eq!(cloud.status().await.unwrap(), CloudStatus::Stopped);
    assert!(!cloud.folder().exists());
    cloud.reset(&mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn one_of_another_version_is_replaced_and_keeps_its_state() {
    let home = Home::new();
    let cloud = home.cloud("shop");
    let old = start(&cloud).await;
    probe_ok(&home, &cloud, &old, "things.py", &["make", "kept"]).await;
    // As an older tool would have written it.
    let record = cloud.folder().join("instance.json");
    let text = fs::read_to_string(&record).unwrap();
    let install = cloud.installed().unwrap();
    let name = install.file_name().unwrap().to_str().unwrap();
    assert!(text.contains(name));
    fs::write(&record, text.replace(name, "ministack-1.5.32-0123456789ab")).unwrap();
    let (new, told) = ensure(&cloud).await;
    assert_eq!(told[0], Progress::Updating);
    assert_ne!(new.pid, old.pid);
    assert_eq!(new.port, old.port);
    assert!(
        probe_ok(&home, &cloud, &new, "things.py", &["list"])
            .await
            .contains("buckets: kept\n")
    );
    cloud.stop(&mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn two_projects_run_beside_each_other() {
    let home = Home::new();
    let (one, two) = (home.cloud("one"), home.cloud("two"));
    let (first, second) = tokio::join!(start(&one), start(&two));
    assert_ne!(first.port, second.port);
    assert_ne!(first.pid, second.pid);
    probe_ok(&home, &one, &first, "things.py", &["make", "bucket-of-one"]).await;
    assert_eq!(
        probe_ok(&home, &two, &second, "things.py", &["list"]).await,
        "buckets:\nqueues:\nitems:\n"
    );
    one.stop(&mut |_| {}).await.unwrap();
    assert!(matches!(
        two.status().await.unwrap(),
        CloudStatus::Running(_)
    ));
    two.stop(&mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn commands_at_once_start_one_instance() {
    let home = Home::new();
    let commands = (0..4).map(|_| {
        let cloud = home.cloud("shop");
        tokio::spawn(async move { ensure(&cloud).await })
    });
    let mut pids = Vec::new();
    let mut starts = 0;
    for command in commands.collect::<Vec<_>>() {
        let (running, told) = command.await.unwrap();
        pids.push(running.pid);
        starts += told
            .iter()
            .filter(|progress| matches!(progress, Progress::Starting { .. }))
            .count();
    }
    pids.dedup();
    assert_eq!((pids.len(), starts), (1, 1));
    home.cloud("shop").stop(&mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_refused_with_who_holds_it() {
    let home = Home::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let on = |project: &str, port| {
        LocalCloud::new(Settings {
            port: Some(port),
            ..home.settings(project)
        })
    };

    let error = on("shop", port)
        .ensure_running(&mut |_| {})
        .await
        .unwrap_err();
    assert!(
        matches!(&error, LocalError::PortTaken { holder: Some(holder), .. } if holder.pid == std::process::id())
    );
    assert!(
        error.to_string().starts_with(&format!(
            "port {port} is taken by process {} (",
            std::process::id()
        )),
        "{error}"
    );
    drop(listener);

    let running = start(&on("shop", port)).await;
    assert_eq!(running.port, port);
    // Another project that asks for the same one is told whose it is.
    let error = on("other", port)
        .ensure_running(&mut |_| {})
        .await
        .unwrap_err();
    let root = home.settings("shop").root;
    assert_eq!(
        error.to_string(),
        format!(
            "port {port} is taken by the local cloud of shop in {} (process {})",
            root.display(),
            running.pid
        )
    );
    // The same project on another port has to be stopped first.
    let error = on("shop", port - 1)
        .ensure_running(&mut |_| {})
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the local cloud of this project runs on port {port} already, not on {}",
            port - 1
        )
    );
    on("shop", port).stop(&mut |_| {}).await.unwrap();

    // A remembered port that somebody else took meanwhile is no reason to fail.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let cloud = home.cloud("shop");
    let (moved, told) = ensure(&cloud).await;
    assert_ne!(moved.port, port);
    assert!(
        told.contains(&Progress::Moved {
            from: port,
            to: moved.port
        }),
        "{told:?}"
    );
    drop(listener);
    cloud.stop(&mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn killed_it_comes_back_with_the_last_saved_state() {
    let home = Home::new();
    let cloud = home.cloud("shop");
    let running = start(&cloud).await;
    let made = probe_ok(&home, &cloud, &running, "restart.py", &["fill"]).await;
    assert!(cloud.snapshot().await.unwrap());
    probe_ok(&home, &cloud, &running, "restart.py", &["more"]).await;
    kill_9(&running);
    until("the kill", || {
        !Path::new(&format!("/proc/{}/exe", running.pid)).exists()
    })
    .await;
    let status = cloud.status().await.unwrap();
    assert!(
        matches!(status, CloudStatus::Dead { pid, cause: DeathCause::Killed, saved_at: Some(_) } if pid == running.pid),
        "{status:?}"
    );
    assert!(matches!(
        cloud.snapshot().await,
        Err(LocalError::NotRunning)
    ));

    let (again, told) = ensure(&cloud).await;
    assert!(
        matches!(told[0], Progress::Recovering { pid, saved_at: Some(_) } if pid == running.pid),
        "{told:?}"
    );
    assert_eq!(
        again.port, running.port,
        "addresses in the saved state hold the port"
    );
    probe_ok(
        &home,
        &cloud,
        &again,
        "restart.py",
        &["check", made.lines().next().unwrap()],
    )
    .await;

    // Saved once more and killed once more: what the second snapshot has in common with the first is whole too.
    assert!(cloud.snapshot().await.unwrap());
    probe_ok(&home, &cloud, &again, "restart.py", &["again"]).await;
    kill_9(&again);
    let again = start(&cloud).await;
    probe_ok(&home, &cloud, &again, "restart.py", &["again"]).await;

    // An orderly stop saves what came since by itself, functions end with it.
    probe_ok(&home, &cloud, &again, "things.py", &["make", "kept"]).await;
    assert!(
        processes_of(&cloud).len() > 1,
        "a function waits for its next event"
    );
    cloud.stop(&mut |_| {}).await.unwrap();
    assert_eq!(processes_of(&cloud), [""; 0]);
    let last = start(&cloud).await;
    assert!(
        probe_ok(&home, &cloud, &last, "things.py", &["list"])
            .await
            .contains("kept")
    );
    cloud.stop(&mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn the_state_is_saved_by_itself_while_it_changes() {
    let home = Home::new();
    let cloud = home.cloud("shop");
    let running = start(&cloud).await;
    probe_ok(&home, &cloud, &running, "things.py", &["make", "by-itself"]).await;
    let state = cloud.folder().join("data/state.pickle");
    let deadline = Instant::now() + Duration::from_secs(120);
    while !state.exists() {
        assert!(
            Instant::now() < deadline,
            "nothing was saved\n{}",
            cloud.log_tail(20)
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    kill_9(&running);
    let again = start(&cloud).await;
    let list = probe_ok(&home, &cloud, &again, "things.py", &["list"]).await;
    assert_eq!(
        list,
        "buckets: by-itself\nqueues: by-itself\nitems: by-itself\n"
    );
    cloud.stop(&mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn a_deploy_that_is_killed_half_way_leaves_the_state_before_it() {
    let home = Home::new();
    let cloud = home.cloud("shop");
    let running = start(&cloud).await;
    probe_ok(&home, &cloud, &running, "things.py", &["make", "before"]).await;
    assert!(cloud.snapshot().await.unwrap());
    assert!(!cloud.snapshot().await.unwrap(), "nothing changed since");
    probe_ok(&home, &cloud, &running, "things.py", &["half-a-deploy"]).await;
    let error = cloud.snapshot().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the state was not saved: a stack is changing: half"
    );
    kill_9(&running);
    let again = start(&cloud).await;
    // The stack's queue existed already when it was killed.
    let expected = "buckets: before\nqueues: before\nitems: before\n";
    assert_eq!(
        probe_ok(&home, &cloud, &again, "things.py", &["list"]).await,
        expected
    );

    // An orderly stop in the middle is no better time to save.
    probe_ok(&home, &cloud, &again, "things.py", &["half-a-deploy"]).await;
    cloud.stop(&mut |_| {}).await.unwrap();
    let last = start(&cloud).await;
    assert_eq!(
        probe_ok(&home, &cloud, &last, "things.py", &["list"]).await,
        expected
    );
    cloud.stop(&mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_not_thrown_away() {
    let home = Home::new();
    let cloud = home.cloud("shop");
    start(&cloud).await;
    cloud.snapshot().await.unwrap();
    cloud.stop(&mut |_| {}).await.unwrap();
    let state = cloud.folder().join("data/state.pickle");
    let whole = fs::read(&state).unwrap();
    fs::write(&state, &whole[..whole.len() / 2]).unwrap();
    let error = cloud.ensure_running(&mut |_| {}).await.unwrap_err();
    assert!(
        matches!(error, LocalError::StateUnreadable { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("state.pickle"), "{error}");
    assert_eq!(
        error.hint().unwrap(),
        "shopctl local reset starts afresh; deploy again after it"
    );
    assert_eq!(cloud.status().await.unwrap(), CloudStatus::Stopped);
    // Code in place of data is not run.
    fs::write(&state, b"cos\nsystem\n(S'touch stolen'\ntR.").unwrap();
    let error = cloud.ensure_running(&mut |_| {}).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("os.system has no place in a saved state"),
        "{error}"
    );
    assert!(!cloud.folder().join("stolen").exists());

    fs::write(&state, whole).unwrap();
    start(&cloud).await;
    cloud.stop(&mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn every_patch_does_its_work() {
    let home = Home::new();
    let cloud = home.cloud("shop");
    let running = start(&cloud).await;
    let report = probe_ok(&home, &cloud, &running, "patches.py", &[]).await;
    assert!(report.lines().count() > 10, "{report}");
    cloud.stop(&mut |_| {}).await.unwrap();
}

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
