//! `shopctl`: deploys serverless applications to AWS.
//!
//! This crate is the wiring: command line, settings, which phases run in which order,
//! and how an error becomes a hint and an exit code. The work is done by the crates below it.

mod checkers;
mod cli;
mod commands;
mod display;
mod duration;
mod error;
mod guard;
mod hooks;
mod interrupt;
mod keep;
mod lock;
mod origin;
mod prepare;
mod probe;
mod process;
mod run;
mod session;
mod settings;
mod signals;
mod variables;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::signals::unless_stopped;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            // Help goes to standard output, errors to standard error; a closed pipe is no failure.
            let _ = told.print();
            return ExitCode::from(if told.use_stderr() {
                Kind::Input.exit_code()
            } else {
                0
            });
        }
    };
    let display = Display::resolve(&cli.global);
    let result = dispatch(&cli, &display).await;
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let is_run = matches!(cli.command, Command::Deploy(_) | Command::Teardown(_));
            if display.json && is_run && !error.reported {
                display.result(&run::finished_early(&error));
            }
            display.error(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

async fn dispatch(cli: &Cli, display: &Display) -> Result<u8, CommandError> {
    let global = &cli.global;
    if global.output == cli::Output::Markdown && !matches!(cli.command, Command::Plan(_)) {
        return Err(CommandError::message(
            Kind::Input,
            "only `shopctl plan` writes Markdown",
            Some("say --output text or --output json".to_owned()),
        ));
    }
    match &cli.command {
        Command::Deploy(arguments) => commands::deploy::run(global, arguments, display).await,
        Command::Plan(arguments) => commands::plan::run(global, arguments, display).await,
        Command::Watch(arguments) => commands::watch::run(global, arguments, display).await,
        Command::Status(arguments) => commands::status::run(global, arguments, display).await,
        Command::Teardown(arguments) => commands::teardown::run(global, arguments, display).await,
        Command::History(arguments) => commands::history::run(global, arguments, display).await,
        Command::Rollback(arguments) => commands::rollback::run(global, arguments, display).await,
        Command::Unlock(arguments) => commands::unlock::run(global, arguments, display).await,
        Command::Prune(arguments) => commands::prune::run(global, arguments, display).await,
        Command::Refactor(arguments) => commands::refactor::run(global, arguments, display).await,
        Command::Recover(arguments) => commands::recover::run(global, arguments, display).await,
        Command::Build(arguments) => {
            unless_stopped(commands::build::run(global, arguments, display)).await
        }
        Command::Render(arguments) => {
            unless_stopped(commands::render::run(global, arguments, display)).await
        }
        Command::Graph(arguments) => commands::graph::run(global, arguments, display),
        Command::Lint(arguments) => {
            unless_stopped(commands::lint::run(global, arguments, display)).await
        }
        Command::Logs(arguments) => commands::logs::run(global, arguments, display).await,
        Command::Timeline(arguments) => commands::timeline::run(global, arguments, display).await,
        Command::Local(arguments) => commands::local::run(global, arguments, display).await,
        Command::Doctor => commands::doctor::run(global, display).await,
        Command::Schema => commands::schema::run(),
        Command::Completions { shell } => commands::manual::completions(*shell, display),
        Command::Man { out } => commands::manual::pages(out, display),
    }
}
