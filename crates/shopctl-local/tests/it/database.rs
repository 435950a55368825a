//! The real local cloud with a real MariaDB server beside it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use shopctl_local::{LocalCloud, Running, Settings};

use crate::support::*;

/// A cloud whose project has databases. The server comes from this machine or, once for all runs, from Debian.
fn cloud(home: &Home) -> LocalCloud {
    LocalCloud::new(Settings {
        database: true,
        ..home.settings("shop")
    })
}

async fn database(home: &Home, cloud: &LocalCloud, running: &Running, what: &str) -> String {
    let port = running.database_port.unwrap().to_string();
    probe_ok(home, cloud, running, "database.py", &[what, &port]).await
}

fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[tokio::test]
async fn a_database_of_a_template_is_a_real_one_that_outlives_stops_and_kills() {
    let home = Home::new();
    let cloud = cloud(&home);
    let first = start(&cloud).await;
    let port = first.database_port.unwrap();
    assert_ne!(port, first.port);

    // The stack's outputs name the server, its master user comes in, and rows go in.
    database(&home, &cloud, &first, "make").await;
    cloud.snapshot().await.unwrap();
    assert!(cloud.stop(&mut |_| {}).await.unwrap());
    until("its processes are gone", || processes_of(&cloud).is_empty()).await;
    assert!(!listens(port), "the server ends with the local cloud");

    let second = start(&cloud).await;
    assert_eq!(second.database_port, Some(port), "the port is remembered");
    assert_eq!(database(&home, &cloud, &second, "read").await, "kept\n");

    // The launcher is killed and cannot end its server: the next start does.
    kill_9(&second);
    let (third, _) = ensure(&cloud).await;
    assert_eq!(third.database_port, Some(port));
    assert_eq!(database(&home, &cloud, &third, "read").await, "kept\n");

    // The server alone is killed: it comes back by itself.
    let data = cloud.folder().join("database");
    let server = fs::read_to_string(data.join("pid")).unwrap();
    let killed = std::process::Command::new("kill")
        .args(["-9", server.trim()])
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(database(&home, &cloud, &third, "read").await, "kept\n");

    // With its stack go its data, not before.
    assert_eq!(database(&home, &cloud, &third, "delete").await, "gone\n");
    cloud.reset(&mut |_| {}).await.unwrap();
    assert!(!listens(port), "the server is gone");
    assert!(!cloud.folder().exists(), "so are the data");
}

#[tokio::test]
async fn a_project_that_gets_its_first_database_gets_a_server() {
    let home = Home::new();
    let without = home.cloud("shop");
    let before = start(&without).await;
    assert_eq!(before.database_port, None);
    probe_ok(&home, &without, &before, "things.py", &["make", "kept"]).await;

    let with = cloud(&home);
    let after = start(&with).await;
    assert_ne!(after.pid, before.pid, "it was started again");
    assert!(listens(after.database_port.unwrap()));
    let things = probe_ok(&home, &with, &after, "things.py", &["list"]).await;
    assert!(things.contains("buckets: kept\n"), "{things}");

    // A command that knows of no database leaves it alone.
    let again = start(&without).await;
    assert_eq!(again, after);
    with.stop(&mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn a_taken_database_port_is_left_to_its_holder() {
    let home = Home::new();
    let cloud = cloud(&home);
    let port = start(&cloud).await.database_port.unwrap();
    cloud.stop(&mut |_| {}).await.unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let moved = start(&cloud).await.database_port.unwrap();
    assert_ne!(moved, port);
    assert!(listens(moved));
    drop(listener);
    cloud.stop(&mut |_| {}).await.unwrap();
}
