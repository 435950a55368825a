//! Where the time of a run went: its events as a chart of bars over time.

mod chart;
mod read;

pub use chart::{timeline_html, timeline_svg};
pub use read::{Timeline, TimelineError};

#[cfg(test)]
mod tests;
