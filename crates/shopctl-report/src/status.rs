//! The answer to `shopctl status` as text.

use shopctl_core::report::{ProbeReport, StackReport, StatusReport};

use crate::appearance::{Appearance, Glyph, Line, Role};
use crate::diagnostics::join;
use crate::status_health;
use crate::text::{self, count, duration};

/// Narrower terminals show what is known of a stack line by line.
const WIDTH_FOR_TABLE: usize = 72;

/// Shows what is deployed: stacks, URLs with what they answered, outputs, what is left out.
pub fn render_status(report: &StatusReport, appearance: Appearance) -> String {
    let heading = |text: &str| appearance.paint(Role::Strong, text);
    if report.is_empty() {
        return format!(
            "{}\n  `shopctl deploy --env {}` deploys it\n",
            heading(&format!(
                "Nothing of {} is deployed to {}.",
                report.project, report.environment
            )),
            report.environment
        );
    }
    let (glyph, role, state) = if report.healthy {
        (Glyph::Done, Role::Good, "healthy")
    } else {
        (Glyph::Failed, Role::BadStrong, "not healthy")
    };
    let mut lines = vec![format!(
        "{} {}",
        appearance.paint(role, appearance.glyph(glyph)),
        heading(&format!(
            "{} in {} is {state}",
            report.project, report.environment
        )),
    )];
    let mut section = |title: &str, content: Vec<String>| {
        if !content.is_empty() {
            lines.push(String::new());
            lines.push(heading(title));
            lines.extend(content);
        }
    };
    section("Stacks", stacks(report, appearance));
    section("Functions", status_health::functions(report, appearance));
    section(
        "Still stabilising",
        status_health::stabilising(report, appearance),
    );
    section("Alarms", status_health::alarms(report, appearance));
    section("Drift", status_health::drift(report, appearance));
    section("Last run", status_health::last_run(report, appearance));
    section("Not known", status_health::unknown(report, appearance));
    section("Outputs", outputs(report, appearance));
    section("Left out in this environment", omitted(report, appearance));
    section("URLs", urls(report, appearance));
    if !report.missing.is_empty() {
        lines.push(String::new());
        lines.push(format!(
            "`shopctl deploy --env {}` deploys what is missing",
            report.environment
        ));
    }
    join(&lines)
}

fn stacks(report: &StatusReport, appearance: Appearance) -> Vec<String> {
    let widest = |column: fn(&StackReport) -> &str| {
        report
            .stacks
            .iter()
            .map(|stack| text::width(column(stack)))
            .max()
            .unwrap_or(0)
    };
    let missing = report
        .missing
        .iter()
        .map(|name| text::width(name.as_str()))
        .max()
        .unwrap_or(0);
    let name_columns = widest(|stack| stack.name.as_str()).max(missing);
    let status_columns = widest(|stack| stack.status.as_str());
    let wide = appearance.width >= WIDTH_FOR_TABLE
        && appearance.width >= 4 + name_columns + 2 + status_columns + 2 + 14 + 2 + 20;
    let mut lines = Vec::new();
    for stack in &report.stacks {
        let (glyph, role) = match stack.status {
            status if status.is_healthy() => (Glyph::Done, Role::Good),
            status if status.is_in_progress() => (Glyph::Attention, Role::Attention),
            _ => (Glyph::Failed, Role::Bad),
        };
        let number = count(stack.resources, "resource");
        let changed = stack
            .last_changed
            .as_deref()
            .map(moment)
            .unwrap_or_default();
        let mut line = begin(appearance, glyph, role);
        line.push(Role::Normal, stack.name.as_str());
        if wide {
            line.pad_to(4 + name_columns + 2);
            line.push(role, stack.status.as_str());
            line.pad_to(4 + name_columns + 2 + status_columns + 2);
            line.push(Role::Normal, &format!("{number:<14}  "));
            line.push(Role::Quiet, &changed);
        } else {
            for (role, text) in [
                (role, stack.status.as_str()),
                (Role::Normal, &number),
                (Role::Quiet, &changed),
            ] {
                lines.push(line.finish());
                line = Line::new(appearance);
                line.pad_to(4);
                line.push(role, text);
            }
        }
        lines.push(line.finish());
        if let Some(reason) = stack
            .status_reason
            .as_deref()
            .filter(|_| !stack.status.is_success())
        {
            let columns = appearance.width.clamp(20, 100) - 4;
            for part in text::wrap(&text::clean(reason), columns) {
                lines.push(format!("    {}", appearance.paint(Role::Quiet, &part)));
            }
        }
    }
    for name in &report.missing {
        let mut line = begin(appearance, Glyph::Skipped, Role::Attention);
        line.push(Role::Normal, name.as_str());
        line.pad_to(if wide { 4 + name_columns + 2 } else { 0 });
        line.push(
            Role::Attention,
            if wide {
                "not deployed"
            } else {
                "  not deployed"
            },
        );
        lines.push(line.finish());
    }
    lines
}

fn urls(report: &StatusReport, appearance: Appearance) -> Vec<String> {
    let names = report
        .urls
        .keys()
        .map(|name| text::width(name))
        .max()
        .unwrap_or(0);
    let urls = report
        .urls
        .values()
        .map(|url| text::width(url))
        .max()
        .unwrap_or(0);
    let mut lines = Vec::new();
    for (name, url) in &report.urls {
        let url = text::one_line(url);
        let probe = report.probes.iter().find(|probe| probe.name == *name);
        let (glyph, role) = match probe {
            Some(probe) if probe.ok => (Glyph::Done, Role::Good),
            Some(_) => (Glyph::Failed, Role::BadStrong),
            None => (Glyph::Waiting, Role::Quiet),
        };
        let lead = format!(
            "  {} {}  ",
            appearance.paint(role, appearance.glyph(glyph)),
            text::pad(name, names)
        );
        let answer = probe.map(answer).unwrap_or_default();
        let role = if probe.is_some_and(|probe| !probe.ok) {
            Role::Bad
        } else {
            Role::Quiet
        };
        let link = appearance.paint(Role::Link, &url);
        let columns = 4 + names + 2 + urls + 2 + text::width(&answer);
        // A URL is there to be copied: the answer gives way, not the URL.
        if columns <= appearance.width {
            let gap = " ".repeat(urls - text::width(&url) + 2);
            let line = format!("{lead}{link}{gap}{}", appearance.paint(role, &answer));
            lines.push(line.trim_end().to_owned());
        } else {
            lines.push(format!("{lead}{link}"));
            let indent = 4 + names + 2;
            let columns = appearance.width.clamp(20, 100).saturating_sub(indent);
            for part in text::wrap(&answer, columns) {
                lines.push(format!(
                    "{}{}",
                    " ".repeat(indent),
                    appearance.paint(role, &part)
                ));
            }
        }
    }
    lines
}

fn answer(probe: &ProbeReport) -> String {
    let time = duration(probe.elapsed_ms);
    let mut text = match (probe.status, &probe.error) {
        (Some(status), _) => format!("{status} in {time}"),
        (None, Some(_)) => "no answer".to_owned(),
        (None, None) => format!("no answer after {time}"),
    };
    if let Some(error) = &probe.error {
        text.push_str(&format!(": {}", text::one_line(error)));
    }
    text
}

fn outputs(report: &StatusReport, appearance: Appearance) -> Vec<String> {
    let mut lines = Vec::new();
    for stack in report
        .stacks
        .iter()
        .filter(|stack| !stack.outputs.is_empty())
    {
        lines.push(format!("  {}", stack.name));
        let columns = stack
            .outputs
            .keys()
            .map(|key| text::width(key))
            .max()
            .unwrap_or(0);
        for (key, value) in &stack.outputs {
            // Values are there to be copied as well.
            lines.push(format!(
                "    {}  {}",
                appearance.paint(Role::Quiet, &text::pad(key, columns)),
                text::one_line(value)
            ));
        }
    }
    lines
}

fn omitted(report: &StatusReport, appearance: Appearance) -> Vec<String> {
    let columns = report
        .omitted
        .iter()
        .map(|item| text::width(&item.resource_type))
        .max();
    report
        .omitted
        .iter()
        .map(|item| {
            let mut line = begin(appearance, Glyph::Attention, Role::Attention);
            line.push(
                Role::Normal,
                &text::pad(&item.resource_type, columns.unwrap_or(0) + 2),
            );
            line.push(Role::Quiet, &format!("{}.{}", item.stack, item.logical_id));
            line.finish()
        })
        .collect()
}

pub(crate) fn begin(appearance: Appearance, glyph: Glyph, role: Role) -> Line {
    let mut line = Line::new(appearance);
    line.push(Role::Normal, "  ");
    line.push(role, appearance.glyph(glyph));
    line.push(Role::Normal, " ");
    line
}

/// `2026-07-12T10:22:01.123Z` as `2026-07-12 10:22 UTC`; what has another form stays as it is.
pub(crate) fn moment(time: &str) -> String {
    let is_utc = time.ends_with('Z') || time.ends_with("+00:00");
    match (time.get(..10), time.get(10..11), time.get(11..16)) {
        (Some(date), Some("T"), Some(clock)) if is_utc => format!("{date} {clock} UTC"),
        _ => text::one_line(time),
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use insta::assert_snapshot;
    use shopctl_core::report::OmittedReport;
    use shopctl_core::status::StackStatus;

    use super::*;

    fn stack(name: &str, status: StackStatus, resources: usize) -> StackReport {
        StackReport {
            name: name.into(),
            stack_name: format!("shop-local-{name}").as_str().into(),
            status,
            status_reason: None,
            resources,
            last_changed: Some("2026-07-12T10:22:01.123Z".to_owned()),
            outputs: IndexMap::new(),
        }
    }

    fn probe(name: &str, status: Option<u16>, error: Option<&str>) -> ProbeReport {
        ProbeReport {
            name: name.to_owned(),
            url: String::new(),
            ok: status == Some(200),
            status,
            elapsed_ms: 120,
            error: error.map(str::to_owned),
        }
    }

    fn healthy() -> StatusReport {
        let mut report = StatusReport::empty("shop", "local".into());
        report.stacks = vec![
            stack("platform", StackStatus::CreateComplete, 3),
            stack("api", StackStatus::UpdateComplete, 9),
            stack("notifications", StackStatus::CreateComplete, 1),
        ];
        report.stacks[1].outputs = IndexMap::from([
            ("ApiId".to_owned(), "a1b2c3d4".to_owned()),
            (
                "ApiUrl".to_owned(),
                "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/$default/api".to_owned(),
            ),
        ]);
        report.urls = IndexMap::from([
            (
                "site".to_owned(),
                "http://e1x9k2.cloudfront.localhost:4566/".to_owned(),
            ),
            (
                "api".to_owned(),
                "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/$default/api".to_owned(),
            ),
        ]);
        report.probes = vec![
            probe("site", Some(200), None),
            probe("api", Some(200), None),
        ];
        report.omitted = vec![OmittedReport {
            stack: "platform".into(),
            logical_id: "EventArchive".into(),
            resource_type: "AWS::Events::Archive".to_owned(),
        }];
        report.assessed()
    }

    fn broken() -> StatusReport {
        let mut report = healthy();
        report.stacks[1].status = StackStatus::UpdateRollbackFailed;
        report.stacks[1].status_reason = Some(
            "The following resource(s) failed to update: [ProductsRoute, OrdersRoute].".to_owned(),
        );
        report.missing = vec!["orders".into()];
        report.probes[1] = probe("api", None, Some("connection refused"));
        report.assessed()
    }

    #[test]
    fn a_healthy_project() {
        assert_snapshot!(render_status(&healthy(), Appearance::plain(80)), @"
        * shop in local is healthy

        Stacks
          * platform       CREATE_COMPLETE  3 resources     2026-07-12 10:22 UTC
          * api            UPDATE_COMPLETE  9 resources     2026-07-12 10:22 UTC
          * notifications  CREATE_COMPLETE  1 resource      2026-07-12 10:22 UTC

        Outputs
          api
            ApiId   a1b2c3d4
            ApiUrl  http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/$default/api

        Left out in this environment
          ! AWS::Events::Archive  platform.EventArchive

        URLs
          * site  http://e1x9k2.cloudfront.localhost:4566/
                  200 in 0.1s
          * api   http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/$default/api
                  200 in 0.1s
        ");
        assert_snapshot!(
            render_status(&healthy(), Appearance { unicode: true, ..Appearance::plain(120) }),
            @"
        ✓ shop in local is healthy

        Stacks
          ✓ platform       CREATE_COMPLETE  3 resources     2026-07-12 10:22 UTC
          ✓ api            UPDATE_COMPLETE  9 resources     2026-07-12 10:22 UTC
          ✓ notifications  CREATE_COMPLETE  1 resource      2026-07-12 10:22 UTC

        Outputs
          api
            ApiId   a1b2c3d4
            ApiUrl  http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/$default/api

        Left out in this environment
          ! AWS::Events::Archive  platform.EventArchive

        URLs
          ✓ site  http://e1x9k2.cloudfront.localhost:4566/                      200 in 0.1s
          ✓ api   http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/$default/api  200 in 0.1s
        "
        );
    }

    #[test]
    fn a_broken_project_says_what_is_wrong() {
        assert_snapshot!(render_status(&broken(), Appearance::plain(80)), @"
        x shop in local is not healthy

        Stacks
          * platform       CREATE_COMPLETE         3 resources     2026-07-12 10:22 UTC
          x api            UPDATE_ROLLBACK_FAILED  9 resources     2026-07-12 10:22 UTC
            The following resource(s) failed to update: [ProductsRoute, OrdersRoute].
          * notifications  CREATE_COMPLETE         1 resource      2026-07-12 10:22 UTC
          - orders         not deployed

        Outputs
          api
            ApiId   a1b2c3d4
            ApiUrl  http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/$default/api

        Left out in this environment
          ! AWS::Events::Archive  platform.EventArchive

        URLs
          * site  http://e1x9k2.cloudfront.localhost:4566/
                  200 in 0.1s
          x api   http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/$default/api
                  no answer: connection refused

        `shopctl deploy --env local` deploys what is missing
        ");
    }

    #[test]
    fn a_narrow_terminal_keeps_urls_whole() {
        assert_snapshot!(render_status(&broken(), Appearance::plain(40)), @"
        x shop in local is not healthy

        Stacks
          * platform
            CREATE_COMPLETE
            3 resources
            2026-07-12 10:22 UTC
          x api
            UPDATE_ROLLBACK_FAILED
            9 resources
            2026-07-12 10:22 UTC
            The following resource(s) failed to
            update: [ProductsRoute,
            OrdersRoute].
          * notifications
            CREATE_COMPLETE
            1 resource
            2026-07-12 10:22 UTC
          - orders  not deployed

        Outputs
          api
            ApiId   a1b2c3d4
            ApiUrl  http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/$default/api

        Left out in this environment
          ! AWS::Events::Archive  platform.Eve..

        URLs
          * site  http://e1x9k2.cloudfront.localhost:4566/
                  200 in 0.1s
          x api   http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/$default/api
                  no answer: connection refused

        `shopctl deploy --env local` deploys what is missing
        ");
    }

    #[test]
    fn nothing_deployed_names_the_next_command() {
        let empty = StatusReport::empty("shop", "local".into());
        assert_snapshot!(render_status(&empty, Appearance::plain(80)), @"
        Nothing of shop is deployed to local.
          `shopctl deploy --env local` deploys it
        ");
    }

    #[test]
    fn times_in_other_forms_are_left_alone() {
        assert_eq!(
            moment("2026-07-12T10:22:01+02:00"),
            "2026-07-12T10:22:01+02:00"
        );
        assert_eq!(moment("é"), "é");
    }
}
