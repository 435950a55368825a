//! Sections of the status: functions, alarms, drift, the last run. What is well is summed up,
//! what is not is told one by one.

use indexmap::IndexMap;
use shopctl_core::report::{AlarmReport, FunctionReport, StatusReport};

use crate::appearance::{Appearance, Glyph, Line, Role};
use crate::history;
use crate::status::{begin, moment};
use crate::text::{self, count, duration};

/// Functions that cannot be called or are still changing, and how many are well.
pub(crate) fn functions(report: &StatusReport, appearance: Appearance) -> Vec<String> {
    let line = |function: &FunctionReport| {
        let (glyph, role) = match function.is_well() {
            true => (Glyph::Attention, Role::Attention),
            false => (Glyph::Failed, Role::Bad),
        };
        let state = match function.last_update.as_str() {
            "Successful" => function.state.clone(),
            update => format!("{}, last update {update}", function.state),
        };
        let mut line = begin(appearance, glyph, role);
        line.push(
            Role::Normal,
            &format!("{}.{}  ", function.stack, function.logical_id),
        );
        line.push(role, &state);
        let mut lines = vec![line.finish()];
        lines.extend(reason(function.reason.as_deref(), appearance));
        lines
    };
    let attention = |function: &&FunctionReport| !function.is_well() || function.is_stabilising();
    let mut lines: Vec<String> = report
        .functions
        .iter()
        .filter(attention)
        .flat_map(line)
        .collect();
    let well = report.functions.len() - report.functions.iter().filter(attention).count();
    let mut fast: IndexMap<&str, Vec<String>> = IndexMap::new();
    for function in &report.functions {
        if let Some(run) = &function.fast_run {
            let name = format!("{}.{}", function.stack, function.logical_id);
            fast.entry(run).or_default().push(name);
        }
    }
    for (run, names) in fast {
        let text = format!(
            "the code of fast deploy {run} is in {}; the next deploy corrects it",
            names.join(", ")
        );
        lines.extend(attention_to(&text, appearance));
    }
    if well > 0 {
        let mut line = begin(appearance, Glyph::Done, Role::Good);
        line.push(Role::Normal, &format!("{} active", count(well, "function")));
        lines.push(line.finish());
    }
    lines
}

/// Alarms that ring, and how many do not.
pub(crate) fn alarms(report: &StatusReport, appearance: Appearance) -> Vec<String> {
    let line = |alarm: &AlarmReport| {
        let mut line = begin(appearance, Glyph::Failed, Role::Bad);
        line.push(
            Role::Normal,
            &format!("{}.{}  ", alarm.stack, alarm.logical_id),
        );
        line.push(Role::Bad, "ALARM");
        if let Some(since) = &alarm.since {
            line.push(Role::Quiet, &format!("  since {}", moment(since)));
        }
        let mut lines = vec![line.finish()];
        lines.extend(reason(alarm.reason.as_deref(), appearance));
        lines
    };
    let rings = |alarm: &&AlarmReport| alarm.rings();
    let mut lines: Vec<String> = report.alarms.iter().filter(rings).flat_map(line).collect();
    let quiet = report.alarms.iter().filter(|alarm| !alarm.rings());
    let without_data = quiet
        .clone()
        .filter(|alarm| alarm.state == "INSUFFICIENT_DATA")
        .count();
    let number = quiet.count();
    if number > 0 {
        let mut line = begin(appearance, Glyph::Done, Role::Good);
        line.push(Role::Normal, &format!("{} quiet", count(number, "alarm")));
        if without_data > 0 {
            line.push(
                Role::Quiet,
                &format!(", {without_data} of them without data"),
            );
        }
        lines.push(line.finish());
    }
    lines
}

/// What is known of drift and how old that is.
pub(crate) fn drift(report: &StatusReport, appearance: Appearance) -> Vec<String> {
    let columns = report
        .drift
        .iter()
        .map(|drift| text::width(drift.stack.as_str()))
        .max();
    let lines = report.drift.iter().map(|drift| {
        let (glyph, role) = match drift.status.as_str() {
            "IN_SYNC" => (Glyph::Done, Role::Good),
            "DRIFTED" => (Glyph::Failed, Role::Bad),
            _ => (Glyph::Attention, Role::Attention),
        };
        let mut line = begin(appearance, glyph, role);
        line.push(
            Role::Normal,
            &text::pad(drift.stack.as_str(), columns.unwrap_or(0) + 2),
        );
        line.push(role, &drift.status);
        if let Some(number) = drift.drifted_resources.filter(|number| *number > 0) {
            line.push(Role::Normal, &format!("  {}", count(number, "resource")));
        }
        if let Some(age) = drift.age_seconds {
            let age = match age {
                0..=86_399 => duration(age.saturating_mul(1000)),
                _ => count(usize::try_from(age / 86_400).unwrap_or(usize::MAX), "day"),
            };
            line.push(Role::Quiet, &format!("  looked at {age} ago"));
        }
        line.finish()
    });
    lines.collect()
}

/// The last run that changed something, or that is about to.
pub(crate) fn last_run(report: &StatusReport, appearance: Appearance) -> Vec<String> {
    let line = report.last_run.iter().map(|last| {
        let (glyph, role) = history::look(last.state);
        let mut line = begin(appearance, glyph, role);
        line.push(Role::Normal, &format!("{} ", last.command.as_str()));
        line.push(role, last.state.as_str());
        let time = last.finished.as_ref().unwrap_or(&last.started);
        line.push(Role::Normal, &format!("  {}", moment(time)));
        if let Some(git) = &last.git {
            line.push(Role::Normal, &format!("  {}", history::commit(git)));
        }
        let by = format!("  by {}@{}", last.by.user, last.by.host);
        line.push(Role::Quiet, &by);
        let mut own = Line::new(appearance);
        own.pad_to(4);
        own.push(Role::Quiet, &format!("run {}", last.run));
        [line.finish(), own.finish()]
    });
    line.flatten().collect()
}

/// What still becomes what was deployed.
pub(crate) fn stabilising(report: &StatusReport, appearance: Appearance) -> Vec<String> {
    let lines = report.stabilising.iter().map(|resource| {
        let mut line = begin(appearance, Glyph::Attention, Role::Attention);
        line.push(
            Role::Normal,
            &format!("{}.{}  ", resource.stack, resource.logical_id),
        );
        line.push(Role::Attention, &resource.state);
        line.push(Role::Quiet, &format!("  {}", resource.resource_type));
        line.finish()
    });
    lines.collect()
}

/// What could not be found out.
pub(crate) fn unknown(report: &StatusReport, appearance: Appearance) -> Vec<String> {
    let lines = report.unknown.iter();
    lines
        .flat_map(|what| attention_to(what, appearance))
        .collect()
}

fn attention_to(text: &str, appearance: Appearance) -> Vec<String> {
    let columns = appearance.width.clamp(24, 100) - 4;
    let parts = text::wrap(&text::clean(text), columns);
    let lines = parts.iter().enumerate().map(|(index, part)| {
        let mut line = match index {
            0 => begin(appearance, Glyph::Attention, Role::Attention),
            _ => {
                let mut line = Line::new(appearance);
                line.pad_to(4);
                line
            }
        };
        line.push(Role::Normal, part);
        line.finish()
    });
    lines.collect()
}

fn reason(reason: Option<&str>, appearance: Appearance) -> Vec<String> {
    let columns = appearance.width.clamp(20, 100) - 4;
    let parts = reason.map(|reason| text::wrap(&text::clean(reason), columns));
    let indented = |part: String| format!("    {}", appearance.paint(Role::Quiet, &part));
    parts
        .unwrap_or_default()
        .into_iter()
        .map(indented)
        .collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use shopctl_core::report::{DriftReport, LastRun, StabilisingReport, StackReport};
    use shopctl_core::run_document::{Git, Origin, RunCommand, RunState};
    use shopctl_core::status::StackStatus;

    use super::*;
    use crate::render_status;

    #[test]
    fn what_is_not_well_is_told_and_what_is_well_is_counted() {
        let function =
            |name: &str, state: &str, update: &str, reason: Option<&str>| FunctionReport {
                stack: "orders".into(),
                logical_id: name.into(),
                function_name: format!("shop-{name}"),
                state: state.to_owned(),
                last_update: update.to_owned(),
                reason: reason.map(str::to_owned),
                fast_run: (name == "Read").then(|| "20260712-f4".to_owned()),
            };
        let alarm = |name: &str, state: &str| AlarmReport {
            stack: "orders".into(),
            logical_id: name.into(),
            alarm_name: name.to_owned(),
            state: state.to_owned(),
            reason: (state == "ALARM").then(|| {
                "Threshold Crossed: 1 datapoint [3.0] was greater than the threshold (0.0)."
                    .to_owned()
            }),
            since: Some("2026-07-12T10:22:01Z".to_owned()),
        };
        let drift = |stack: &str, status: &str, age: u64, resources| DriftReport {
            stack: stack.into(),
            status: status.to_owned(),
            checked: None,
            age_seconds: Some(age),
            drifted_resources: resources,
        };
        let mut report = StatusReport::empty("shop", "prod".into());
        report.stacks = vec![StackReport {
            name: "orders".into(),
            stack_name: "shop-prod-orders".into(),
            status: StackStatus::UpdateComplete,
            status_reason: None,
            resources: 9,
            last_changed: None,
            outputs: indexmap::IndexMap::new(),
        }];
        report.functions = vec![
            function("Api", "Active", "Successful", None),
            function("Read", "Active", "Successful", None),
            function(
                "Process",
                "Active",
                "Failed",
                Some("The role cannot be assumed."),
            ),
            function("Sweep", "Pending", "InProgress", None),
        ];
        report.stabilising = vec![StabilisingReport {
            stack: "site".into(),
            logical_id: "Distribution".into(),
            resource_type: "AWS::CloudFront::Distribution".to_owned(),
            state: "InProgress".to_owned(),
        }];
        report.alarms = vec![
            alarm("Errors", "ALARM"),
            alarm("Age", "OK"),
            alarm("Dead", "INSUFFICIENT_DATA"),
        ];
        report.drift = vec![
            drift("orders", "DRIFTED", 30, Some(2)),
            drift("api", "IN_SYNC", 200_000, None),
        ];
        report.last_run = Some(LastRun {
            run: "20260712-a1".to_owned(),
            started: "2026-07-12T10:20:01Z".to_owned(),
            finished: Some("2026-07-12T10:22:01Z".to_owned()),
            command: RunCommand::Deploy,
            state: RunState::Succeeded,
            by: Origin {
                user: "ada".to_owned(),
                host: "runner".to_owned(),
                ..Origin::default()
            },
            git: Some(Git {
                commit: "0f3c2aa9be1f02".to_owned(),
                branch: Some("main".to_owned()),
                dirty: true,
            }),
            tool: "0.1.0".to_owned(),
        });
        report.unknown = vec!["alarms: access denied".to_owned()];
        assert_snapshot!(render_status(&report.assessed(), Appearance::plain(80)), @"
        x shop in prod is not healthy

        Stacks
          * orders  UPDATE_COMPLETE  9 resources

        Functions
          x orders.Process  Active, last update Failed
            The role cannot be assumed.
          ! orders.Sweep  Pending, last update InProgress
          ! the code of fast deploy 20260712-f4 is in orders.Read; the next deploy
            corrects it
          * 2 functions active

        Still stabilising
          ! site.Distribution  InProgress  AWS::CloudFront::Distribution

        Alarms
          x orders.Errors  ALARM  since 2026-07-12 10:22 UTC
            Threshold Crossed: 1 datapoint [3.0] was greater than the threshold (0.0).
          * 2 alarms quiet, 1 of them without data

        Drift
          x orders  DRIFTED  2 resources  looked at 30.0s ago
          * api     IN_SYNC  looked at 2 days ago

        Last run
          * deploy succeeded  2026-07-12 10:22 UTC  0f3c2aa* main  by ada@runner
            run 20260712-a1

        Not known
          ! alarms: access denied
        ");
    }
}
