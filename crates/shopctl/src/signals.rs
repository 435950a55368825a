//! Ctrl-C and SIGTERM: what the user wants to become of what CloudFormation is doing.

use std::sync::{Arc, Mutex, PoisonError};

use clap::ValueEnum;
use shopctl_core::names::StackName;
use shopctl_deploy::Interrupt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::display::{Sink, typed_line};
use crate::error::{CommandError, Kind};

/// Exit status of a process that was interrupted.
const INTERRUPTED: i32 = 130;

const ANSWERS: &str = "  Enter or Ctrl-C   leave it to its work; the next run waits for it
  c and Enter       cancel it: updates are rolled back, stacks in creation deleted
  g and Enter       go on";

/// What an interrupt means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Ask the person at the terminal.
    Ask,
    /// Leave CloudFormation to its work.
    Detach,
    /// Have CloudFormation undo its work.
    Cancel,
}

/// What an interrupt means, as the command line says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnInterrupt {
    /// CloudFormation goes on with what it is doing; a later run attaches to it.
    Detach,
    /// Updates are cancelled, and stacks in creation deleted.
    Cancel,
}

impl From<OnInterrupt> for Wish {
    fn from(said: OnInterrupt) -> Self {
        match said {
            OnInterrupt::Detach => Wish::Detach,
            OnInterrupt::Cancel => Wish::Cancel,
        }
    }
}

/// The signals that ask for an end. From [`Self::listen`] on, none ends the process by itself, and
/// one that comes between two waits is not lost.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one; whether it came from the keyboard.
    async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.interrupt.recv() => true,
            _ = self.terminate.recv() => false,
        }
    }
}

/// Watches for signals from now on until the task is aborted. Whatever was asked, the next signal
/// asks for less patience: cancel, detach, end the process.
pub(crate) fn watch(interrupt: Interrupt, sink: Arc<Mutex<Sink>>, wish: Wish) -> JoinHandle<()> {
    let signals = Signals::listen();
    tokio::spawn(async move {
        let Ok(mut signals) = signals else {
            return;
        };
        let say = |text: &str| {
            sink.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .reporter()
                .print(text);
        };
        let mut asked_to_cancel = false;
        loop {
            let from_keyboard = signals.next().await;
            let wish = match wish {
                _ if interrupt.is_cancelled() && !asked_to_cancel => {
                    std::process::exit(INTERRUPTED);
                }
                // The second signal of a run that cancels.
                _ if asked_to_cancel => Wish::Detach,
                // Where nothing runs there is nothing to choose, and only a person can.
                _ if interrupt.operations().is_empty() => Wish::Detach,
                Wish::Ask if !from_keyboard => Wish::Detach,
                wish => wish,
            };
            let answer = match wish {
                Wish::Ask => {
                    say(&question(&interrupt.operations()));
                    ask(&mut signals).await
                }
                wish => Some(wish),
            };
            match answer {
                Some(Wish::Cancel) => {
                    asked_to_cancel = true;
                    interrupt.cancel_stacks();
                    say("cancelling; interrupt again to leave CloudFormation to it");
                }
                Some(_) => {
                    asked_to_cancel = false;
                    interrupt.detach();
                }
                None => say("going on"),
            }
        }
    })
}

/// Does some work, unless a run is interrupted.
pub(crate) async fn unless_interrupted<T>(
    interrupt: &Interrupt,
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    tokio::select! {
        done = work => done,
        () = interrupt.cancelled() => Err(CommandError::interrupted()),
    }
}

/// Does what has to tidy up when it is `interrupt`ed, as a signal does it. Who asks again does not wait
/// for that.
pub(crate) async fn interrupting<T>(
    interrupt: &Interrupt,
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    let mut signals =
        Signals::listen().map_err(|error| CommandError::new(Kind::Failed, error, None))?;
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        _ = signals.next() => interrupt.detach(),
    }
    tokio::select! {
        _ = &mut work => {}
        _ = signals.next() => {}
    }
    Err(CommandError::interrupted())
}

/// Does what leaves nothing behind when it is dropped, unless the user wants an end: the programs that
/// it started end with it.
pub(crate) async fn unless_stopped<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    tokio::select! {
        done = work => done,
        () = stopped() => Err(CommandError::interrupted()),
    }
}

/// Returns once the user wants an end while nothing is at work.
pub(crate) async fn stopped() {
    match Signals::listen() {
        Ok(mut signals) => _ = signals.next().await,
        Err(_) => std::future::pending().await,
    }
}

fn question(stacks: &[StackName]) -> String {
    let stacks: Vec<&str> = stacks.iter().map(StackName::as_str).collect();
    format!(
        "CloudFormation is at work on {}.\n{ANSWERS}",
        stacks.join(", ")
    )
}

/// The answer of the person at the terminal; `None` is to go on.
async fn ask(signals: &mut Signals) -> Option<Wish> {
    tokio::select! {
        text = typed_line() => answer(&text),
        _ = signals.next() => Some(Wish::Detach),
    }
}

fn answer(text: &str) -> Option<Wish> {
    match text.trim().to_lowercase().as_str() {
        "c" | "cancel" => Some(Wish::Cancel),
        "g" | "go on" => None,
        // What was not understood must not undo anything.
        _ => Some(Wish::Detach),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use nix::sys::signal::{Signal, raise};
    use shopctl_report::Json;

    use super::*;

    #[tokio::test]
    async fn a_signal_that_comes_at_once_is_heard() {
        let interrupt = Interrupt::new();
        let sink = Arc::new(Mutex::new(Sink::Any(Box::new(Json::new(Vec::new())))));
        let watch = watch(interrupt.clone(), sink, Wish::Detach);
        // Nothing was polled since.
        raise(Signal::SIGTERM).unwrap();
        interrupt.cancelled().await;
        watch.abort();
    }

    #[test]
    fn only_a_clear_word_cancels() {
        assert_eq!(answer("c\n"), Some(Wish::Cancel));
        assert_eq!(answer("Cancel"), Some(Wish::Cancel));
        assert_eq!(answer("g\n"), None);
        for text in ["\n", "", "d", "cd", "what?"] {
            assert_eq!(answer(text), Some(Wish::Detach), "{text}");
        }
    }
}
