//! A project's stacks and wiring as Mermaid, DOT and SVG.

mod layout;
mod net;
mod svg;
mod text;

pub use svg::graph_svg;
pub use text::{graph_dot, graph_mermaid};

#[cfg(test)]
mod tests;
