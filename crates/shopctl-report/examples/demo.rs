//! Replays a recorded run in its own time, to look at what users see:
//!
//! ```text
//! cargo run -p shopctl-report --example demo -- first_deploy terminal
//! cargo run -p shopctl-report --example demo -- failing_deploy github
//! ```
//!
//! Forms: `terminal`, `ascii`, `plain`, `json`, `github`. A third argument is the speed.

#[path = "../tests/streams/mod.rs"]
mod streams;

use std::io::{self, IsTerminal, stdout};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use console::Term;
use shopctl_report::{Appearance, GitHub, Json, Plain, Reporter, Terminal};

const TICK_MS: u64 = 100;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("", String::as_str);
    let form = arguments.get(1).map_or("terminal", String::as_str);
    let speed: f64 = arguments
        .get(2)
        .and_then(|speed| speed.parse().ok())
        .unwrap_or(1.0);
    let Some((_, stream)) = streams::ALL.iter().find(|(stream, _)| *stream == name) else {
        let names: Vec<&str> = streams::ALL.iter().map(|(name, _)| *name).collect();
        eprintln!("which run? There is: {}", names.join(", "));
        return ExitCode::from(4);
    };
    let colour = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let unicode = form != "ascii";
    let width = Term::stdout().size().1.into();
    let appearance = Appearance {
        width,
        colour,
        unicode,
    };
    let mut reporter: Box<dyn Reporter> = match form {
        "plain" => Box::new(Plain::new(stdout(), appearance, streams::source)),
        "json" => Box::new(Json::new(stdout())),
        "github" => Box::new(GitHub::new(stdout(), appearance, streams::source)),
        _ => {
            let terminal = Term::buffered_stdout();
            Box::new(Terminal::new(terminal, appearance, streams::source))
        }
    };
    replay(&stream(), reporter.as_mut(), speed);
    ExitCode::SUCCESS
}

fn replay(events: &[shopctl_core::event::Numbered], reporter: &mut dyn Reporter, speed: f64) {
    let mut now = 0;
    let _ = io::Write::flush(&mut stdout());
    for event in events {
        while now + TICK_MS < event.elapsed_ms {
            now += TICK_MS;
            sleep(Duration::from_millis(TICK_MS).div_f64(speed));
            reporter.tick(now);
        }
        reporter.report(event);
    }
}
