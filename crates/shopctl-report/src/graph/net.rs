//! The diagram prepared for drawing: boxes with ports, and nets. A net is one output with
//! everything that takes it, so that it is drawn as one line that branches.

use shopctl_core::diagram::Diagram;

/// A box with its ports.
#[derive(Debug)]
pub(super) struct Part {
    /// Names of what goes in.
    pub(super) inputs: Vec<String>,
    /// Names of what comes out and is taken.
    pub(super) outputs: Vec<String>,
    /// The column: one more than that of all it waits for.
    pub(super) layer: usize,
}

/// An end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct End {
    /// Index of the box.
    pub(super) part: usize,
    /// Index of the port on its side; `None` for the box itself.
    pub(super) port: Option<usize>,
}

/// An output, or a box that others only have to come after, with what is behind it.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) from: End,
    pub(super) to: Vec<End>,
}

/// Boxes in the order of the diagram, and nets.
pub(super) fn parts_and_nets(diagram: &Diagram) -> (Vec<Part>, Vec<Net>) {
    let mut parts: Vec<Part> = diagram
        .nodes
        .iter()
        .map(|_| Part {
            inputs: Vec::new(),
            outputs: Vec::new(),
            layer: 0,
        })
        .collect();
    let mut nets: Vec<Net> = Vec::new();
    let index = |id: &str| diagram.nodes.iter().position(|node| node.id == id);
    for link in &diagram.links {
        let (Some(from), Some(to)) = (index(&link.from), index(&link.to)) else {
            continue;
        };
        let wire = link.wire.as_ref();
        let from = End {
            part: from,
            port: wire.map(|wire| port(&mut parts[from].outputs, &wire.output)),
        };
        let to = End {
            part: to,
            port: wire.map(|wire| port(&mut parts[to].inputs, &wire.parameter)),
        };
        match nets.iter_mut().find(|net| net.from == from) {
            Some(net) => net.to.push(to),
            None => nets.push(Net { from, to: vec![to] }),
        }
    }
    // A project without circles needs as many rounds as its longest chain has links.
    for _ in 0..parts.len() {
        for net in &nets {
            for to in &net.to {
                let behind = parts[net.from.part].layer + 1;
                parts[to.part].layer = parts[to.part].layer.max(behind);
            }
        }
    }
    (parts, nets)
}

fn port(ports: &mut Vec<String>, name: &str) -> usize {
    match ports.iter().position(|port| port == name) {
        Some(index) => index,
        None => {
            ports.push(name.to_owned());
            ports.len() - 1
        }
    }
}
