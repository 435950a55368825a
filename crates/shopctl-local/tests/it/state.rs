//! What is kept of an instance, however it ends; and that its patches work.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use shopctl_local::{CloudStatus, DeathCause, LocalError, Progress};

use crate::support::*;

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
