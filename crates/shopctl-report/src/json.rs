//! A run as NDJSON: one event a line, as `docs/events.md` describes them.

use std::fmt;
use std::io::Write;

use shopctl_core::event::Numbered;

use crate::plain::Output;
use crate::reporter::Reporter;

/// Writes each event as one line of JSON.
pub struct Json<W> {
    output: Output<W>,
}

impl<W> fmt::Debug for Json<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Json").finish_non_exhaustive()
    }
}

impl<W: Write + Send> Json<W> {
    /// Writes to `writer`.
    pub fn new(writer: W) -> Self {
        Self {
            output: Output::new(writer),
        }
    }
}

impl<W: Write + Send> Reporter for Json<W> {
    fn report(&mut self, event: &Numbered) {
        self.output.write(|writer| {
            let mut line = serde_json::to_vec(event)?;
            line.push(b'\n');
            // In one piece, so that lines of two runs with one log never mix.
            writer.write_all(&line)
        });
    }

    fn tick(&mut self, _elapsed_ms: u64) {}

    fn print(&mut self, _text: &str) {}
}
