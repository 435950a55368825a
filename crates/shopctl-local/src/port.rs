//! Loopback ports: which are free, which one an instance gets, who holds one that is taken.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};

/// Ports for instances: below the range that systems give to outgoing connections, above the well-known ones.
const FIRST: u16 = 20000;
const LAST: u16 = 29999;

/// Who listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// Its command line.
    pub command: String,
    /// The project whose local cloud it is, if it is one.
    pub project: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.project {
            Some(project) => write!(f, "the local cloud of {project} (process {})", self.pid),
            None => write!(f, "process {} ({})", self.pid, self.command),
        }
    }
}

/// Whether the port can be listened on.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A free port for the instance `name`: the same one every time where possible, so that addresses in bookmarks and a
/// browser's stored log-ins keep working. Ports that `others` remember as theirs are left to them.
pub fn choose(name: &str, others: &BTreeSet<u16>) -> Option<u16> {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(name.as_bytes());
    let seed = u16::from_le_bytes([digest[0], digest[1]]);
    let count = LAST - FIRST + 1;
    (0..count)
        .map(|step| FIRST + (seed % count + step) % count)
        .find(|port| !others.contains(port) && is_free(*port))
}

/// The bounds of [`choose`], for messages.
pub const RANGE: (u16, u16) = (FIRST, LAST);

/// Who listens on the port. None where that cannot be found out (another user's process, another system).
pub fn holder(port: u16) -> Option<Holder> {
    let inodes: BTreeSet<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .flat_map(|table| listening_inodes(&table, port))
        .collect();
    if inodes.is_empty() {
        return None;
    }
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(files) = fs::read_dir(entry.path().join("fd")) else {
            continue;
        };
        let holds = files.flatten().any(|file| {
            fs::read_link(file.path()).is_ok_and(|target| {
                target
                    .to_string_lossy()
                    .strip_prefix("socket:[")
                    .and_then(|rest| rest.strip_suffix(']'))
                    .is_some_and(|inode| inodes.contains(inode))
            })
        });
        if holds {
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            return Some(Holder {
                pid,
                command: shorten(command.trim(), 80),
                project: None,
            });
        }
    }
    None
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// The socket inodes that listen on the port, from the kernel's table.
fn listening_inodes(table: &str, port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let wanted = format!(":{port:04X}");
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
            (local.ends_with(&wanted) && *state == LISTEN).then(|| (*inode).to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_same_name_gets_the_same_port_unless_that_is_taken() {
        let none = BTreeSet::new();
        let port = choose("shop-1", &none).unwrap();
        assert!((FIRST..=LAST).contains(&port));
        assert_eq!(choose("shop-1", &none), Some(port));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let second = choose("shop-1", &none).unwrap();
        assert_ne!(second, port);
        drop(listener);
        assert_ne!(
            choose("shop-1", &[port].into()).unwrap(),
            port,
            "another instance's port is left to it"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_holds_a_port_is_found() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!is_free(port));
        let holder = holder(port).unwrap();
        assert_eq!(holder.pid, std::process::id());
        assert!(
            holder
                .to_string()
                .starts_with(&format!("process {} (", holder.pid)),
            "{holder}"
        );
        drop(listener);
        assert_eq!(super::holder(port), None);
    }

    #[test]
    fn only_listening_sockets_count() {
        let table = "  sl  local_address rem_address   st tx rx tr tm retrnsmt   uid  timeout inode\n\
                     0: 0100007F:4E20 00000000:0000 0A 0:0 00:0 0 0 0 111 1\n\
                     1: 0100007F:4E20 0100007F:9999 01 0:0 00:0 0 0 0 222 1\n\
                     2: 00000000:4E21 00000000:0000 0A 0:0 00:0 0 0 0 333 1\n\
                     broken line";
        assert_eq!(listening_inodes(table, 20000), ["111"]);
    }
}
