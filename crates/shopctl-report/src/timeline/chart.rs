//! The chart as SVG, and as a page that needs nothing else; light and dark.

use std::fmt::Write as _;

use super::read::{Kind, Row, Timeline};
use crate::text::{duration, truncate};
use crate::xml::escape;

/// Width of the names, of the time, and of what stands behind the longest bar.
const NAMES: f64 = 260.0;
const TIME: f64 = 760.0;
const BEHIND: f64 = 90.0;
const ROW: f64 = 20.0;
const AXIS: f64 = 26.0;
const MARGIN: f64 = 20.0;
/// Characters of a name that fit.
const NAME_COLUMNS: usize = 36;
/// Rows of the table of what took longest.
const SLOWEST: usize = 12;

const STYLE: &str = "\
.chart{--paper:#fff;--ink:#1c2128;--quiet:#57606a;--rule:#d8dee4;--phase:#8250df;--step:#0969da;--stack:#1a7f37;--resource:#74c28a;--bad:#cf222e;color:var(--ink);background:var(--paper);font:12px system-ui,sans-serif}
@media(prefers-color-scheme:dark){.chart{--paper:#0d1117;--ink:#e6edf3;--quiet:#9aa4ae;--rule:#30363d;--phase:#a371f7;--step:#4493f8;--stack:#3fb950;--resource:#2a7a3d;--bad:#f85149}}
.chart text{fill:var(--ink)}.chart .quiet{fill:var(--quiet)}.chart .strong{font-weight:600}
.chart line{stroke:var(--rule)}
.phase{fill:var(--phase)}.step{fill:var(--step)}.stack{fill:var(--stack)}.resource{fill:var(--resource)}.chart .bad{fill:var(--bad)}
";

const PAGE: &str = "\
body{margin:0}
main{max-width:1170px;margin:0 auto;padding:24px}
h1{font-size:20px;margin:0 0 4px}
h2{font-size:15px;margin:24px 0 8px}
p{margin:0 0 16px;color:var(--quiet)}
svg{max-width:100%;height:auto}
table{border-collapse:collapse}
td,th{padding:3px 18px 3px 0;text-align:left;border-bottom:1px solid var(--rule)}
td:first-child,th:first-child{text-align:right}
";

/// The chart alone.
pub fn timeline_svg(timeline: &Timeline) -> String {
    let mut out = String::new();
    draw(&mut out, timeline, true);
    out
}

/// A page with the chart and a table of what took longest.
pub fn timeline_html(timeline: &Timeline) -> String {
    let title = escape(&timeline.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\" class=\"chart\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{STYLE}{PAGE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{}</p>\n",
        escape(&summary(timeline))
    );
    draw(&mut out, timeline, false);
    let slowest = timeline.slowest(SLOWEST);
    if !slowest.is_empty() {
        out.push_str(
            "<h2>Took longest</h2>\n<table>\n<tr><th>Time</th><th>What</th><th></th></tr>\n",
        );
        for (row, length) in slowest {
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                duration(length),
                escape(&row.name),
                escape(&row.detail)
            );
        }
        out.push_str("</table>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn summary(timeline: &Timeline) -> String {
    let end = match &timeline.outcome {
        Some(outcome) => outcome.as_str(),
        None => "the events break off",
    };
    format!(
        "{end} after {}, run {}",
        duration(timeline.total),
        timeline.run
    )
}

/// `alone`: with the title and style that a page has itself.
fn draw(out: &mut String, timeline: &Timeline, alone: bool) {
    let title = if alone { 44.0 } else { 0.0 };
    let width = NAMES + TIME + BEHIND + 2.0 * MARGIN;
    let height = title + AXIS + timeline.rows.len() as f64 * ROW + 2.0 * MARGIN;
    let name = escape(&timeline.title);
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{name}\">"
    );
    if alone {
        let _ = writeln!(
            out,
            "<style>\n{STYLE}</style>\n<text class=\"strong\" x=\"{MARGIN}\" y=\"{}\" \
             font-size=\"16\">{name}</text>\n<text class=\"quiet\" x=\"{MARGIN}\" y=\"{}\">{}</text>",
            MARGIN + 12.0,
            MARGIN + 30.0,
            escape(&summary(timeline))
        );
    }
    let _ = writeln!(
        out,
        "<g transform=\"translate({MARGIN} {})\">",
        MARGIN + title
    );
    let x = |at: u64| (NAMES + at as f64 / timeline.total.max(1) as f64 * TIME).round();
    let bottom = AXIS + timeline.rows.len() as f64 * ROW;
    let step = tick(timeline.total);
    for at in (0..=timeline.total).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        let _ = writeln!(
            out,
            "<line x1=\"{0}\" x2=\"{0}\" y1=\"18\" y2=\"{bottom}\"/>\
             <text class=\"quiet\" x=\"{0}\" y=\"12\" text-anchor=\"middle\">{1}</text>",
            x(at),
            duration(at)
        );
    }
    for (index, row) in timeline.rows.iter().enumerate() {
        draw_row(out, timeline, row, AXIS + index as f64 * ROW, x);
    }
    out.push_str("</g>\n</svg>\n");
}

fn draw_row(out: &mut String, timeline: &Timeline, row: &Row, y: f64, x: impl Fn(u64) -> f64) {
    let (class, text, indent) = match row.kind {
        Kind::Phase => ("phase", "strong", 0.0),
        Kind::Step => ("step", "", 0.0),
        Kind::Stack => ("stack", "strong", 0.0),
        Kind::Resource => ("resource", "quiet", 14.0),
    };
    let _ = writeln!(
        out,
        "<text class=\"{text}\" x=\"{indent}\" y=\"{}\">{}<title>{}</title></text>",
        y + 14.0,
        escape(&truncate(&row.name, NAME_COLUMNS, "…")),
        escape(&format!("{} {}", row.name, row.detail))
    );
    let mut behind = NAMES;
    for bar in &row.bars {
        let (from, to) = (x(bar.begin), x(bar.end.unwrap_or(timeline.total)));
        let length = duration(timeline.length(bar));
        let class = if bar.failed { "bad" } else { class };
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{from}\" y=\"{}\" width=\"{}\" height=\"12\" rx=\"2\">\
             <title>{}</title></rect>",
            y + 4.0,
            // What was too quick to see is seen all the same.
            (to - from).max(2.0),
            escape(&format!("{} {length} {}", row.name, row.detail))
        );
        behind = behind.max(to);
    }
    let length: u64 = row.bars.iter().map(|bar| timeline.length(bar)).sum();
    let _ = writeln!(
        out,
        "<text class=\"quiet\" x=\"{}\" y=\"{}\">{}</text>",
        behind + 6.0,
        y + 14.0,
        duration(length)
    );
}

/// Milliseconds between two lines of the axis: a round number, so that there are six to twelve.
fn tick(total: u64) -> u64 {
    const ROUND: [u64; 15] = [
        100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
        600_000, 1_800_000, 3_600_000,
    ];
    let enough = ROUND.into_iter().find(|step| total / step <= 12);
    enough.unwrap_or_else(|| total / 12 + 1)
}
