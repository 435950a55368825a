//! A process that runs: its output line by line, signals, and a limit to its time.

use std::fmt::Debug;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::Output;

/// A process that was started. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    command: String,
    begin: Instant,
    limit: Duration,
    lines: Receiver<String>,
    seen: String,
    stderr: Option<JoinHandle<String>>,
}

impl Process {
    /// Starts it in a process group of its own, as a shell does.
    pub(crate) fn spawn(mut command: Command, limit: Duration) -> Self {
        let text = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ");
        let begin = Instant::now();
        let mut child = command
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        let (sender, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stdout);
                loop {
                    let mut line = Vec::new();
                    match reader.read_until(b'\n', &mut line) {
                        Ok(1..) => {}
                        _ => return,
                    }
                    if sender
                        .send(String::from_utf8_lossy(&line).into_owned())
                        .is_err()
                    {
                        return;
                    }
                }
            });
        }
        let stderr = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = stderr.read_to_end(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            })
        });
        Self {
            child,
            command: text,
            begin,
            limit,
            lines,
            seen: String::new(),
            stderr,
        }
    }

    /// Its identifier.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard output; `None` when there is no more.
    #[track_caller]
    pub fn next_line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(self.left()) {
            Ok(line) => {
                self.seen.push_str(&line);
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => self.give_up(),
        }
    }

    /// Reads on until a line holds this; whether one did.
    #[track_caller]
    pub fn read_until(&mut self, part: &str) -> bool {
        while let Some(line) = self.next_line() {
            if line.contains(part) {
                return true;
            }
        }
        false
    }

    /// Signals it alone, as a supervisor does.
    pub fn signal(&self, signal: Signal) {
        // It may have ended by itself just now.
        let _ = kill(self.pid(), signal);
    }

    /// Signals it and what it has started, as Ctrl-C on a terminal does.
    pub fn signal_group(&self, signal: Signal) {
        let _ = killpg(self.pid(), signal);
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(mut self) -> Output {
        while self.next_line().is_some() {}
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                break status;
            }
            if self.left().is_zero() {
                self.give_up();
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        Output {
            command: std::mem::take(&mut self.command),
            status,
            took: self.begin.elapsed(),
            stdout: std::mem::take(&mut self.seen),
            stderr: self.take_stderr(),
        }
    }

    fn take_stderr(&mut self) -> String {
        self.stderr
            .take()
            .map(|thread| thread.join().unwrap_or_default())
            .unwrap_or_default()
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.begin.elapsed())
    }

    #[track_caller]
    fn give_up(&mut self) -> ! {
        self.signal_group(Signal::SIGKILL);
        let stderr = self.take_stderr();
        panic!(
            "`{}` did not end within {:?}\n--- stdout\n{}\n--- stderr\n{stderr}",
            self.command, self.limit, self.seen
        );
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal_group(Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

/// Asks again and again until the answer is there; fails the test after a while.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    eventually_right(what, || ask().ok_or("there is no answer"))
}

/// The same, saying what was wrong last.
#[track_caller]
pub fn eventually_right<T, E: Debug>(what: &str, mut ask: impl FnMut() -> Result<T, E>) -> T {
    let deadline = Instant::now() + Duration::from_secs(600);
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(wrong) => {
                assert!(
                    Instant::now() < deadline,
                    "waited in vain: {what}: {wrong:#?}"
                );
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
