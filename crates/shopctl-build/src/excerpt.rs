//! What a command said, as much of it as helps when it fails.

use std::collections::VecDeque;

/// How many lines of a failed command are shown: some tools name the cause first
/// and some last.
const HEAD: usize = 15;
const TAIL: usize = 40;

/// The first and the last lines.
#[derive(Debug, Default)]
pub(crate) struct Excerpt {
    head: Vec<String>,
    left_out: usize,
    tail: VecDeque<String>,
}

impl Excerpt {
    pub(crate) fn take(&mut self, line: &str) {
        if self.head.len() < HEAD {
            self.head.push(line.to_owned());
            return;
        }
        if self.tail.len() == TAIL {
            self.tail.pop_front();
            self.left_out += 1;
        }
        self.tail.push_back(line.to_owned());
    }

    pub(crate) fn text(mut self) -> String {
        if self.left_out > 0 {
            self.head.push(format!("... {} lines ...", self.left_out));
        }
        self.head.extend(self.tail);
        self.head.join("\n").trim_end().to_owned()
    }
}
