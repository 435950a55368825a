//! YAML documents that keep what a deployer needs: positions for messages, key
//! order, short tags such as `!Sub`, and the style of scalars.

mod canonical;
mod compact;
mod emit;
mod node;
mod parse;
mod scan_error;

pub use canonical::canonical;
pub use compact::emit_compact;
pub use emit::{emit, emit_telling};
pub use node::{Node, Scalar, ScalarStyle, Value};
pub use parse::{MAX_DEPTH, parse};
