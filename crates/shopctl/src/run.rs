//! A run: its events are numbered and shown in one place, and the user can stop it.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use shopctl_core::event::{Command, Event, Numbered, Outcome, Phase, VERSION};
use shopctl_core::names::EnvironmentName;
use shopctl_core::timings::Timings;
use shopctl_deploy::{EventSender, Interrupt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::display::{Display, Sink};
use crate::error::CommandError;
use crate::origin;
use crate::signals::{self, OnInterrupt, Wish};

/// Spinners turn this often.
const TICK: Duration = Duration::from_millis(100);

/// A run that is going on.
pub(crate) struct Run {
    /// Its identifier: sorts by time, and is short enough for change set names.
    pub(crate) id: String,
    pub(crate) started: DateTime<Utc>,
    pub(crate) cancel: Interrupt,
    pub(crate) events: EventSender,
    timings: Arc<Mutex<Timings>>,
    sink: Arc<Mutex<Sink>>,
    pump: JoinHandle<()>,
    signals: JoinHandle<()>,
}

impl Run {
    /// Begins a run and sends its first event. An interrupt is what was said on the command line, if
    /// anything was.
    pub(crate) fn start(
        display: &Display,
        sources: impl Fn(&str) -> Option<String> + Send + 'static,
        command: Command,
        project: &str,
        environment: &EnvironmentName,
        on_interrupt: Option<OnInterrupt>,
    ) -> Self {
        let started = Utc::now();
        let id = next_id();
        let (sender, receiver) = mpsc::unbounded_channel();
        let sink = Arc::new(Mutex::new(display.reporter(sources)));
        let pump = tokio::spawn(pump(receiver, sink.clone()));
        let timings = Arc::new(Mutex::new(Timings::default()));
        let begin = Instant::now();
        let events = EventSender::new(sender).observed_by({
            let timings = timings.clone();
            move |event| {
                let mut timings = timings.lock().unwrap_or_else(PoisonError::into_inner);
                timings.observe(event, elapsed_ms(begin));
            }
        });
        let cancel = Interrupt::new();
        let wish = on_interrupt.map_or_else(|| wish(display, command), Wish::from);
        let signals = signals::watch(cancel.clone(), sink.clone(), wish);
        events.send(Event::RunStarted {
            run: id.clone(),
            command,
            project: project.to_owned(),
            environment: environment.clone(),
        });
        Self {
            id,
            started,
            cancel,
            events,
            timings,
            sink,
            pump,
            signals,
        }
    }

    /// What took how long, up to now.
    pub(crate) fn timings(&self) -> Timings {
        self.timings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Does a phase before the plan, with its events. Stops when the user interrupts.
    pub(crate) async fn phase<T>(
        &self,
        phase: Phase,
        work: impl Future<Output = Result<(T, String), CommandError>>,
    ) -> Result<T, CommandError> {
        self.events.send(Event::PhaseStarted { phase });
        let (value, summary) = self.unless_interrupted(work).await?;
        self.events.send(Event::PhaseFinished { phase, summary });
        Ok(value)
    }

    /// Does some work, unless the user interrupts.
    pub(crate) async fn unless_interrupted<T>(
        &self,
        work: impl Future<Output = Result<T, CommandError>>,
    ) -> Result<T, CommandError> {
        signals::unless_interrupted(&self.cancel, work).await
    }

    /// Shows text as it is.
    pub(crate) fn print(&self, text: &str) {
        self.sink
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .reporter()
            .print(text);
    }

    /// Ends the run with its last event, and waits until all was shown.
    pub(crate) async fn finish(self, last: Event) {
        self.signals.abort();
        self.events.send(last);
        drop(self.events);
        // The channel is closed, so the pump ends once it is drained.
        let _ = self.pump.await;
        let summary = self
            .sink
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .job_summary();
        if let (Some(summary), Some(path)) = (summary, std::env::var_os("GITHUB_STEP_SUMMARY")) {
            use std::io::Write;
            let file = std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(path);
            // A summary that cannot be written must not fail a deploy that worked.
            let _ = file.and_then(|mut file| file.write_all(summary.as_bytes()));
        }
    }
}

fn elapsed_ms(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The event stream of a run that could not begin: its last event alone.
pub(crate) fn finished_early(error: &CommandError) -> String {
    let last = Numbered {
        version: VERSION,
        sequence: 1,
        elapsed_ms: 0,
        event: Event::RunFinished {
            outcome: Outcome::Failed,
            exit_code: error.kind.exit_code(),
            urls: BTreeMap::new(),
            left: Vec::new(),
            errors: vec![error.one_line()],
        },
    };
    // An event is plain data, which always serialises.
    serde_json::to_string(&last).unwrap_or_default()
}

/// What an interrupt is when the command line says nothing: a question to whoever sits
/// before the terminal, as far as there is a choice.
fn wish(display: &Display, command: Command) -> Wish {
    if display.interactive && std::io::stdin().is_terminal() && command != Command::Teardown {
        Wish::Ask
    } else {
        Wish::Detach
    }
}

/// The identifier of a run that does not begin before its role was taken on, whose session
/// is named after it.
static ANNOUNCED: Mutex<Option<String>> = Mutex::new(None);

fn announced() -> MutexGuard<'static, Option<String>> {
    ANNOUNCED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The identifier that the next run will have.
pub(crate) fn announced_id() -> String {
    announced().get_or_insert_with(new_id).clone()
}

/// The identifier of a run that begins. A process may have several.
pub(crate) fn next_id() -> String {
    announced().take().unwrap_or_else(new_id)
}

/// Identifiers sort as the runs began. Runs that begin at the same moment differ by chance:
/// in containers, numbers of processes are alike.
fn new_id() -> String {
    format!(
        "{}-{}",
        Utc::now().format("%Y%m%dT%H%M%S%3fZ"),
        &origin::nonce()[..6]
    )
}

async fn pump(mut receiver: mpsc::UnboundedReceiver<Event>, sink: Arc<Mutex<Sink>>) {
    let begin = Instant::now();
    let mut sequence = 0;
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let event = tokio::select! {
            biased;
            event = receiver.recv() => match event {
                Some(event) => Some(event),
                None => return,
            },
            _ = ticks.tick() => None,
        };
        let elapsed_ms = elapsed_ms(begin);
        let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Some(event) => {
                sequence += 1;
                sink.reporter().report(&Numbered {
                    version: VERSION,
                    sequence,
                    elapsed_ms,
                    event,
                });
            }
            None => sink.reporter().tick(elapsed_ms),
        }
    }
}
