//! Where the time of a run went, from its events or its record: bars over time.

mod chart;
mod read;
mod recorded;

pub use chart::{timeline_html, timeline_svg};
pub use read::{Timeline, TimelineError};

#[cfg(test)]
mod tests;
