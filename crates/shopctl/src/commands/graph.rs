//! `shopctl graph`: the stacks of an environment and what flows between them, as a drawing.

use shopctl_core::diagram::Diagram;
use shopctl_report::{graph_dot, graph_mermaid, graph_svg};

use crate::cli::{Global, GraphArguments, GraphFormat};
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::prepare::environment;
use crate::workspace::Workspace;

/// Reads the project file and nothing else: no template, no cloud.
pub(crate) fn run(
    global: &Global,
    arguments: &GraphArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    let diagram = Diagram::of(&workspace.project, environment);
    if display.json {
        let document = serde_json::to_string(&diagram)
            .map_err(|error| CommandError::new(Kind::Failed, error, None))?;
        display.result(&document);
        return Ok(0);
    }
    display.result(&match arguments.format {
        GraphFormat::Mermaid => graph_mermaid(&diagram),
        GraphFormat::Dot => graph_dot(&diagram),
        GraphFormat::Svg => graph_svg(&diagram),
    });
    Ok(0)
}
