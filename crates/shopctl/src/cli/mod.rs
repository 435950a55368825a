//! The command line. Its words and options, nothing of what they do.

mod arguments;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use arguments::{
    ChangeSetArguments, DeployArguments, EnvironmentArguments, GraphArguments, GraphFormat,
    HistoryArguments, LintArguments, LocalArguments, LocalCommand, LogsArguments, PlanArguments,
    PruneArguments, RecoverArguments, RefactorArguments, RenderArguments, RollbackArguments,
    StatusArguments, TeardownArguments, TimelineArguments, UnlockArguments, WatchArguments,
};

const EXIT_CODES: &str = "\
Exit codes:
  0    done, or nothing to do
  1    failed (CloudFormation has rolled back)
  2    `plan --exit-code`: a deploy would change something
  3    refused by a guard: say yes, allow it by name, or make a new plan
  4    bad input: command line, project file, template, or a build that fails
  5    no credentials, expired credentials, or the wrong account
  6    another run is at work in this environment
  7    failed, and a stack needs help before the next deploy
  130  interrupted; what CloudFormation was doing goes on unless cancelled

More about a command: shopctl help COMMAND";

/// Deploys serverless applications to AWS: builds Rust Lambda handlers, renders
/// CloudFormation stacks, deploys them in the order of their dependencies, and takes
/// them down leaving nothing.
#[derive(Debug, Parser)]
#[command(name = "shopctl", version, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The project file [default: shopctl.yaml here or in a folder above]
    #[arg(
        long,
        short = 'f',
        global = true,
        value_name = "FILE",
        env = "SHOPCTL_FILE"
    )]
    pub(crate) file: Option<PathBuf>,
    /// How results and progress are written
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    pub(crate) output: Output,
    /// When colours are used
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
}

/// The form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs: one JSON document, or one a line while something runs.
    Json,
    /// For pull requests; only `plan` writes it.
    Markdown,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Also when not on a terminal.
    Always,
    /// Not at all.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build, upload and deploy everything; change only what differs
    #[command(after_help = "\
Examples:
  shopctl deploy --env local          on this machine, no AWS account needed
  shopctl deploy --env prod --yes     from CI
  shopctl deploy --env dev --fast     new code within seconds
  shopctl deploy --env prod --yes --output json | tee deploy.ndjson")]
    Deploy(DeployArguments),
    /// Show what a deploy would change, property by property, and what is dangerous about it
    #[command(
        visible_alias = "diff",
        after_help = "\
Examples:
  shopctl plan --env prod
  shopctl plan --env prod --exit-code         2 when something would change
  shopctl plan --env prod --output markdown   for a pull request
  shopctl plan --env prod --save plan.json    for the next line
  shopctl deploy --env prod --plan plan.json"
    )]
    Plan(PlanArguments),
    /// Deploy at every change of a source, code directly into functions
    #[command(after_help = "\
Examples:
  shopctl watch               the local environment, until Ctrl-C
  shopctl watch --env dev     an environment on AWS that is not protected")]
    Watch(WatchArguments),
    /// Show what is deployed, its outputs and URLs, and whether it is well
    #[command(after_help = "\
Examples:
  shopctl status --env local
  shopctl status --env prod --watch           again and again, until Ctrl-C
  shopctl status --env prod --drift           exit code 1 if there is drift
  shopctl status --env prod --output json | jq -r .urls.site")]
    Status(StatusArguments),
    /// Delete everything that was deployed, and say what is left
    #[command(after_help = "\
Examples:
  shopctl teardown --env local --yes
  shopctl teardown --env review-42 --yes")]
    Teardown(TeardownArguments),
    /// Show what a stack that is stuck needs, and do it
    #[command(after_help = "\
Examples:
  shopctl recover --env prod                       which stacks need help
  shopctl recover --env prod orders                what happened to one, and what can be done
  shopctl recover --env prod orders --continue     continue a rollback that failed
  shopctl recover --env prod orders --skip-resources Table,Queue
  shopctl recover --env prod orders --rollback     undo an update that stopped half way
  shopctl recover --env prod orders --delete       finish a delete that failed

Without a repair, the exit code is 7 when a stack needs help.")]
    Recover(RecoverArguments),
    /// Move resources to another name or another stack without making them anew
    #[command(after_help = "\
Examples:
  shopctl refactor --env prod --dry-run     what is the same in another place
  shopctl refactor --env prod --yes         from CI")]
    Refactor(RefactorArguments),
    /// Show the runs that changed something, or one of them in detail
    #[command(after_help = "\
Examples:
  shopctl history --env prod --limit 5
  shopctl history --env prod latest
  shopctl history --env prod --output json | jq -r '.runs[0].git.commit'")]
    History(HistoryArguments),
    /// Deploy again what an earlier run deployed: its templates, parameters, code and site
    #[command(after_help = "\
Examples:
  shopctl rollback --env prod --to previous
  shopctl rollback --env prod --to 20260412T081502417Z-1a2b3c --yes")]
    Rollback(RollbackArguments),
    /// Remove the lock that a dead run left
    #[command(after_help = "\
Examples:
  shopctl unlock --env prod           only when its holder no longer renews it
  shopctl unlock --env prod --force   at once; a holder that lives stops")]
    Unlock(UnlockArguments),
    /// Delete artifacts and records that no stack, function version or kept run uses
    #[command(after_help = "\
Examples:
  shopctl prune --env prod --dry-run
  shopctl prune --env prod --keep 20")]
    Prune(PruneArguments),
    /// Build and pack the handlers and the site without deploying
    #[command(after_help = "Example:\n  shopctl build --env prod")]
    Build(EnvironmentArguments),
    /// Write the templates as they would be deployed, one file a stack; needs no credentials
    #[command(after_help = "\
Examples:
  shopctl render --env prod --out templates
  shopctl render --env prod --out templates && cfn-lint templates/*.yaml")]
    Render(RenderArguments),
    /// Draw the stacks and what flows between them
    #[command(after_help = "\
Examples:
  shopctl graph --env prod                          Mermaid, for a README
  shopctl graph --env prod --format svg > stacks.svg
  shopctl graph --env prod --format dot | dot -Tpng > stacks.png
  shopctl graph --env prod --output json | jq .links")]
    Graph(GraphArguments),
    /// Check the templates as they would be deployed, against rules of three kinds
    ///
    /// The tool's own policies, cfn-lint, and the project's rules for cfn-guard in
    /// stacks/lint/*.guard. Needs no credentials and compiles nothing.
    #[command(after_help = "\
Examples:
  shopctl lint --env prod
  shopctl lint --env prod --own                 installs nothing
  shopctl lint --env prod --sarif lint.sarif    for GitHub's code scanning
  shopctl lint --env prod --output json | jq -r '.findings[].message'")]
    Lint(LintArguments),
    /// Show the logs of everything that is deployed, merged by time
    #[command(after_help = "\
Examples:
  shopctl logs --env local --follow
  shopctl logs --env prod --since 2h --service orders
  shopctl logs --env prod --order 2x3KQ0ibFkuS --since 1d
  shopctl logs --env prod --output json | jq -c .fields")]
    Logs(LogsArguments),
    /// Draw where the time of a run went
    #[command(after_help = "\
Examples:
  shopctl timeline --env prod --out deploy.html     the latest run
  shopctl timeline --env prod previous > deploy.svg
  shopctl timeline --events deploy.ndjson > deploy.svg")]
    Timeline(TimelineArguments),
    /// Start, stop and look at the local cloud
    #[command(after_help = "\
Examples:
  shopctl local start
  shopctl local logs --follow
  shopctl local reset --yes")]
    Local(LocalArguments),
    /// Check what this machine has and lacks
    #[command(after_help = "Example:\n  shopctl doctor")]
    Doctor,
    /// Print the JSON Schema of the project file, for editors
    #[command(after_help = "Example:\n  shopctl schema > shopctl.schema.json")]
    Schema,
    /// Print a script that completes commands and options in a shell
    #[command(after_help = "\
Examples:
  shopctl completions bash > ~/.local/share/bash-completion/completions/shopctl
  shopctl completions zsh > ~/.zfunc/_shopctl
  shopctl completions fish > ~/.config/fish/completions/shopctl.fish")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages, one a command
    #[command(after_help = "\
Example:
  shopctl man --out ~/.local/share/man/man1 && man shopctl-deploy")]
    Man {
        /// Folder for the pages; made if it is not there
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(help.contains("Example"), "{}", command.get_name());
        }
    }
}
