//! What the shop's templates promise and the local cloud does not enforce, read from their text.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn stacks() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("stacks")
}

/// Every template and module, by its path below `stacks/`.
fn templates() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for folder in fs::read_dir(stacks()).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|ext| ext == "yaml") {
                let name = file.strip_prefix(stacks()).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(&file).unwrap());
            }
        }
    }
    found
}

/// The lines of the text from the one that says this to the next empty one.
fn block<'a>(text: &'a str, first: &str) -> Vec<&'a str> {
    text.lines()
        .map(str::trim)
        .skip_while(|line| *line != first)
        .take_while(|line| !line.is_empty())
        .collect()
}

/// One module may publish, under a condition that names whom it speaks for; it is used with one name a
/// service, so that no service can say what another one says.
#[test]
fn u183_a_producer_publishes_as_itself_only() {
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in templates() {
        let publishes = text.contains("events:PutEvents");
        assert_eq!(publishes, name == "modules/changes.yaml", "{name}");
        let said = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Source: shop."));
        for source in said {
            sources
                .entry(source.to_owned())
                .or_default()
                .push(name.clone());
        }
    }
    let changes = fs::read_to_string(stacks().join("modules/changes.yaml")).unwrap();
    let statement: Vec<_> = changes
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "Action: events:PutEvents")
        .take(4)
        .collect();
    assert_eq!(
        statement,
        [
            "Action: events:PutEvents",
            "Resource: !Ref BusArn",
            "Condition:",
            "StringEquals: { events:source: !Ref Source }",
        ]
    );
    let schemas = fs::read_dir(stacks().join("platform/schemas")).unwrap();
    let documented: Vec<String> = schemas
        .map(|folder| folder.unwrap().file_name().into_string().unwrap())
        .collect();
    for (source, users) in &sources {
        assert_eq!(users.len(), 1, "{source} is published by {users:?}");
    }
    for source in documented {
        let name = source.strip_prefix("shop.").unwrap();
        assert!(sources.contains_key(name), "nobody publishes as {source}");
    }
}

/// Nothing is left out of the archive, and it reaches back as far as consumers are told to bear it.
#[test]
fn u181_everything_that_the_bus_hears_is_kept_for_replay() {
    let platform = &templates()["platform/template.yaml"];
    let archive = block(platform, "Archive:");
    assert!(
        archive.contains(&"Type: AWS::Events::Archive"),
        "{archive:?}"
    );
    assert!(
        archive.contains(&"SourceArn: !GetAtt Bus.Arn"),
        "{archive:?}"
    );
    assert!(archive.contains(&"RetentionDays: 30"), "{archive:?}");
    let filters = archive.iter().any(|line| line.starts_with("EventPattern"));
    assert!(!filters, "{archive:?}");
}
