//! A recorded run as rows with bars.

use shopctl_core::run_document::{RunDocument, RunStack, RunState};
use shopctl_core::timings::{ResourceTiming, StepTiming};

use crate::label::result_word;

use super::read::{Bar, Kind, Row, Timeline};

impl Timeline {
    /// Draws what is kept of a run.
    pub fn of(run: &RunDocument) -> Self {
        let mut blocks: Vec<Vec<Row>> = run.steps.iter().map(|timing| vec![step(timing)]).collect();
        blocks.extend(
            run.stacks
                .iter()
                .filter_map(|(name, told)| stack(name.as_str(), told)),
        );
        blocks.sort_by_key(|rows| {
            rows.iter()
                .flat_map(|row| &row.bars)
                .map(|bar| bar.begin)
                .min()
        });
        let rows: Vec<Row> = blocks.into_iter().flatten().collect();
        let last = rows.iter().flat_map(|row| &row.bars);
        let last = last.map(|bar| bar.end.unwrap_or(bar.begin)).max();
        Self {
            title: format!(
                "{} of {} in {}",
                run.command.as_str(),
                run.project,
                run.environment
            ),
            run: run.run.clone(),
            outcome: match run.state {
                RunState::Running | RunState::Abandoned => None,
                state => Some(state.as_str().to_owned()),
            },
            total: run.elapsed_ms.unwrap_or(0).max(last.unwrap_or(0)),
            rows,
        }
    }
}

fn step(timing: &StepTiming) -> Row {
    let name = timing.step.as_str();
    let (kind, name) = match (name.strip_prefix("phase:"), name.strip_prefix("upload:")) {
        (Some(phase), _) => (Kind::Phase, phase.replace('_', " ")),
        (_, Some(key)) => (Kind::Step, format!("upload {key}")),
        _ => (Kind::Step, title(name).to_owned()),
    };
    Row {
        kind,
        name,
        detail: if timing.failed { "failed" } else { "" }.to_owned(),
        bars: vec![bar(timing.started_ms, timing.elapsed_ms, timing.failed)],
    }
}

/// Steps that a plan has once, as events call them.
fn title(step: &str) -> &str {
    match step {
        "bucket" => "artifact bucket",
        "site" => "site files",
        "urls" => "health check",
        other => other,
    }
}

/// The stack and its resources; `None` when nothing was done.
fn stack(name: &str, stack: &RunStack) -> Option<Vec<Row>> {
    let timing = stack.timing.as_ref()?;
    let detail = match stack.result {
        _ if stack.failed => "failed",
        Some(result) => result_word(result),
        None => "",
    };
    let own = Row {
        kind: Kind::Stack,
        name: name.to_owned(),
        detail: detail.to_owned(),
        bars: vec![bar(timing.started_ms, timing.elapsed_ms, stack.failed)],
    };
    Some([vec![own], timing.resources.iter().map(resource).collect()].concat())
}

fn resource(timing: &ResourceTiming) -> Row {
    let goes_on = timing.status.ends_with("_IN_PROGRESS");
    Row {
        kind: Kind::Resource,
        name: timing.logical_id.to_string(),
        detail: timing.resource_type.clone(),
        bars: vec![bar(
            timing.started_ms,
            (!goes_on).then_some(timing.elapsed_ms),
            timing.status.ends_with("_FAILED"),
        )],
    }
}

fn bar(begin: u64, elapsed: Option<u64>, failed: bool) -> Bar {
    Bar {
        begin,
        end: elapsed.map(|elapsed| begin + elapsed),
        failed,
    }
}
