//! `docs/events.md` is a contract: it names every event, every field, every part and every word
//! that a field may have, and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;
use shopctl_core::cause::CauseKind;
use shopctl_core::diagnostic::Location;
use shopctl_core::event::{
    Command, Cost, Detail, Diagnosis, Event, FailedResource, Failure, Leftover, Numbered, Outcome,
    Phase, PlannedStack, StackOperation, StackResult,
};
use shopctl_core::plan::{StackAction, StepId};
use shopctl_core::status::StackStatus;
use shopctl_core::template::OmittedResource;

const DOCUMENT: &str = include_str!("../../../docs/events.md");

fn location() -> Option<Location> {
    Some(Location {
        file: "a.yaml".into(),
        line: 1,
        column: 2,
    })
}

/// Each variant with every field filled. The match makes a new variant an error here.
fn samples() -> Vec<Event> {
    let step = || StepId::single("site");
    let text = || "text".to_owned();
    let failure = Failure {
        cloud_name: "shop-local-api".into(),
        status: Some(StackStatus::RollbackComplete),
        resource: Some(FailedResource {
            logical_id: "Api".into(),
            resource_type: text(),
            location: location(),
        }),
        reason: text(),
        hint: Some(text()),
        diagnosis: Some(Box::new(Diagnosis {
            kind: Some(CauseKind::AccessDenied),
            explanation: Some(text()),
            within: vec!["Nested".into()],
            policy: Some(serde_json::json!({ "Effect": "Allow" })),
            details: vec![Detail {
                topic: text(),
                text: text(),
            }],
            unknown: vec![text()],
        })),
    };
    let samples = vec![
        Event::RunStarted {
            run: text(),
            command: Command::Deploy,
            project: text(),
            environment: "local".into(),
        },
        Event::PhaseStarted {
            phase: Phase::Build,
        },
        Event::PhaseProgressed {
            phase: Phase::Build,
            message: text(),
            done: 1,
            total: Some(2),
        },
        Event::PhaseFinished {
            phase: Phase::Build,
            summary: text(),
        },
        Event::Warned {
            message: text(),
            location: location(),
        },
        Event::Planned {
            account: text(),
            region: text(),
            stacks: vec![PlannedStack {
                stack: "api".into(),
                action: StackAction::Create,
                reason: text(),
                resources: 1,
                after: vec!["api".into()],
                expected_ms: Some(1),
            }],
            uploads: 1,
            omitted: vec![OmittedResource {
                stack: "api".into(),
                logical_id: "Api".into(),
                resource_type: text(),
            }],
        },
        Event::StepStarted {
            step: step(),
            title: text(),
        },
        Event::StepFinished {
            step: step(),
            changed: true,
            summary: text(),
        },
        Event::StepSkipped {
            step: step(),
            title: text(),
            cause: Some(step()),
        },
        Event::StepFailed {
            step: step(),
            title: text(),
            message: text(),
            hint: Some(text()),
        },
        Event::StackStarted {
            stack: "api".into(),
            cloud_name: "shop-local-api".into(),
            operation: StackOperation::Create,
            resources: Some(1),
        },
        Event::ResourceChanged {
            stack: "api".into(),
            logical_id: "Api".into(),
            resource_type: text(),
            status: text(),
            reason: Some(text()),
        },
        Event::StackFinished {
            stack: "api".into(),
            status: Some(StackStatus::CreateComplete),
            result: StackResult::Created,
            outputs: IndexMap::from([("Key".to_owned(), text())]),
        },
        Event::StackInterrupted {
            stack: "api".into(),
            cancelled: true,
            status: Some(StackStatus::UpdateRollbackComplete),
            attach: Some(text()),
        },
        Event::StackFailed {
            stack: "api".into(),
            failure,
        },
        Event::RunFinished {
            outcome: Outcome::Succeeded,
            exit_code: 0,
            urls: BTreeMap::from([("site".to_owned(), text())]),
            left: vec![Leftover {
                kind: text(),
                name: text(),
                reason: text(),
                cost: Some(Cost {
                    monthly_cents: Some(100),
                    text: text(),
                }),
            }],
            errors: vec![text()],
        },
    ];
    for sample in &samples {
        match sample {
            Event::RunStarted { .. }
            | Event::PhaseStarted { .. }
            | Event::PhaseProgressed { .. }
            | Event::PhaseFinished { .. }
            | Event::Warned { .. }
            | Event::Planned { .. }
            | Event::StepStarted { .. }
            | Event::StepFinished { .. }
            | Event::StepSkipped { .. }
            | Event::StepFailed { .. }
            | Event::StackStarted { .. }
            | Event::ResourceChanged { .. }
            | Event::StackFinished { .. }
            | Event::StackFailed { .. }
            | Event::StackInterrupted { .. }
            | Event::RunFinished { .. } => {}
        }
    }
    samples
}

/// A field of a table: its type and its meaning.
type Fields = BTreeMap<String, (String, String)>;

/// The tables by the heading that they stand under.
fn tables() -> BTreeMap<String, Fields> {
    let mut tables: BTreeMap<String, Fields> = BTreeMap::new();
    let mut heading = String::new();
    for line in DOCUMENT.lines() {
        if line.starts_with('#') {
            heading = line
                .trim_start_matches('#')
                .trim()
                .trim_matches('`')
                .to_owned();
        } else if line.starts_with("| `") {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [name, kind, meaning] = cells[..] else {
                panic!("three cells: {line}")
            };
            let field = (
                kind.to_owned(),
                meaning.trim_end_matches('|').trim().to_owned(),
            );
            let known = tables
                .entry(heading.clone())
                .or_default()
                .insert(name.trim_matches('`').to_owned(), field);
            assert!(known.is_none(), "{heading} has {name} twice");
        }
    }
    tables
}

fn check(path: &str, kind: &str, value: &Value, tables: &BTreeMap<String, Fields>) {
    let kind = kind.trim_end_matches('?');
    if let Some(item) = kind.strip_suffix("[]") {
        for value in value.as_array().expect(path) {
            check(path, item, value, tables);
        }
        return;
    }
    match kind {
        "string" => assert!(value.is_string(), "{path}"),
        "number" => assert!(value.is_number(), "{path}"),
        "boolean" => assert!(value.is_boolean(), "{path}"),
        "object" => assert!(value.is_object(), "{path}"),
        part => {
            let fields = tables
                .get(part)
                .unwrap_or_else(|| panic!("{path}: no table of {part}"));
            let object = value.as_object().expect(path);
            let named: BTreeSet<&String> = object.keys().collect();
            let documented: BTreeSet<&String> = fields.keys().collect();
            assert_eq!(named, documented, "{path}");
            for (name, value) in object {
                check(&format!("{path}.{name}"), &fields[name].0, value, tables);
            }
        }
    }
}

#[test]
fn every_event_and_field_is_documented_with_its_type_and_nothing_else_is() {
    let mut tables = tables();
    let common = tables.remove("Every event").unwrap();
    let mut events = BTreeSet::new();
    for (sequence, event) in (1..).zip(samples()) {
        let numbered = Numbered {
            version: 1,
            sequence,
            elapsed_ms: 0,
            event,
        };
        let mut value = serde_json::to_value(&numbered).unwrap();
        let name = value["type"].as_str().unwrap().to_owned();
        for (field, (kind, _)) in &common {
            let value = value.as_object_mut().unwrap().remove(field).expect(field);
            check(field, kind, &value, &tables);
        }
        check(&name, &name, &value, &tables);
        events.insert(name);
    }
    // Headings of events are code, those of parts are words.
    let documented: BTreeSet<String> = DOCUMENT
        .lines()
        .filter_map(|line| Some(line.strip_prefix("### `")?.strip_suffix('`')?.to_owned()))
        .collect();
    assert_eq!(documented, events);
}

#[test]
fn every_word_that_a_field_may_have_is_documented() {
    fn words<T: serde::Serialize>(values: &[T]) -> Vec<String> {
        let word = |value| {
            serde_json::to_value(value)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        };
        values.iter().map(word).collect()
    }
    let tables = tables();
    let phases = [
        Phase::LocalCloud,
        Phase::Build,
        Phase::Site,
        Phase::Render,
        Phase::Plan,
        Phase::Hook,
    ];
    let operations = [
        StackOperation::Create,
        StackOperation::Update,
        StackOperation::Delete,
        StackOperation::Wait,
        StackOperation::Rollback,
    ];
    let results = [
        StackResult::Created,
        StackResult::Updated,
        StackResult::Deleted,
        StackResult::Unchanged,
        StackResult::RolledBack,
    ];
    let outcomes = [
        Outcome::Succeeded,
        Outcome::Unchanged,
        Outcome::Failed,
        Outcome::Interrupted,
    ];
    let actions = [
        StackAction::Create,
        StackAction::Recreate,
        StackAction::Update,
        StackAction::Decide,
        StackAction::None,
        StackAction::Delete,
    ];
    let cases = [
        (
            "run_started",
            "command",
            words(&[Command::Deploy, Command::Teardown, Command::Recover]),
        ),
        ("phase_started", "phase", words(&phases)),
        ("stack_started", "operation", words(&operations)),
        ("stack_finished", "result", words(&results)),
        ("run_finished", "outcome", words(&outcomes)),
        ("planned stack", "action", words(&actions)),
        ("diagnosis", "kind", words(CauseKind::ALL)),
    ];
    for (table, field, words) in cases {
        let (_, meaning) = &tables[table][field];
        for word in words {
            assert!(
                meaning.contains(&format!("`{word}`")),
                "{table}.{field}: {word}"
            );
        }
    }
}
