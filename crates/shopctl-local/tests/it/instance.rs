//! One instance: started, found again, stopped, and on which port.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use shopctl_local::{CloudStatus, LocalCloud, LocalError, Progress, Settings};

use crate::support::*;

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
