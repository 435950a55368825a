#![allow(clippy::unwrap_used, reason = "tests")]
use super::packages::package_names;
use super::*;

fn program(folder: &Path, name: &str, script: &str) {
    let file = folder.join(name);
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A machine with an apt-get that has no package lists until it is told to get some, and a dpkg that "unpacks".
const APT: &str = r#"
echo "$*" >> "${0%/*}/calls"
case "$*" in
  *update*) touch "${0%/*}/updated" ;;
  *print-uris*) [ -e "${0%/*}/updated" ] || { echo 'E: Unable to locate package' >&2; exit 100; }
    echo "'http://deb/l.deb' libaio1_0.3_amd64.deb 1 SHA256:1"
    echo "'http://deb/m.deb' mariadb-server-core_1%3a10.11_amd64.deb 1 SHA256:2" ;;
  *download*) echo libaio1 > libaio1_0.3_amd64.deb; echo core > mariadb-server-core_1_amd64.deb ;;
esac"#;
const DPKG: &str = r#"
case "$2" in
  *core*) mkdir -p "$3/usr/sbin" "$3/usr/share/mysql"; cp "$0" "$3/usr/sbin/mariadbd"
    touch "$3/usr/share/mysql/mysql_system_tables.sql" ;;
  *) mkdir -p "$3/usr/lib/x86_64-linux-gnu" ;;
esac"#;

fn machine(apt: &str) -> (tempfile::TempDir, Folders, OsString) {
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    program(&bin, "apt-get", apt);
    program(&bin, "dpkg", DPKG);
    let folders = Folders::below(home.path());
    let path = format!("{}:/usr/bin:/bin", bin.display()).into();
    (home, folders, path)
}

fn calls(home: &tempfile::TempDir) -> usize {
    let calls = fs::read_to_string(home.path().join("bin/calls")).unwrap();
    calls.lines().count()
}

#[tokio::test]
async fn a_machine_without_package_lists_gets_the_server_once() {
    let (home, folders, path) = machine(APT);
    if MariaDb::find(&folders, &path).is_some() {
        return; // this machine has one of its own
    }
    let first = MariaDb::ensure(&folders, &path, &mut |_| ()).await.unwrap();
    assert!(first.server.is_file());
    assert!(
        first.libraries().to_string_lossy().ends_with("-linux-gnu"),
        "{first:?}"
    );
    let before = calls(&home);
    let second = MariaDb::ensure(&folders, &path, &mut |_| ()).await.unwrap();
    assert_eq!((&second, calls(&home)), (&first, before), "it is there");

    fs::remove_file(&first.server).unwrap();
    MariaDb::ensure(&folders, &path, &mut |_| ()).await.unwrap();
    assert!(first.server.is_file(), "a broken one is fetched anew");
    let left = fs::read_dir(folders.tools()).unwrap().flatten();
    let left = left.filter(|e| e.file_name().to_string_lossy().starts_with(".inst"));
    assert_eq!(left.count(), 0, "nothing half done is left");
}

#[tokio::test]
async fn what_cannot_be_fetched_is_told_with_the_command_that_installs_it() {
    let (_home, folders, path) = machine("echo 'E: no network' >&2; exit 100");
    if MariaDb::find(&folders, &path).is_some() {
        return;
    }
    let error = MariaDb::ensure(&folders, &path, &mut |_| ())
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("E: no network"), "{text}");
    insta::assert_snapshot!(error.hint().unwrap(), @"sudo apt-get install mariadb-server-core (or brew install mariadb), then run the command again");
    let error = MariaDb::ensure(&folders, "/none".as_ref(), &mut |_| ())
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"no MariaDB server for the project's databases: mariadbd is not on the PATH, and its packages cannot be fetched: apt-get and dpkg, which would fetch it, are not there either");
}

#[test]
fn names_of_packages_are_read_from_what_apt_prints() {
    let uris = "'http://d/libaio1_0.3.113-4_amd64.deb' libaio1_0.3.113-4_amd64.deb 13384 SHA256:8\n\
                    'http://d/m.deb' mariadb-server-core_1%3a10.11.19-0+deb12u1_amd64.deb 7342456 SHA256:4\n";
    assert_eq!(package_names(uris), ["libaio1", "mariadb-server-core"]);
    assert_eq!(package_names("\nE: Unable"), Vec::<String>::new());
}
