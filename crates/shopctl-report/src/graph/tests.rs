#![allow(clippy::unwrap_used, reason = "tests")]

use insta::assert_snapshot;
use proptest::prelude::*;
use shopctl_core::diagram::{Diagram, Link, Node, NodeKind, Wire};

use super::layout::lay_out;
use super::net::parts_and_nets;
use super::{graph_dot, graph_mermaid, graph_svg};

fn diagram(nodes: &[&str], links: &[(&str, &str, &str, &str)]) -> Diagram {
    Diagram {
        version: 1,
        project: "shop".to_owned(),
        environment: "local".into(),
        nodes: nodes
            .iter()
            .map(|id| Node {
                id: (*id).to_owned(),
                kind: match *id {
                    "site files" => NodeKind::Site,
                    _ => NodeKind::Stack,
                },
                stack_name: None,
            })
            .collect(),
        links: links
            .iter()
            .map(|(from, output, to, parameter)| Link {
                from: (*from).to_owned(),
                to: (*to).to_owned(),
                wire: (!output.is_empty()).then(|| Wire {
                    output: (*output).to_owned(),
                    parameter: (*parameter).to_owned(),
                }),
            })
            .collect(),
    }
}

fn shop() -> Diagram {
    diagram(
        &["platform", "end", "orders", "site files"],
        &[
            ("platform", "BusName", "orders", "BusName"),
            ("platform", "BusArn", "orders", "Bus"),
            ("platform", "BusName", "site files", "bus"),
            ("end", "", "orders", ""),
            ("orders", "Say \"hi\"", "site files", "greeting"),
        ],
    )
}

#[test]
fn mermaid() {
    assert_snapshot!(graph_mermaid(&shop()), @r##"
    flowchart LR
      n0["platform"]
      n1["end"]
      n2["orders"]
      n3(["site files"])
      n0 -- "BusName<br>BusArn → Bus" --> n2
      n0 -- "BusName → bus" --> n3
      n1 -.-> n2
      n2 -- "Say #quot;hi#quot; → greeting" --> n3
    "##);
}

#[test]
fn dot() {
    assert_snapshot!(graph_dot(&shop()), @r#"
    digraph "shop local" {
      rankdir=LR;
      node [shape=box, style=rounded, fontname="sans-serif"];
      edge [fontname="sans-serif", fontsize=10];
      "platform";
      "end";
      "orders";
      "site files" [shape=folder];
      "platform" -> "orders" [label="BusName\nBusArn → Bus"];
      "platform" -> "site files" [label="BusName → bus"];
      "end" -> "orders" [style=dashed];
      "orders" -> "site files" [label="Say \"hi\" → greeting"];
    }
    "#);
}

#[test]
fn svg() {
    let svg = graph_svg(&shop());
    let drawing = svg.split("</style>\n").nth(1).unwrap();
    assert_snapshot!(drawing, @r#"
    <text class="title" x="24" y="34">shop in local: 3 stacks</text>
    <g transform="translate(24 64)">
    <path class="net c0" d="M95 43C143 43 143 105 191 105M95 43C143 43 143 48 191 48M191 48H344M344 48C392 48 392 71 440 71"><title>platform.BusName → orders.BusName, site files.bus</title></path>
    <path class="net c0" d="M95 61C143 61 143 123 191 123"><title>platform.BusArn → orders.Bus</title></path>
    <path class="net c1 after" d="M95 121C143 121 143 79 191 79"><title>end → orders</title></path>
    <path class="net c2" d="M344 105C392 105 392 89 440 89"><title>orders.Say &quot;hi&quot; → site files.greeting</title></path>
    <rect class="box" x="0" y="0" width="95" height="78" rx="6"><title>platform</title></rect>
    <text class="name" x="14" y="22">platform</text>
    <circle class="d0" cx="95" cy="43" r="3"/>
    <text class="port" x="85" y="47" text-anchor="end">BusName</text>
    <circle class="d0" cx="95" cy="61" r="3"/>
    <text class="port" x="85" y="65" text-anchor="end">BusArn</text>
    <rect class="box" x="0" y="104" width="95" height="34" rx="6"><title>end</title></rect>
    <text class="name" x="14" y="126">end</text>
    <rect class="box" x="191" y="62" width="153" height="78" rx="6"><title>orders</title></rect>
    <text class="name" x="205" y="84">orders</text>
    <text class="port" x="201" y="109">BusName</text>
    <text class="port" x="201" y="127">Bus</text>
    <circle class="d2" cx="344" cy="105" r="3"/>
    <text class="port" x="334" y="109" text-anchor="end">Say &quot;hi&quot;</text>
    <rect class="box site" x="440" y="28" width="112" height="78" rx="6"><title>site files</title></rect>
    <text class="name" x="454" y="50">site files</text>
    <text class="port" x="450" y="75">bus</text>
    <text class="port" x="450" y="93">greeting</text>
    </g>
    </svg>
    "#);
}

#[test]
fn an_empty_project_is_a_drawing_too() {
    assert!(graph_svg(&diagram(&[], &[])).ends_with("</svg>\n"));
}

/// Projects without circles: links lead from earlier stacks to later ones.
fn any_project() -> impl Strategy<Value = Diagram> {
    (2..24_usize).prop_flat_map(|count| {
        let link = (0..count, 0..count, 0..4_usize, 0..4_usize);
        prop::collection::vec(link, 0..60).prop_map(move |links| {
            let names: Vec<String> = (0..count).map(|i| format!("stack-{i}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let ports = ["", "Arn", "Name", "AVeryLongNameOfAnOutput"];
            let links: Vec<_> = links
                .iter()
                .filter(|(a, b, ..)| a < b)
                .map(|(a, b, out, into)| match *out {
                    0 => (names[*a], "", names[*b], ""),
                    out => (names[*a], ports[out], names[*b], ports[1 + into % 3]),
                })
                .collect();
            diagram(&names, &links)
        })
    })
}

proptest! {
    #[test]
    fn boxes_keep_apart_and_lines_lead_to_the_right_from_box_to_box(diagram in any_project()) {
        let (parts, nets) = parts_and_nets(&diagram);
        let titles: Vec<&str> = diagram.nodes.iter().map(|node| node.id.as_str()).collect();
        let layout = lay_out(&parts, &nets, &titles);
        for (i, a) in layout.boxes.iter().enumerate() {
            prop_assert!(a.x >= 0.0 && a.y >= 0.0);
            prop_assert!(a.x + a.width <= layout.width && a.y + a.height <= layout.height);
            for b in &layout.boxes[i + 1..] {
                let beside = a.x + a.width < b.x || b.x + b.width < a.x;
                let above = a.y + a.height < b.y || b.y + b.height < a.y;
                prop_assert!(beside || above, "{a:?} {b:?}");
            }
        }
        for (net, line) in nets.iter().zip(&layout.lines) {
            for piece in line {
                prop_assert!(piece.from.0 <= piece.to.0);
            }
            for to in &net.to {
                let target = &layout.boxes[to.part];
                let arrives = line.iter().any(|piece| {
                    piece.to.0 == target.x
                        && (target.y..=target.y + target.height).contains(&piece.to.1)
                });
                prop_assert!(arrives, "a line to box {} is missing", to.part);
            }
            // What passes through a column passes beside its boxes.
            for piece in line.iter().filter(|piece| piece.from.1 == piece.to.1) {
                let y = piece.from.1;
                for b in &layout.boxes {
                    let through = piece.from.0 < b.x + b.width
                        && b.x < piece.to.0
                        && (b.y..=b.y + b.height).contains(&y);
                    prop_assert!(!through, "{piece:?} {b:?}");
                }
            }
        }
    }
}
