//! The command line. Its words and options, nothing of what they do.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use shopctl_core::change::Allowance;

use crate::signals::OnInterrupt;

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

/// Which environment.
#[derive(Debug, Args)]
pub(crate) struct EnvironmentArguments {
    /// An environment of the project file
    #[arg(
        long = "env",
        short = 'e',
        value_name = "ENVIRONMENT",
        env = "SHOPCTL_ENV"
    )]
    pub(crate) environment: String,
}

/// Whether another run's end is waited for.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct WaitArguments {
    /// Wait for another run that is at work, at most this long [without DURATION: 1h]
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "1h", value_parser = crate::duration::parse)]
    pub(crate) wait: Option<std::time::Duration>,
}

/// How many stacks at once.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ConcurrencyArguments {
    /// Stacks to work on at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) concurrency: u8,
}

/// Dangerous changes that are meant.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AllowArguments {
    /// Replace or delete this resource although it holds data: replace:Table, delete:orders.Table
    #[arg(long, value_name = "CHANGE")]
    pub(crate) allow: Vec<Allowance>,
}

/// Arguments of `deploy`.
#[derive(Debug, Args)]
pub(crate) struct DeployArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// Do not ask
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) consent: AllowArguments,
    /// Carry out this plan (of `plan --save`), unless anything is different by now
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) change_sets: ChangeSetArguments,
    #[command(flatten)]
    pub(crate) stacks: ConcurrencyArguments,
    #[command(flatten)]
    pub(crate) turn: WaitArguments,
    /// What an interrupt does to the operations that CloudFormation is carrying out
    /// [default: ask on a terminal, else detach]
    #[arg(long, value_name = "WISH")]
    pub(crate) on_interrupt: Option<OnInterrupt>,
    /// Put new code directly into functions whose code is all that changed; the next deploy
    /// without it corrects what CloudFormation does not know of. Not for protected environments
    #[arg(long, conflicts_with_all = ["plan", "revert_drift", "import_existing"])]
    pub(crate) fast: bool,
    /// Go on with stacks that stopped after a failed update, with rollback off
    #[arg(long)]
    pub(crate) retry_paused: bool,
}

/// Arguments of `recover`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("repair").args(["continue", "skip_resources", "force_rollback", "rollback", "delete"]))]
pub(crate) struct RecoverArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// The stack, by its name in the project file
    #[arg(value_name = "STACK")]
    pub(crate) stack: Option<String>,
    /// Continue the rollback of an update that could not be rolled back
    #[arg(long, requires = "stack")]
    pub(crate) r#continue: bool,
    /// Continue it, and leave these resources as they are
    #[arg(
        long,
        value_name = "RESOURCE,...",
        value_delimiter = ',',
        requires = "stack"
    )]
    pub(crate) skip_resources: Vec<String>,
    /// Continue it, and leave whatever CloudFormation cannot roll back
    #[arg(long, requires = "stack")]
    pub(crate) force_rollback: bool,
    /// Roll back an update or a creation that stopped half way
    #[arg(long, requires = "stack")]
    pub(crate) rollback: bool,
    /// Finish a delete that failed, or delete what a failed creation left
    #[arg(long, requires = "stack")]
    pub(crate) delete: bool,
    /// With --delete: leave behind what cannot be deleted
    #[arg(long, requires = "delete")]
    pub(crate) retain_failed: bool,
    /// With --delete: delete the stack in any case, whatever stays of it
    #[arg(long, requires = "delete")]
    pub(crate) force: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) turn: WaitArguments,
}

/// What change sets may do beyond what the templates say.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ChangeSetArguments {
    /// Make resources that somebody changed by hand again what the templates say
    #[arg(long)]
    pub(crate) revert_drift: bool,
    /// Take resources that are there under the templates' names into the stacks
    #[arg(long)]
    pub(crate) import_existing: bool,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// End with 2 when a deploy would change something
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Keep the plan for `deploy --plan`
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// Compare templates only: no change sets, so that rights to read are enough
    #[arg(long)]
    pub(crate) no_change_sets: bool,
    #[command(flatten)]
    pub(crate) change_sets: ChangeSetArguments,
    #[command(flatten)]
    pub(crate) stacks: ConcurrencyArguments,
}

impl DeployArguments {
    /// What a deploy to an environment does unless more is said.
    pub(crate) fn of(environment: EnvironmentArguments) -> Self {
        Self {
            environment,
            yes: false,
            consent: AllowArguments::default(),
            plan: None,
            change_sets: ChangeSetArguments {
                revert_drift: false,
                import_existing: false,
            },
            stacks: ConcurrencyArguments { concurrency: 8 },
            // Somebody else's run ends some time, and the sources are still newer then.
            turn: WaitArguments {
                wait: Some(std::time::Duration::from_secs(3600)),
            },
            on_interrupt: None,
            fast: false,
            retry_paused: false,
        }
    }
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    /// An environment of the project file [default: the local one]
    #[arg(
        long = "env",
        short = 'e',
        value_name = "ENVIRONMENT",
        env = "SHOPCTL_ENV"
    )]
    pub(crate) environment: Option<String>,
}

/// Arguments of `teardown`.
#[derive(Debug, Args)]
pub(crate) struct TeardownArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// Do not ask
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    /// Also delete stacks that are protected from deletion
    #[arg(long)]
    pub(crate) disable_protection: bool,
    /// Leave behind what cannot be deleted; each is listed with what it costs
    #[arg(long)]
    pub(crate) retain_failed: bool,
    /// Delete stacks in any case, whatever stays of them; each is listed
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) stacks: ConcurrencyArguments,
    #[command(flatten)]
    pub(crate) turn: WaitArguments,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// A run: its identifier or the beginning of it, `latest` or `previous`
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Runs to show at most, newest first
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}

/// Arguments of `rollback`.
#[derive(Debug, Args)]
pub(crate) struct RollbackArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// The run to go back to: its identifier or the beginning of it, `latest` or `previous`
    #[arg(long, value_name = "RUN")]
    pub(crate) to: String,
    /// Also stacks that stopped after a failed update, with rollback off
    #[arg(long)]
    pub(crate) retry_paused: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) consent: AllowArguments,
    #[command(flatten)]
    pub(crate) stacks: ConcurrencyArguments,
    #[command(flatten)]
    pub(crate) turn: WaitArguments,
    /// What an interrupt does to the operations that CloudFormation is carrying out
    /// [default: ask on a terminal, else detach]
    #[arg(long, value_name = "WISH")]
    pub(crate) on_interrupt: Option<OnInterrupt>,
}

/// Arguments of `unlock`.
#[derive(Debug, Args)]
pub(crate) struct UnlockArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// Also when its holder still renews it; that run stops
    #[arg(long)]
    pub(crate) force: bool,
}

/// Arguments of `prune`.
#[derive(Debug, Args)]
pub(crate) struct PruneArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// Runs that ended well to keep, so that they can be gone back to
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) keep: usize,
    /// Published versions of each function to keep, beside those that something uses; without
    /// it none are deleted
    #[arg(long, value_name = "N")]
    pub(crate) versions: Option<usize>,
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) turn: WaitArguments,
}

/// Arguments of `refactor`.
#[derive(Debug, Args)]
pub(crate) struct RefactorArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// Say what would move, and move nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) turn: WaitArguments,
}

/// Arguments of `render`.
#[derive(Debug, Args)]
pub(crate) struct RenderArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// Cargo profile to build with instead of the environment's; what is rendered then has
    /// other artifact keys than a deploy, but is quicker to check
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// Folder for the templates; made if it is not there
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
}

/// Arguments of `graph`.
#[derive(Debug, Args)]
pub(crate) struct GraphArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    pub(crate) format: GraphFormat,
}

/// Forms of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// A flow chart that GitHub and GitLab draw in Markdown.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A picture, light or dark as the viewer likes.
    Svg,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// Look for drift now, instead of showing what is known of it
    #[arg(long)]
    pub(crate) drift: bool,
    /// Show it again every few seconds, until Ctrl-C
    #[arg(long, conflicts_with = "drift")]
    pub(crate) watch: bool,
}

/// Arguments of `lint`.
#[derive(Debug, Args)]
pub(crate) struct LintArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// Only the tool's own rules: no cfn-lint, no cfn-guard
    #[arg(long)]
    pub(crate) own: bool,
    /// Also write the findings as SARIF 2.1.0; `-` writes it to standard output instead
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,
}

/// Arguments of `logs`.
#[derive(Debug, Args)]
pub(crate) struct LogsArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,
    /// Go on as they grow, until Ctrl-C
    #[arg(long, short = 'F')]
    pub(crate) follow: bool,
    /// How far back: 90s, 10m, 2h, 1d, or a moment such as 2026-07-12T10:00:00Z
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub(crate) since: String,
    /// Only this stack
    #[arg(long, value_name = "STACK")]
    pub(crate) service: Option<String>,
    /// Only lines about this order
    #[arg(long, value_name = "ID")]
    pub(crate) order: Option<String>,
    /// Only lines about this request: its id in one function, or its trace through all of them
    #[arg(long, value_name = "ID")]
    pub(crate) request: Option<String>,
    /// Only lines that hold this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
}

/// Arguments of `timeline`.
#[derive(Debug, Args)]
pub(crate) struct TimelineArguments {
    /// An environment of the project file, whose runs are meant
    #[arg(
        long = "env",
        short = 'e',
        value_name = "ENVIRONMENT",
        env = "SHOPCTL_ENV",
        required_unless_present = "events"
    )]
    pub(crate) environment: Option<String>,
    /// A run: its identifier or the beginning of it, `latest` or `previous`
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// Events instead, as `--output json` wrote them; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    pub(crate) events: Option<PathBuf>,
    /// The drawing: a page when it ends in .html, else an SVG [default: an SVG to standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Arguments of `local`.
#[derive(Debug, Args)]
pub(crate) struct LocalArguments {
    #[command(subcommand)]
    pub(crate) command: LocalCommand,
}

/// What to do with the local cloud.
#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    /// Install it if need be and start it
    Start {
        /// Port to listen on [default: the last one, else a free one]
        #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1024..))]
        port: Option<u16>,
    },
    /// Save its state and stop it
    Stop,
    /// Show whether and where it runs
    Status,
    /// Show its log
    Logs {
        /// Go on as it grows
        #[arg(long, short = 'F')]
        follow: bool,
        /// Lines to begin with
        #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
        lines: usize,
    },
    /// Stop it and delete its state with everything deployed to it
    Reset {
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
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
