//! Checks of what a client writes. Everything that is wrong is collected, so that it is told at once.

use crate::problem::Violation;

/// Collects violations.
#[derive(Debug, Default)]
pub struct Check {
    violations: Vec<Violation>,
}

impl Check {
    /// A check that has found nothing so far.
    pub fn new() -> Self {
        Check::default()
    }

    /// `detail` is wrong at `pointer`.
    pub fn refuse(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.violations.push(Violation::new(pointer, detail));
    }

    /// `detail` is wrong at `pointer`, unless `holds`.
    pub fn require(&mut self, holds: bool, pointer: impl Into<String>, detail: impl Into<String>) {
        if !holds {
            self.refuse(pointer, detail);
        }
    }

    /// One line of text that is not empty, without space around it.
    pub fn line(&mut self, pointer: &str, value: &str, longest: usize) -> String {
        let value = self.optional_line(pointer, value, longest);
        self.require(!value.is_empty(), pointer, "this is needed");
        value
    }

    /// One line of text or nothing, without space around it.
    pub fn optional_line(&mut self, pointer: &str, value: &str, longest: usize) -> String {
        let value = self.length(pointer, value, longest);
        let one_line = !value.chars().any(char::is_control);
        self.require(one_line, pointer, "only one line of text");
        value
    }

    /// Several lines of text that are not empty, without space around them.
    pub fn text(&mut self, pointer: &str, value: &str, longest: usize) -> String {
        let value = self.length(pointer, value, longest).replace("\r\n", "\n");
        self.require(!value.is_empty(), pointer, "this is needed");
        let plain = !value.chars().any(|c| c.is_control() && c != '\n');
        self.require(plain, pointer, "only text and line ends");
        value
    }

    /// A list of at most `most` entries; those beyond are cut off.
    pub fn most<T>(&mut self, pointer: &str, mut list: Vec<T>, most: usize) -> Vec<T> {
        self.require(
            list.len() <= most,
            pointer,
            format!("at most {most} of them"),
        );
        list.truncate(most);
        list
    }

    /// `value`, or everything that was found.
    pub fn finish<T>(self, value: T) -> Result<T, Vec<Violation>> {
        if self.violations.is_empty() {
            Ok(value)
        } else {
            Err(self.violations)
        }
    }

    fn length(&mut self, pointer: &str, value: &str, longest: usize) -> String {
        let value = value.trim();
        let fits = value.chars().count() <= longest;
        self.require(fits, pointer, format!("at most {longest} characters"));
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_right_is_tidied() {
        let mut check = Check::new();
        assert_eq!(check.line("/name", " Boot ", 4), "Boot");
        assert_eq!(check.optional_line("/label", " ", 4), "");
        assert_eq!(check.text("/text", "a\r\n\r\nb\n", 10), "a\n\nb");
        assert_eq!(check.most("/tags", vec![1, 2], 2), [1, 2]);
        assert_eq!(check.finish(1), Ok(1));
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let mut check = Check::new();
        check.line("/name", " ", 4);
        check.line("/name", "Boots", 4);
        check.optional_line("/label", "a\nb", 4);
        check.text("/text", "a\tb", 4);
        assert_eq!(check.most("/tags", vec![1, 2, 3], 2), [1, 2]);
        check.require(false, "/price", "too much");
        let found = check.finish(()).unwrap_err();
        let found: Vec<_> = found
            .iter()
            .map(|v| format!("{}: {}", v.pointer, v.detail))
            .collect();
        insta::assert_snapshot!(found.join("\n"), @r"
        /name: this is needed
        /name: at most 4 characters
        /label: only one line of text
        /text: only text and line ends
        /tags: at most 2 of them
        /price: too much
        ");
    }
}
