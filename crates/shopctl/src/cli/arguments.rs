//! What each command takes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use shopctl_core::change::Allowance;

use crate::signals::OnInterrupt;

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
