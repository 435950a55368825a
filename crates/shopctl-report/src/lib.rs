//! Turns deploy events into what people and programs read: a terminal, plain lines, NDJSON,
//! a GitHub workflow; and the text of statuses, diagnostics and errors.
//!
//! It reads no clock, no environment variable and does not ask whether something is a
//! terminal: time comes with the events and ticks, looks come as an [`Appearance`].

mod appearance;
mod diagnostics;
mod excerpt;
mod frame;
mod github;
mod graph;
mod history;
mod json;
mod label;
mod lint;
mod log_line;
mod markdown;
mod plain;
mod preview;
mod preview_markdown;
mod reporter;
mod run;
mod sarif;
mod status;
mod status_health;
mod summary;
mod terminal;
mod text;
mod timeline;
mod xml;

pub use appearance::Appearance;
pub use diagnostics::{render_diagnostics, render_error};
pub use github::{GitHub, annotations};
pub use graph::{graph_dot, graph_mermaid, graph_svg};
pub use history::{render_history, render_run};
pub use json::Json;
pub use lint::render_lint;
pub use log_line::{LogLine, render_log_line};
pub use plain::Plain;
pub use preview::render_preview;
pub use preview_markdown::preview_markdown;
pub use reporter::Reporter;
pub use sarif::lint_sarif;
pub use status::render_status;
pub use terminal::Terminal;
pub use text::{count, duration, size};
pub use timeline::{Timeline, TimelineError, timeline_html, timeline_svg};
