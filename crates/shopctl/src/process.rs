//! Tells this process apart from all others of this machine, and whether another one is gone.
//!
//! Only where `/proc` says so; elsewhere nothing is known of processes.

use std::fs;

/// A text that no other process of this machine ever has, also after a restart or in another
/// container: start of the machine, namespace, number, start of the process.
pub(crate) fn mark() -> Option<String> {
    let pid = std::process::id();
    Some(format!("{} {pid} {}", place()?, started(pid)?))
}

/// Whether the process of that mark ran on this machine and no longer does. Of processes
/// elsewhere nothing is known, so they are not gone.
pub(crate) fn is_gone(mark: &str) -> bool {
    let here = place().unwrap_or_default();
    let process = mark.strip_prefix(&format!("{here} ")).unwrap_or_default();
    let Some((pid, start)) = process.split_once(' ') else {
        return false;
    };
    pid.parse()
        .is_ok_and(|pid| started(pid).as_deref() != Some(start))
}

/// This start of this machine, and the namespace that numbers of processes count in.
fn place() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

/// When a process began, in the kernel's ticks; `None` when it is gone or only waits to be
/// collected by its parent.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold spaces and brackets; what follows it does not.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    // The 22nd field of all, the 20th from the state on.
    fields.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_process_is_gone_once_it_ended_and_others_are_never_said_to_be() {
        let own = mark().unwrap();
        assert!(!is_gone(&own));
        assert!(!is_gone("another machine 1 2"));
        assert!(!is_gone(""));
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let pid = child.id();
        let mark = format!("{} {pid} {}", place().unwrap(), started(pid).unwrap());
        assert!(!is_gone(&mark));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_gone(&mark));
        // The number was given to another process since.
        let reused = format!("{} {} 1", place().unwrap(), std::process::id());
        assert!(is_gone(&reused));
    }
}
