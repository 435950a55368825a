//! Processes by id: whether one is still the one that was started, ending it, and what it left behind.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// A process that stays the same one: ids are used again, the pair with the start time is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    /// The process id.
    pub pid: u32,
    /// When it started, in the system's own words.
    pub started: String,
}

impl ProcessId {
    /// The process that has this id now. None when there is none.
    pub fn of(pid: u32) -> Option<Self> {
        start_mark(pid).map(|started| Self { pid, started })
    }

    /// Whether this very process still runs.
    pub fn runs(&self) -> bool {
        start_mark(self.pid).is_some_and(|mark| mark == self.started)
    }

    /// Ask it to end. Whether it was there to be asked.
    pub fn terminate(&self) -> bool {
        self.runs() && kill(id(self.pid), Signal::SIGTERM).is_ok()
    }

    /// End it now, with the processes of its group.
    pub fn kill(&self) {
        if self.runs() {
            // The instance leads a group of its own, in which its functions run.
            let _ = killpg(id(self.pid), Signal::SIGKILL);
            let _ = kill(id(self.pid), Signal::SIGKILL);
        }
    }

    /// Wait until it is gone. Whether it went in time.
    pub async fn wait_gone(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        while self.runs() {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }

    /// Wait until the group that it leads or led is gone too: who was killed with it takes a moment to give back its
    /// files and ports, and by then tells nobody its folder.
    pub async fn wait_group_gone(&self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        let is_another = || start_mark(self.pid).is_some_and(|mark| mark != self.started);
        while !is_another() && !is_empty(self.pid) && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn id(pid: u32) -> Pid {
    // Ids come from the system, which keeps them far below this bound; the bound itself is nobody's id.
    Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX))
}

/// Something that tells two processes with the same id apart; None for one that has ended, though not been reaped.
#[cfg(target_os = "linux")]
fn start_mark(pid: u32) -> Option<String> {
    living(pid).map(|living| living.started)
}

#[cfg(target_os = "linux")]
struct Living {
    group: u32,
    started: String,
}

#[cfg(target_os = "linux")]
fn living(pid: u32) -> Option<Living> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // The first thread may end before the others, which hold files and ports as long as they are there.
    let has_ended = matches!(*fields.first()?, "Z" | "X") && threads(pid) <= 1;
    (!has_ended).then_some(Living {
        group: fields.get(2)?.parse().ok()?,
        started: (*fields.get(19)?).to_owned(),
    })
}

#[cfg(target_os = "linux")]
fn threads(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}

#[cfg(target_os = "linux")]
fn is_empty(group: u32) -> bool {
    !processes().any(|pid| living(pid).is_some_and(|living| living.group == group))
}

#[cfg(not(target_os = "linux"))]
fn is_empty(group: u32) -> bool {
    killpg(id(group), None).is_err()
}

#[cfg(not(target_os = "linux"))]
fn start_mark(pid: u32) -> Option<String> {
    let output = std::process::Command::new("ps")
        .args(["-o", "state=,lstart=", "-p", &pid.to_string()])
        .env("LC_ALL", "C")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (state, start) = text.trim().split_once(' ')?;
    (!state.starts_with('Z')).then(|| start.trim().to_owned())
}

/// End the processes whose program or working folder lies below `folder`, and wait until they are gone: functions that
/// outlived their server.
pub async fn kill_below(folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(2);
    loop {
        let left = below(folder);
        for pid in &left {
            let _ = kill(id(*pid), Signal::SIGKILL);
        }
        if left.is_empty() || Instant::now() >= deadline {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The ids of all processes. None where the system does not tell.
fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The processes whose program or working folder lies below `folder`. Empty where the system does not tell.
pub fn below(folder: &Path) -> Vec<u32> {
    let Ok(folder) = folder.canonicalize() else {
        return Vec::new();
    };
    processes()
        .filter(|pid| {
            ["exe", "cwd"].iter().any(|link| {
                fs::read_link(format!("/proc/{pid}/{link}"))
                    .is_ok_and(|path| path.starts_with(&folder))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn a_recycled_id_is_another_process() {
        let me = ProcessId::of(std::process::id()).unwrap();
        assert!(me.runs());
        let earlier = ProcessId {
            started: "1".into(),
            ..me
        };
        assert!(!earlier.runs());
        assert!(
            !earlier.terminate(),
            "another process must not be signalled"
        );
    }

    #[tokio::test]
    async fn a_process_that_ended_does_not_run_even_before_it_is_reaped() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = ProcessId::of(child.id()).unwrap();
        assert!(!process.wait_gone(Duration::from_millis(30)).await);
        assert!(process.terminate());
        assert!(process.wait_gone(Duration::from_secs(5)).await);
        child.wait().unwrap();
        assert_eq!(ProcessId::of(process.pid), None);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_group_is_gone_when_its_last_thread_has_ended() {
        use std::os::unix::process::CommandExt;
        let exit = if cfg!(target_arch = "x86_64") { 60 } else { 93 };
        let script = format!(
            "import ctypes, threading, time\n\
             threading.Thread(target=time.sleep, args=(60,)).start()\n\
             ctypes.CDLL(None).syscall({exit}, 0)"
        );
        let mut leader = Command::new("sleep");
        let mut leader = leader.arg("60").process_group(0).spawn().unwrap();
        let process = ProcessId::of(leader.id()).unwrap();
        let mut member = Command::new("python3");
        member.args(["-c", &script]);
        let group = i32::try_from(leader.id()).unwrap();
        let mut member = member.process_group(group).spawn().unwrap();
        let stat = format!("/proc/{}/stat", member.id());
        while !fs::read_to_string(&stat).unwrap().contains(") Z ") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        kill(id(leader.id()), Signal::SIGKILL).unwrap();
        leader.wait().unwrap();

        let gone = process.wait_group_gone(Duration::from_secs(60));
        let gone = tokio::time::timeout(Duration::from_millis(50), gone).await;
        assert!(gone.is_err(), "a thread of it is left");
        assert!(!process.runs());
        killpg(id(process.pid), Signal::SIGKILL).unwrap();
        process.wait_group_gone(Duration::from_secs(60)).await;
        assert!(is_empty(process.pid), "nobody has reaped it yet");
        member.wait().unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn processes_are_found_by_the_folder_they_work_in() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new("sleep")
            .arg("60")
            .current_dir(&folder)
            .spawn()
            .unwrap();
        assert_eq!(below(folder.path()), [child.id()]);
        kill_below(folder.path()).await;
        assert!(!child.wait().unwrap().success());
        assert!(below(folder.path()).is_empty());
    }
}
