//! The diagram as an SVG that needs nothing else: light and dark, names on hover.

use std::fmt::Write as _;

use shopctl_core::diagram::{Diagram, NodeKind};

use super::layout::{HEAD, Layout, Placed, ROW, Stretch, lay_out};
use super::net::{End, Net, Part, parts_and_nets};
use crate::text::count;
use crate::xml::escape;

/// Around the drawing.
const MARGIN: f64 = 24.0;
/// For the title above it.
const TITLE: f64 = 40.0;
/// Colours of lines: by the box they come from, so that neighbours differ.
const HUES: [u16; 8] = [210, 28, 150, 280, 340, 180, 50, 110];

const STYLE: &str = "\
svg{background:#fff;color:#1c2128;font:13px system-ui,sans-serif}
.title{font-size:16px;font-weight:600;fill:currentColor}
.box{fill:#f6f8fa;stroke:#afb8c1}
.site{stroke-dasharray:4 3}
.name{font-weight:600;fill:currentColor}
.port{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#57606a}
.net{fill:none;stroke-width:1.5}
.net:hover{stroke-width:3}
.after{stroke-dasharray:4 4}
@media(prefers-color-scheme:dark){
svg{background:#0d1117;color:#e6edf3}
.box{fill:#161b22;stroke:#484f58}
.port{fill:#9aa4ae}
}
";

/// The diagram as an SVG document.
pub fn graph_svg(diagram: &Diagram) -> String {
    let (parts, nets) = parts_and_nets(diagram);
    let titles: Vec<&str> = diagram.nodes.iter().map(|node| node.id.as_str()).collect();
    let layout = lay_out(&parts, &nets, &titles);
    let stacks = diagram.nodes.iter().filter(|n| n.kind == NodeKind::Stack);
    let title = format!(
        "{} in {}: {}",
        diagram.project,
        diagram.environment,
        count(stacks.count(), "stack")
    );
    let mut out = String::new();
    open(&mut out, &layout, &title);
    for (net, line) in nets.iter().zip(&layout.lines) {
        draw_net(&mut out, diagram, &parts, net, line);
    }
    for (index, placed) in layout.boxes.iter().enumerate() {
        draw_box(&mut out, diagram, index, &parts[index], placed);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn open(out: &mut String, layout: &Layout, title: &str) {
    let width =
        (layout.width + 2.0 * MARGIN).max(title.chars().count() as f64 * 9.0 + 2.0 * MARGIN);
    let height = layout.height + 2.0 * MARGIN + TITLE;
    let title = escape(title);
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\n<style>\n{STYLE}"
    );
    for (index, hue) in HUES.iter().enumerate() {
        let _ = writeln!(
            out,
            ".c{index}{{stroke:hsl({hue},60%,42%)}}.d{index}{{fill:hsl({hue},60%,42%)}}"
        );
    }
    out.push_str("@media(prefers-color-scheme:dark){\n");
    for (index, hue) in HUES.iter().enumerate() {
        let _ = writeln!(
            out,
            ".c{index}{{stroke:hsl({hue},65%,64%)}}.d{index}{{fill:hsl({hue},65%,64%)}}"
        );
    }
    let _ = writeln!(
        out,
        "}}\n</style>\n<text class=\"title\" x=\"{MARGIN}\" y=\"{}\">{title}</text>\n\
         <g transform=\"translate({MARGIN} {})\">",
        MARGIN + 10.0,
        MARGIN + TITLE
    );
}

fn draw_net(out: &mut String, diagram: &Diagram, parts: &[Part], net: &Net, line: &[Stretch]) {
    let mut path = String::new();
    for Stretch { from, to } in line {
        let _ = match from.1 == to.1 {
            true => write!(path, "M{} {}H{}", from.0, from.1, to.0),
            false => {
                let middle = (from.0 + to.0) / 2.0;
                let ((x, y), (to_x, to_y)) = (*from, *to);
                write!(path, "M{x} {y}C{middle} {y} {middle} {to_y} {to_x} {to_y}")
            }
        };
    }
    let name = |end: End, ports: &[String]| {
        let id = &diagram.nodes[end.part].id;
        match end.port.and_then(|port| ports.get(port)) {
            Some(port) => format!("{id}.{port}"),
            None => id.clone(),
        }
    };
    let targets: Vec<String> = net
        .to
        .iter()
        .map(|to| name(*to, &parts[to.part].inputs))
        .collect();
    let _ = writeln!(
        out,
        "<path class=\"net c{}{}\" d=\"{path}\"><title>{}</title></path>",
        net.from.part % HUES.len(),
        if net.from.port.is_none() {
            " after"
        } else {
            ""
        },
        escape(&format!(
            "{} → {}",
            name(net.from, &parts[net.from.part].outputs),
            targets.join(", ")
        ))
    );
}

fn draw_box(out: &mut String, diagram: &Diagram, index: usize, part: &Part, placed: &Placed) {
    let node = &diagram.nodes[index];
    let Placed {
        x,
        y,
        width,
        height,
        ..
    } = placed;
    let _ = writeln!(
        out,
        "<rect class=\"box{}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\">\
         <title>{}</title></rect>\n<text class=\"name\" x=\"{}\" y=\"{}\">{}</text>",
        if node.kind == NodeKind::Site {
            " site"
        } else {
            ""
        },
        escape(
            node.stack_name
                .as_ref()
                .map_or(&node.id, |name| name.as_str())
        ),
        x + 14.0,
        y + HEAD / 2.0 + 5.0,
        escape(&node.id)
    );
    let middle = |row: usize| y + HEAD + row as f64 * ROW + ROW / 2.0;
    for (row, port) in placed.inputs.iter().enumerate() {
        let _ = writeln!(
            out,
            "<text class=\"port\" x=\"{}\" y=\"{}\">{}</text>",
            x + 10.0,
            middle(row) + 4.0,
            escape(&part.inputs[*port])
        );
    }
    for (row, port) in placed.outputs.iter().enumerate() {
        let _ = writeln!(
            out,
            "<circle class=\"d{}\" cx=\"{}\" cy=\"{}\" r=\"3\"/>\n\
             <text class=\"port\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            index % HUES.len(),
            x + width,
            middle(row),
            x + width - 10.0,
            middle(row) + 4.0,
            escape(&part.outputs[*port])
        );
    }
}
