//! The steps of `cargo xtask test`.

use std::process::Command;

use anyhow::Result;

use crate::tools::{self, run};

/// Form and dependencies.
pub(crate) fn lint() -> Result<()> {
    run(Command::new("cargo").args(["fmt", "--all", "--check"]))?;
    run(Command::new("cargo").args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    tools::cargo_deny()?;
    // Advisories come from a repository that a closed network does not reach.
    run(Command::new("cargo").args(["deny", "--locked", "check", "licenses", "bans", "sources"]))?;
    tools::npm_packages()?;
    run(tools::npm().args(["run", "--silent", "lint"]))
}

/// Everything but the end-to-end tests.
pub(crate) fn unit() -> Result<()> {
    cargo_test(&["--workspace", "--exclude", "shopctl-tests"])?;
    tools::npm_packages()?;
    run(tools::npm().args(["test", "--silent"]))
}

/// The rules of the tool, of cfn-lint and of the project over the templates of every environment.
pub(crate) fn templates() -> Result<()> {
    for environment in ["local", "prod"] {
        let mut lint = Command::new("cargo");
        lint.args(["run", "--quiet", "--locked", "--package", "shopctl", "--"]);
        run(lint.args(["lint", "--env", environment]))?;
    }
    Ok(())
}

/// The real binary against the real local cloud; then the browser, which these tests start.
pub(crate) fn e2e() -> Result<()> {
    tools::npm_packages()?;
    let chromium = tools::chromium()?;
    // Once for all tests, each of which would ask cargo otherwise.
    run(Command::new("cargo").args(["build", "--locked", "--package", "shopctl"]))?;
    let binary = tools::target().join("debug/shopctl").canonicalize()?;
    // They take long: all that is wrong is told at once.
    let mut command = test_command(&["--no-fail-fast", "--package", "shopctl-tests"]);
    command.env("CHROMIUM", chromium).env("SHOPCTL_BIN", binary);
    run(&mut command)
}

fn cargo_test(arguments: &[&str]) -> Result<()> {
    run(&mut test_command(arguments))?;
    Ok(())
}

fn test_command(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    if tools::nextest() {
        command.args(["nextest", "run", "--locked"]);
    } else {
        command.args(["test", "--locked"]);
    }
    command.args(arguments);
    command
}
