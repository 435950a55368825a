//! Mermaid and DOT: text that other tools lay out.

use std::fmt::Write as _;

use indexmap::IndexMap;
use shopctl_core::diagram::{Diagram, NodeKind, Wire};

/// The diagram as a Mermaid flow chart, which GitHub and GitLab draw in Markdown.
pub fn graph_mermaid(diagram: &Diagram) -> String {
    let mut out = String::from("flowchart LR\n");
    for (index, node) in diagram.nodes.iter().enumerate() {
        // Made-up ids: a stack may have a name, `end` for instance, that means something there.
        let (open, close) = match node.kind {
            NodeKind::Stack => ("[\"", "\"]"),
            NodeKind::Site => ("([\"", "\"])"),
        };
        let _ = writeln!(out, "  n{index}{open}{}{close}", mermaid(&node.id));
    }
    for ((from, to), wires) in bundles(diagram) {
        let label: Vec<String> = wires
            .into_iter()
            .map(|wire| mermaid(&label(wire)))
            .collect();
        let _ = match label.is_empty() {
            true => writeln!(out, "  n{from} -.-> n{to}"),
            false => writeln!(out, "  n{from} -- \"{}\" --> n{to}", label.join("<br>")),
        };
    }
    out
}

/// The diagram for Graphviz.
pub fn graph_dot(diagram: &Diagram) -> String {
    let mut out = format!(
        "digraph {} {{\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  \
         edge [fontname=\"sans-serif\", fontsize=10];\n",
        quoted(&format!("{} {}", diagram.project, diagram.environment))
    );
    for node in &diagram.nodes {
        let shape = match node.kind {
            NodeKind::Stack => "",
            NodeKind::Site => " [shape=folder]",
        };
        let _ = writeln!(out, "  {}{shape};", quoted(&node.id));
    }
    for ((from, to), wires) in bundles(diagram) {
        let (from, to) = (&diagram.nodes[from].id, &diagram.nodes[to].id);
        let label: Vec<String> = wires.into_iter().map(label).collect();
        let attributes = match label.is_empty() {
            true => "style=dashed".to_owned(),
            false => format!("label={}", quoted(&label.join("\n"))),
        };
        let _ = writeln!(out, "  {} -> {} [{attributes}];", quoted(from), quoted(to));
    }
    out.push_str("}\n");
    out
}

/// The values that flow between each two boxes, by their indices; none for a bare dependency.
fn bundles(diagram: &Diagram) -> IndexMap<(usize, usize), Vec<&Wire>> {
    let mut bundles: IndexMap<(usize, usize), Vec<&Wire>> = IndexMap::new();
    let index = |id: &str| diagram.nodes.iter().position(|node| node.id == id);
    for link in &diagram.links {
        if let (Some(from), Some(to)) = (index(&link.from), index(&link.to)) {
            bundles.entry((from, to)).or_default().extend(&link.wire);
        }
    }
    bundles
}

/// One name where both ends agree.
fn label(wire: &Wire) -> String {
    if wire.output == wire.parameter {
        wire.output.clone()
    } else {
        format!("{} → {}", wire.output, wire.parameter)
    }
}

fn mermaid(text: &str) -> String {
    text.replace('"', "#quot;")
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n"))
}
