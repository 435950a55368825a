//! `cargo xtask`: installs what the tests need and runs them, locally as in CI.
//!
//! It is the one place that knows the order of checks; `.ci/run` only calls it.

// Checkouts share a folder for intermediate files (see `.cargo/config.toml`). Naming the
// checkout makes cargo compile this crate, and all that depend on it, anew for each of them.
const _: Option<&str> = option_env!("SHOPCTL_CHECKOUT");

mod disk;
mod steps;
mod tools;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  test          everything below, in this order; installs what is missing
  lint          rustfmt, clippy, cargo-deny, ESLint
  unit          tests of the crates, handlers and the site's code
  templates     `shopctl lint` over the templates of every environment
  e2e           the real binary against the real local cloud, then a browser

  --skip STEP   leave a step out (repeatable)
";

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

type Step = (&'static str, fn() -> Result<()>);

const STEPS: [Step; 4] = [
    ("lint", steps::lint),
    ("unit", steps::unit),
    ("templates", steps::templates),
    ("e2e", steps::e2e),
];

fn run(arguments: &[String]) -> Result<()> {
    let mut skipped = Vec::new();
    let mut wanted = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--skip" => match rest.next() {
                Some(step) => skipped.push(step.as_str()),
                None => bail!("--skip needs the name of a step\n\n{HELP}"),
            },
            "--help" | "-h" | "help" => {
                print!("{HELP}");
                return Ok(());
            }
            name if wanted.is_none() => wanted = Some(name),
            extra => bail!("unexpected '{extra}'\n\n{HELP}"),
        }
    }
    let Some(wanted) = wanted else {
        bail!("which?\n\n{HELP}")
    };
    let known = |name: &str| STEPS.iter().any(|(step, _)| *step == name);
    if let Some(step) = skipped.iter().find(|step| !known(step)) {
        bail!("there is no step '{step}'\n\n{HELP}");
    }
    if wanted != "test" && !known(wanted) {
        bail!("there is no command '{wanted}'\n\n{HELP}");
    }
    std::env::set_current_dir(tools::root())?;
    let begin = Instant::now();
    if wanted == "test" {
        disk::make_room()?;
    }
    for (name, step) in STEPS {
        if (wanted == "test" || wanted == name) && !skipped.contains(&name) {
            eprintln!("== {name}");
            let begin = Instant::now();
            step()?;
            eprintln!("== {name} done in {} s", begin.elapsed().as_secs());
        }
    }
    eprintln!("== all done in {} s", begin.elapsed().as_secs());
    Ok(())
}
