//! Recorded runs in every form, as users see them. After a change on purpose, look at the
//! snapshots and at `cargo run -p shopctl-report --example demo -- first_deploy`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod streams;

use std::io::{self, Write};

use console::{measure_text_width, strip_ansi_codes};
use indicatif::InMemoryTerm;
use insta::assert_snapshot;
use shopctl_core::event::{Event, Numbered};
use shopctl_report::{Appearance, GitHub, Json, Plain, Reporter, Terminal};

const UNICODE: Appearance = Appearance {
    width: 80,
    colour: false,
    unicode: true,
};

/// Rarer than in life: a frame is a function of the moment, not of those before it.
const TICK_MS: u64 = 500;

fn replay(events: &[Numbered], reporter: &mut impl Reporter) {
    let mut now = 0;
    for event in events {
        while now + TICK_MS < event.elapsed_ms {
            now += TICK_MS;
            reporter.tick(now);
        }
        reporter.report(event);
    }
}

/// What stands on the terminal after the events up to `until`.
fn screen(events: &[Numbered], size: (u16, u16), appearance: Appearance, until: u64) -> String {
    let terminal = InMemoryTerm::new(size.1, size.0);
    let mut reporter = Terminal::new(terminal.clone(), appearance, streams::source);
    let events: Vec<Numbered> = events
        .iter()
        .filter(|event| event.elapsed_ms <= until)
        .cloned()
        .collect();
    replay(&events, &mut reporter);
    if until < u64::MAX {
        reporter.tick(until);
    }
    terminal.contents()
}

fn plain(events: &[Numbered], appearance: Appearance) -> String {
    let mut written = Vec::new();
    replay(
        events,
        &mut Plain::new(&mut written, appearance, streams::source),
    );
    String::from_utf8(written).unwrap()
}

fn json(events: &[Numbered]) -> String {
    let mut written = Vec::new();
    replay(events, &mut Json::new(&mut written));
    String::from_utf8(written).unwrap()
}

#[test]
fn the_terminal_at_the_end() {
    for (name, stream) in streams::ALL {
        for width in [80, 120] {
            let text = screen(&stream(), (width, 100), UNICODE, u64::MAX);
            assert_snapshot!(format!("terminal_{width}_{name}"), text);
        }
    }
}

#[test]
fn the_terminal_on_the_way() {
    let moments = [
        ("installing", 2_000),
        ("compiling", 12_000),
        ("planned", 23_500),
        ("uploading", 24_550),
        ("stacks", 28_000),
        ("waiting_for_the_slowest", 38_000),
    ];
    for (name, moment) in moments {
        for width in [80, 120] {
            let text = screen(&streams::first_deploy(), (width, 40), UNICODE, moment);
            assert_snapshot!(format!("moment_{width}_{name}"), text);
        }
    }
    let text = screen(&streams::failing_deploy(), (80, 40), UNICODE, 9_000);
    assert_snapshot!("moment_80_rolling_back", text);
    let text = screen(&streams::update(), (80, 40), UNICODE, 3500);
    assert_snapshot!("moment_80_estimate", text);
}

#[test]
fn a_small_or_ascii_terminal() {
    assert_snapshot!(
        "terminal_40_failing_deploy",
        screen(&streams::failing_deploy(), (40, 100), UNICODE, u64::MAX)
    );
    assert_snapshot!(
        "terminal_ascii_interrupted",
        screen(
            &streams::interrupted(),
            (80, 100),
            Appearance::plain(80),
            u64::MAX
        )
    );
    // Ten rows: what is running stays in sight.
    assert_snapshot!(
        "terminal_10_rows",
        screen(&streams::first_deploy(), (80, 10), UNICODE, 28_000)
    );
}

#[test]
fn plain_lines() {
    for (name, stream) in streams::ALL {
        assert_snapshot!(
            format!("plain_{name}"),
            plain(&stream(), Appearance::plain(100))
        );
    }
}

#[test]
fn json_lines() {
    for (name, stream) in streams::ALL {
        assert_snapshot!(format!("json_{name}"), json(&stream()));
    }
}

#[test]
fn github_log_and_job_summary() {
    for name in ["first_deploy", "failing_deploy", "teardown_with_leftovers"] {
        let (_, stream) = streams::ALL
            .iter()
            .find(|(stream, _)| *stream == name)
            .unwrap();
        let mut written = Vec::new();
        let mut reporter = GitHub::new(&mut written, UNICODE, streams::source);
        replay(&stream(), &mut reporter);
        let summary = reporter.job_summary();
        drop(reporter);
        assert_snapshot!(
            format!("github_{name}"),
            String::from_utf8(written).unwrap()
        );
        assert_snapshot!(format!("job_summary_{name}"), summary);
    }
}

#[test]
fn no_line_is_wider_than_the_terminal_unless_it_holds_something_to_copy() {
    for (name, stream) in streams::ALL {
        for width in [40, 41, 47, 59, 60, 61, 79, 80, 81, 109, 110, 111, 130] {
            let terminal = Recorded::new(width);
            let mut reporter = Terminal::new(terminal.clone(), UNICODE, streams::source);
            replay(&stream(), &mut reporter);
            for line in terminal.lines() {
                let copied = line.contains("://")
                    || line.contains("/aws/lambda")
                    || line.contains("shop-local-orders-Table");
                assert!(
                    copied || measure_text_width(&line) <= usize::from(width),
                    "{name} at {width}: {line:?}"
                );
            }
        }
    }
}

#[test]
fn absurd_sizes_do_not_break_it() {
    for (_, stream) in streams::ALL {
        for (columns, rows) in [(1, 1), (5, 2), (20, 3), (500, 200)] {
            let terminal = Recorded {
                rows,
                ..Recorded::new(columns)
            };
            replay(
                &stream(),
                &mut Terminal::new(terminal, UNICODE, streams::source),
            );
        }
        assert!(plain(&stream(), Appearance::plain(0)).contains("shop"));
    }
}

#[test]
fn colour_changes_no_text() {
    let coloured = Appearance {
        colour: true,
        ..UNICODE
    };
    for (name, stream) in streams::ALL {
        let plain_text = plain(&stream(), UNICODE);
        let coloured_text = plain(&stream(), coloured);
        assert!(!plain_text.contains('\u{1b}'), "{name}");
        assert!(coloured_text.contains('\u{1b}'), "{name}");
        assert_eq!(strip_ansi_codes(&coloured_text), plain_text, "{name}");
        assert_eq!(
            screen(&stream(), (100, 100), coloured, u64::MAX),
            screen(&stream(), (100, 100), UNICODE, u64::MAX),
            "{name}"
        );
    }
}

#[test]
fn plain_lines_never_move_the_cursor() {
    for (name, stream) in streams::ALL {
        let text = plain(&stream(), UNICODE);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{name}");
    }
}

#[test]
fn text_of_others_stands_above_the_live_rows_and_is_not_touched() {
    let terminal = InMemoryTerm::new(30, 80);
    let mut reporter = Terminal::new(terminal.clone(), UNICODE, streams::source);
    let events = streams::failing_build();
    let (last, before) = events.split_last().unwrap();
    replay(before, &mut reporter);
    reporter.print("error[E0425]: cannot find value `x`\n --> src/main.rs:1:1\n");
    reporter.tick(2000);
    assert_snapshot!(terminal.contents(), @"
    Deploying shop to local

      ✓ Local cloud        0.2s  running on port 4566
    error[E0425]: cannot find value `x`
     --> src/main.rs:1:1
      ⠋ Build              1.8s  ━━━━━━━━━━━━━━╸─   11/12  products
    ");
    reporter.report(last);
    assert!(
        terminal
            .contents()
            .contains("\n --> src/main.rs:1:1\n  ✗ Build")
    );
}

#[test]
fn silence_is_broken_by_what_is_still_running() {
    let mut events = streams::first_deploy();
    // The site's distribution takes its time.
    events.retain(|event| event.elapsed_ms < 40_000);
    let mut written = Vec::new();
    let mut reporter = Plain::new(&mut written, Appearance::plain(100), streams::source);
    replay(&events, &mut reporter);
    for seconds in 40..130 {
        reporter.tick(seconds * 1000);
    }
    drop(reporter);
    let text = String::from_utf8(written).unwrap();
    let heartbeats: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("still at work"))
        .collect();
    assert_snapshot!(heartbeats.join("\n"), @"
    [ 1m 08s] still at work: site (Distribution for 40.1s)
    [ 1m 38s] still at work: site (Distribution for 1m 10s)
    [ 2m 08s] still at work: site (Distribution for 1m 40s)
    ");
}

#[test]
fn every_line_of_json_is_a_document_and_the_last_tells_the_end() {
    for (name, stream) in streams::ALL {
        let text = json(&stream());
        let documents: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(documents[0]["type"], "run_started", "{name}");
        assert_eq!(documents.last().unwrap()["type"], "run_finished", "{name}");
        for (sequence, document) in (1..).zip(&documents) {
            assert_eq!(document["sequence"], sequence, "{name}");
        }
    }
}

/// A reader that goes away after some bytes.
struct Closing {
    left: usize,
}

impl Write for Closing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = bytes.len().min(self.left);
        self.left -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_goes_away_stops_nothing() {
    let events = streams::failing_deploy();
    for left in [0, 1, 500, 5000] {
        replay(&events, &mut Json::new(Closing { left }));
        replay(
            &events,
            &mut Plain::new(Closing { left }, UNICODE, streams::source),
        );
        let mut github = GitHub::new(Closing { left }, UNICODE, streams::source);
        replay(&events, &mut github);
        assert!(
            github.job_summary().contains("OrderQueue"),
            "the summary does not need a reader"
        );
    }
    let terminal = Recorded::new(80);
    terminal.close();
    replay(
        &events,
        &mut Terminal::new(terminal, UNICODE, streams::source),
    );
}

#[test]
fn a_service_cannot_steer_terminal_or_workflow() {
    let mut events = streams::failing_deploy();
    for event in &mut events {
        if let Event::StackFailed { failure, .. } = &mut event.event {
            failure.reason = "a\u{1b}[2Jb\n::stop-commands::c\r\u{7}d".to_owned();
        }
    }
    let text = plain(&events, UNICODE);
    assert!(
        text.chars().all(|c| c == '\n' || !c.is_control()),
        "{text:?}"
    );
    let mut written = Vec::new();
    replay(
        &events,
        &mut GitHub::new(&mut written, UNICODE, streams::source),
    );
    let log = String::from_utf8(written).unwrap();
    let commands = log
        .lines()
        .filter(|line| line.trim_start().starts_with("::"));
    let known = ["::group::", "::endgroup::", "::error ", "::warning "];
    for command in commands {
        assert!(
            known.iter().any(|known| command.starts_with(known)),
            "{command}"
        );
    }
}

/// A terminal that remembers each line that was written to stay, and each live one.
#[derive(Debug, Clone)]
struct Recorded {
    width: u16,
    rows: u16,
    state: std::sync::Arc<std::sync::Mutex<(Vec<String>, bool)>>,
}

impl Recorded {
    fn new(width: u16) -> Self {
        Self {
            width,
            rows: 30,
            state: std::sync::Arc::default(),
        }
    }

    fn lines(&self) -> Vec<String> {
        self.state.lock().unwrap().0.clone()
    }

    fn close(&self) {
        self.state.lock().unwrap().1 = true;
    }

    fn record(&self, text: &str) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if state.1 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        state.0.push(text.to_owned());
        Ok(())
    }
}

impl indicatif::TermLike for Recorded {
    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.rows
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.record(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.record(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
