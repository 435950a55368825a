//! `shopctl schema`: the JSON Schema of the project file.

use std::io::{self, Write};

use crate::error::CommandError;

/// Prints the schema.
pub(crate) fn run() -> Result<u8, CommandError> {
    let schema = shopctl_core::project::schema();
    let _ = writeln!(io::stdout(), "{schema:#}");
    Ok(0)
}
