//! Diagnostics and final errors as text.

use std::error::Error;

use shopctl_core::diagnostic::{Diagnostic, Severity};

use crate::appearance::{Appearance, Role};
use crate::excerpt::{Block, Place};
use crate::text::{self, count};

/// Shows findings one after the other, each with its source line; `source` yields a file's text
/// by the name that the findings use. Ends with their number when there are several.
pub fn render_diagnostics(
    diagnostics: &[Diagnostic],
    source: impl Fn(&str) -> Option<String>,
    appearance: Appearance,
) -> String {
    let mut lines = Vec::new();
    for diagnostic in diagnostics {
        lines.extend(block(diagnostic, &source, appearance));
        lines.push(String::new());
    }
    let number = |severity| {
        diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    if diagnostics.len() > 1 {
        let parts: Vec<String> = [(Severity::Error, "error"), (Severity::Warning, "warning")]
            .into_iter()
            .filter(|(severity, _)| number(*severity) > 0)
            .map(|(severity, noun)| count(number(severity), noun))
            .collect();
        lines.push(appearance.paint(Role::Strong, &parts.join(", ")));
    } else {
        lines.pop();
    }
    join(&lines)
}

pub(crate) fn block(
    diagnostic: &Diagnostic,
    source: &dyn Fn(&str) -> Option<String>,
    appearance: Appearance,
) -> Vec<String> {
    let (label, role) = match diagnostic.severity {
        Severity::Error => ("error", Role::BadStrong),
        Severity::Warning => ("warning", Role::AttentionStrong),
    };
    let mut block = Block::new(appearance, (label, role), &diagnostic.message);
    if let Some(location) = &diagnostic.location {
        let place = Place {
            location,
            source: source(&location.file),
            offending: quoted(&diagnostic.message),
        };
        block.place(&place, role);
    }
    if let Some(hint) = &diagnostic.hint {
        if diagnostic.location.is_some() {
            block.space();
        }
        block.note("help", hint);
    }
    block.finish()
}

/// The texts between single quotes.
fn quoted(message: &str) -> Vec<&str> {
    message.split('\'').skip(1).step_by(2).collect()
}

/// Shows the error that ends a command: what failed, why, what to do.
///
/// The causes are the error's sources; one that only repeats its parent is left out.
pub fn render_error(error: &dyn Error, hints: &[String], appearance: Appearance) -> String {
    let mut shown = error.to_string();
    let mut block = Block::new(appearance, ("error", Role::BadStrong), &shown);
    let mut source = error.source();
    while let Some(cause) = source {
        let message = cause.to_string();
        if !shown.contains(&message) {
            block.note("cause", &message);
        }
        shown = message;
        source = cause.source();
    }
    for hint in hints {
        block.note("help", hint);
    }
    join(&block.finish())
}

/// Lines as one text that ends with a line break; nothing when there is no line.
pub(crate) fn join(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// A warning of a run: one line, or an excerpt when it has a place.
pub(crate) fn warning(
    message: &str,
    location: Option<&shopctl_core::diagnostic::Location>,
    source: &dyn Fn(&str) -> Option<String>,
    appearance: Appearance,
) -> Vec<String> {
    let diagnostic = Diagnostic {
        severity: Severity::Warning,
        location: location.cloned(),
        message: text::clean(message),
        hint: None,
    };
    block(&diagnostic, source, appearance)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;
    use proptest::prelude::*;
    use shopctl_core::diagnostic::Location;

    use super::*;

    fn at(line: usize, column: usize) -> Location {
        Location {
            file: "shopctl.yaml".into(),
            line,
            column,
        }
    }

    fn render(source: &str, diagnostics: &[Diagnostic], width: usize) -> String {
        render_diagnostics(
            diagnostics,
            |_| Some(source.to_owned()),
            Appearance::plain(width),
        )
    }

    #[test]
    fn a_finding_shows_its_line_and_underlines_what_it_quotes() {
        let source = "version: 1\nstacks:\n  orders:\n    parameters:\n      ApiId: { output: api.ApiIdd }\n";
        let finding = Diagnostic::error(&at(5, 24), "stack 'api' has no output 'api.ApiIdd'")
            .with_hint("did you mean 'api.ApiId'?");
        assert_snapshot!(render(source, &[finding], 80), @"
        error: stack 'api' has no output 'api.ApiIdd'
         --> shopctl.yaml:5:24
          |
        5 |       ApiId: { output: api.ApiIdd }
          |                        ^^^^^^^^^^
          |
          = help: did you mean 'api.ApiId'?
        ");
    }

    #[test]
    fn several_findings_are_counted_and_warnings_told_apart() {
        let source = "version: 1\nprojct: shop\nregion: \"mars-1\"\n";
        let findings = [
            Diagnostic::error(&at(2, 1), "unknown key 'projct'")
                .with_hint("did you mean 'project'?"),
            Diagnostic::warning(&at(3, 9), "region is not one that AWS has"),
            Diagnostic {
                location: None,
                ..Diagnostic::error(&at(1, 1), "no stack is declared")
            },
        ];
        assert_snapshot!(render(source, &findings, 80), @r#"
        error: unknown key 'projct'
         --> shopctl.yaml:2:1
          |
        2 | projct: shop
          | ^^^^^^
          |
          = help: did you mean 'project'?

        warning: region is not one that AWS has
         --> shopctl.yaml:3:9
          |
        3 | region: "mars-1"
          |         ^^^^^^^^

        error: no stack is declared

        2 errors, 1 warning
        "#);
    }

    #[test]
    fn long_lines_are_cut_around_the_place_and_long_messages_wrap() {
        let source = format!("{}BadThing{}", "x".repeat(200), "y".repeat(200));
        let message =
            "'BadThing' is not something that a template can have in this place, whatever one does";
        let finding = Diagnostic::error(&at(1, 201), message);
        assert_snapshot!(render(&source, &[finding], 60), @"
        error: 'BadThing' is not something that a template can have
               in this place, whatever one does
         --> shopctl.yaml:1:201
          |
        1 | ..xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxBadThingyyyyyyyyy..
          |                                      ^^^^^^^^
        ");
    }

    #[test]
    fn carets_stand_below_wide_characters_and_tabs() {
        let finding = Diagnostic::error(&at(1, 6), "unknown key 'Naem'");
        assert_snapshot!(render("\t日本: Naem", std::slice::from_ref(&finding), 60), @"
        error: unknown key 'Naem'
         --> shopctl.yaml:1:6
          |
        1 |     日本: Naem
          |           ^^^^
        ");
        let finding = Diagnostic::error(&at(1, 5), "value 'x' is missing");
        assert_snapshot!(render("abc", &[finding], 60), @"
        error: value 'x' is missing
         --> shopctl.yaml:1:5
          |
        1 | abc
          |    ^
        ");
    }

    #[test]
    fn a_file_that_cannot_be_read_still_has_its_place() {
        let finding = Diagnostic::error(&at(7, 3), "duplicate key 'api'");
        let text = render_diagnostics(&[finding], |_| None, Appearance::plain(80));
        assert_snapshot!(text, @"
        error: duplicate key 'api'
         --> shopctl.yaml:7:3
        ");
    }

    #[test]
    fn an_error_shows_its_causes_once_and_its_hints() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot start the local cloud")]
        struct Outer(#[source] Middle);
        #[derive(Debug, thiserror::Error)]
        #[error("port 4566 is taken: address in use")]
        struct Middle(#[source] Inner);
        #[derive(Debug, thiserror::Error)]
        #[error("address in use")]
        struct Inner;
        let hints = ["run `shopctl local stop`, or set another port with `--port`".to_owned()];
        let text = render_error(&Outer(Middle(Inner)), &hints, Appearance::plain(80));
        assert_snapshot!(text, @"
        error: cannot start the local cloud
          = cause: port 4566 is taken: address in use
          = help: run `shopctl local stop`, or set another port with `--port`
        ");
    }

    #[test]
    fn colour_marks_label_and_carets() {
        let finding = Diagnostic::error(&at(1, 1), "unknown key 'projct'");
        let appearance = Appearance {
            colour: true,
            ..Appearance::plain(80)
        };
        let text = render_diagnostics(&[finding], |_| Some("projct: shop".to_owned()), appearance);
        assert!(text.contains("\u{1b}[31m\u{1b}[1merror: "), "{text:?}");
        assert!(text.contains("^^^^^^\u{1b}[0m"), "{text:?}");
    }

    proptest! {
        #[test]
        fn no_source_and_no_place_breaks_it(
            source in "(\\PC|\t|\n){0,60}",
            line in 0usize..6,
            column in 0usize..80,
            width in 0usize..90,
            message in "\\PC{1,40}",
        ) {
            let text = render(&source, &[Diagnostic::error(&at(line, column), message)], width);
            prop_assert!(text.contains("--> shopctl.yaml"));
        }
    }
}
