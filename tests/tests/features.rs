//! `docs/features.md` against the repository: every number has its row, and every test that a row
//! names exists.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The numbers of the features, group by group.
const NUMBERS: [(u32, u32); 14] = [
    (1, 22),
    (30, 42),
    (50, 61),
    (70, 78),
    (90, 111),
    (120, 127),
    (130, 136),
    (140, 148),
    (150, 153),
    (160, 162),
    (170, 177),
    (180, 191),
    (192, 203),
    (210, 220),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .into()
}

/// What stands between backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Names of all functions in Rust files and of all files of tests of the site.
fn known(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "node_modules", "dist"].contains(&name.as_str())
                && !name.starts_with('.')
            {
                known(&path, names);
            }
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).unwrap();
            for after in text.split("fn ").skip(1) {
                let end = after.find(|c: char| !c.is_alphanumeric() && c != '_');
                names.insert(after[..end.unwrap_or(after.len())].to_owned());
            }
        } else if name.contains(".test.ts") || name.contains(".spec.ts") {
            names.insert(name);
        }
    }
}

#[test]
fn every_feature_names_tests_that_exist() {
    let root = root();
    let text = fs::read_to_string(root.join("docs/features.md")).unwrap();
    let mut names = BTreeSet::new();
    for folder in ["crates", "handlers", "tests", "xtask", "frontend"] {
        known(&root.join(folder), &mut names);
    }
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| U"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let numbers: Vec<String> = NUMBERS
        .iter()
        .flat_map(|(first, last)| *first..=*last)
        .map(|number| format!("U{number:03}"))
        .collect();
    let listed: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(listed, numbers, "a number is missing, double or misplaced");

    let mut missing = Vec::new();
    for row in &rows {
        assert_eq!(row.len(), 4, "{row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        for name in code(row[3]).filter(|name| !names.contains(*name) && !name.contains(' ')) {
            missing.push(format!("{}: {name}", row[0]));
        }
    }
    assert!(missing.is_empty(), "no such test:\n{}", missing.join("\n"));
}
