//! Where boxes and lines go: columns by dependency, an order within them that crosses few
//! lines, and heights that keep lines straight. Knows no SVG.

use super::net::{End, Net, Part};

/// Height of a port's row.
pub(super) const ROW: f64 = 18.0;
/// Height of a box without rows.
pub(super) const HEAD: f64 = 34.0;
/// Space below the last row.
const FOOT: f64 = 8.0;
/// Between boxes of a column.
const GAP: f64 = 26.0;
/// Between a line that passes through a column and what is beside it.
const LANE: f64 = 14.0;
/// Between columns, for the lines.
const CHANNEL: f64 = 96.0;
/// Width of a character of a port's name.
const PORT_CHARACTER: f64 = 6.7;
/// Width of a character of a title.
const TITLE_CHARACTER: f64 = 8.4;
/// How often orders and heights are improved; more changes nothing to see.
const ROUNDS: usize = 16;

/// A box in its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The ports of the left side from top to bottom, as indices.
    pub(super) inputs: Vec<usize>,
    /// The ports of the right side.
    pub(super) outputs: Vec<usize>,
}

/// A piece of a line, from left to right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch {
    pub(super) from: (f64, f64),
    pub(super) to: (f64, f64),
}

/// A drawing: boxes in the order of the parts, and the pieces of each net.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) boxes: Vec<Placed>,
    pub(super) lines: Vec<Vec<Stretch>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Box(usize),
    /// A net that passes through.
    Pass(usize),
}

/// An end of a segment: a place in a column, and how far below its top the line meets it.
#[derive(Debug, Clone, Copy)]
struct Joint {
    item: usize,
    offset: f64,
}

/// A line between neighbouring columns.
#[derive(Debug)]
struct Segment {
    net: usize,
    from: Joint,
    to: Joint,
}

struct Builder<'a> {
    parts: &'a [Part],
    nets: &'a [Net],
    items: Vec<Item>,
    /// Items of each column from top to bottom.
    columns: Vec<Vec<usize>>,
    inputs: Vec<Vec<usize>>,
    outputs: Vec<Vec<usize>>,
}

/// Lays the diagram out; `titles` are those of the boxes.
pub(super) fn lay_out(parts: &[Part], nets: &[Net], titles: &[&str]) -> Layout {
    let mut builder = Builder::new(parts, nets);
    builder.order();
    builder.order_ports();
    let heights = builder.heights();
    builder.draw(titles, &heights)
}

impl<'a> Builder<'a> {
    fn new(parts: &'a [Part], nets: &'a [Net]) -> Self {
        let layers = parts.iter().map(|part| part.layer + 1).max().unwrap_or(0);
        let mut items: Vec<Item> = (0..parts.len()).map(Item::Box).collect();
        let mut columns = vec![Vec::new(); layers];
        for (index, part) in parts.iter().enumerate() {
            columns[part.layer].push(index);
        }
        for (index, net) in nets.iter().enumerate() {
            let last = net.to.iter().map(|to| parts[to.part].layer).max();
            let before = last.unwrap_or(0);
            let between = columns.iter_mut().take(before);
            for column in between.skip(parts[net.from.part].layer + 1) {
                column.push(items.len());
                items.push(Item::Pass(index));
            }
        }
        let all = |ports: &[String]| (0..ports.len()).collect::<Vec<_>>();
        Self {
            parts,
            nets,
            items,
            columns,
            inputs: parts.iter().map(|part| all(&part.inputs)).collect(),
            outputs: parts.iter().map(|part| all(&part.outputs)).collect(),
        }
    }

    /// The place where a net passes through a column.
    fn pass(&self, column: usize, net: usize) -> Option<usize> {
        let is_it = |item: &&usize| self.items[**item] == Item::Pass(net);
        self.columns.get(column)?.iter().find(is_it).copied()
    }

    fn joint(&self, end: End, side: &[Vec<usize>]) -> Joint {
        let offset = match end.port {
            None => HEAD / 2.0,
            Some(port) => {
                let ports = &side[end.part];
                let row = ports.iter().position(|p| *p == port).unwrap_or(0);
                HEAD + row as f64 * ROW + ROW / 2.0
            }
        };
        Joint {
            item: end.part,
            offset,
        }
    }

    /// All pieces that run from one column to the next.
    fn segments(&self) -> Vec<Segment> {
        let mut segments = Vec::new();
        for (index, net) in self.nets.iter().enumerate() {
            let start = self.parts[net.from.part].layer;
            let mut before = self.joint(net.from, &self.outputs);
            let mut column = start;
            loop {
                for to in net
                    .to
                    .iter()
                    .filter(|to| self.parts[to.part].layer == column + 1)
                {
                    segments.push(Segment {
                        net: index,
                        from: before,
                        to: self.joint(*to, &self.inputs),
                    });
                }
                let Some(item) = self.pass(column + 1, index) else {
                    break;
                };
                let pass = Joint { item, offset: 0.0 };
                segments.push(Segment {
                    net: index,
                    from: before,
                    to: pass,
                });
                (before, column) = (pass, column + 1);
            }
        }
        segments
    }

    /// Sorts each column by where the lines of its items come from, then by where they go,
    /// and keeps the order with the fewest crossings.
    fn order(&mut self) {
        let segments = self.segments();
        let mut best = (self.crossings(&segments), self.columns.clone());
        for round in 0..ROUNDS {
            let forward = round % 2 == 0;
            let order: Vec<usize> = match forward {
                true => (1..self.columns.len()).collect(),
                false => (0..self.columns.len().saturating_sub(1)).rev().collect(),
            };
            for column in order {
                self.sort_column(column, forward, &segments);
            }
            let crossings = self.crossings(&segments);
            if crossings < best.0 {
                best = (crossings, self.columns.clone());
            }
        }
        self.columns = best.1;
    }

    fn sort_column(&mut self, column: usize, forward: bool, segments: &[Segment]) {
        let place = self.places();
        let mean = |item: usize| {
            let near: Vec<f64> = segments
                .iter()
                .filter_map(|segment| match forward {
                    true if segment.to.item == item => Some(segment.from),
                    false if segment.from.item == item => Some(segment.to),
                    _ => None,
                })
                .map(|joint| place[joint.item] + joint.offset / 10_000.0)
                .collect();
            // What nothing pulls stays where it is.
            match near.len() {
                0 => place[item],
                n => near.iter().sum::<f64>() / n as f64,
            }
        };
        let mut keyed: Vec<(f64, usize)> = self.columns[column]
            .iter()
            .map(|item| (mean(*item), *item))
            .collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.columns[column] = keyed.into_iter().map(|(_, item)| item).collect();
    }

    /// Each item's place in its column.
    fn places(&self) -> Vec<f64> {
        let mut places = vec![0.0; self.items.len()];
        for column in &self.columns {
            for (place, item) in column.iter().enumerate() {
                places[*item] = place as f64;
            }
        }
        places
    }

    fn crossings(&self, segments: &[Segment]) -> usize {
        let place = self.places();
        let mut by_column: Vec<Vec<(f64, f64)>> = vec![Vec::new(); self.columns.len()];
        for segment in segments {
            let at = |joint: Joint| place[joint.item] + joint.offset / 10_000.0;
            by_column[self.column_of(segment.from.item)].push((at(segment.from), at(segment.to)));
        }
        by_column
            .iter()
            .map(|lines| {
                let crosses = |(i, a): (usize, &(f64, f64))| {
                    let later = lines[i + 1..].iter();
                    later.filter(|b| (a.0 - b.0) * (a.1 - b.1) < 0.0).count()
                };
                lines.iter().enumerate().map(crosses).sum::<usize>()
            })
            .sum()
    }

    fn column_of(&self, item: usize) -> usize {
        match self.items[item] {
            Item::Box(part) => self.parts[part].layer,
            Item::Pass(_) => {
                let mut columns = self.columns.iter();
                columns
                    .position(|column| column.contains(&item))
                    .unwrap_or(0)
            }
        }
    }

    /// Orders the ports of each side as the boxes that they lead to.
    fn order_ports(&mut self) {
        let place = self.places();
        let segments = self.segments();
        for (part, description) in self.parts.iter().enumerate() {
            let key = |port: usize, incoming: bool| {
                let wanted = HEAD + port as f64 * ROW + ROW / 2.0;
                let near: Vec<f64> = segments
                    .iter()
                    .filter_map(|segment| {
                        let (own, other) = match incoming {
                            true => (segment.to, segment.from),
                            false => (segment.from, segment.to),
                        };
                        let is_it = own.item == part && (own.offset - wanted).abs() < 0.1;
                        is_it.then(|| place[other.item] + other.offset / 10_000.0)
                    })
                    .collect();
                near.iter().sum::<f64>() / near.len().max(1) as f64
            };
            let sorted = |count: usize, incoming: bool| {
                let mut keyed: Vec<(f64, usize)> =
                    (0..count).map(|port| (key(port, incoming), port)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                keyed.into_iter().map(|(_, port)| port).collect::<Vec<_>>()
            };
            self.inputs[part] = sorted(description.inputs.len(), true);
            self.outputs[part] = sorted(description.outputs.len(), false);
        }
    }

    fn height(&self, item: usize) -> f64 {
        match self.items[item] {
            Item::Pass(_) => 0.0,
            Item::Box(part) => {
                let part = &self.parts[part];
                match part.inputs.len().max(part.outputs.len()) {
                    0 => HEAD,
                    rows => HEAD + rows as f64 * ROW + FOOT,
                }
            }
        }
    }

    /// The space between two neighbours of a column.
    fn gap(&self, above: usize, below: usize) -> f64 {
        match (self.items[above], self.items[below]) {
            (Item::Box(_), Item::Box(_)) => GAP,
            _ => LANE,
        }
    }

    /// The top of every item: each pulled to where its lines run straight, as far as its
    /// neighbours let it.
    fn heights(&self) -> Vec<f64> {
        let segments = self.segments();
        let mut top = vec![0.0; self.items.len()];
        for column in &self.columns {
            let wanted = vec![0.0; column.len()];
            self.settle(column, &wanted, &mut top);
        }
        for round in 0..ROUNDS * 2 {
            for column in 0..self.columns.len() {
                let column = match round % 2 {
                    0 => column,
                    _ => self.columns.len() - 1 - column,
                };
                let items = &self.columns[column];
                let wanted: Vec<f64> = items
                    .iter()
                    .map(|item| {
                        let pulls: Vec<f64> = segments
                            .iter()
                            .filter_map(|segment| {
                                let (own, other) = if segment.to.item == *item {
                                    (segment.to, segment.from)
                                } else if segment.from.item == *item {
                                    (segment.from, segment.to)
                                } else {
                                    return None;
                                };
                                Some(top[other.item] + other.offset - own.offset)
                            })
                            .collect();
                        match pulls.len() {
                            0 => top[*item],
                            n => pulls.iter().sum::<f64>() / n as f64,
                        }
                    })
                    .collect();
                self.settle(items, &wanted, &mut top);
            }
        }
        let highest = top.iter().copied().fold(f64::INFINITY, f64::min);
        for y in &mut top {
            // Whole numbers keep lines sharp and the text the same everywhere.
            *y = (*y - highest).round();
        }
        top
    }

    /// Places a column as near as possible (least squares) to where its items want to be, in
    /// their order and with their gaps.
    fn settle(&self, column: &[usize], wanted: &[f64], top: &mut [f64]) {
        // Without the space above it, an item's place must not be less than its neighbour's:
        // neighbours that want the wrong order share the mean of their wishes.
        let mut space = 0.0;
        let mut spaces = Vec::with_capacity(column.len());
        for (index, item) in column.iter().enumerate() {
            if let Some(above) = index.checked_sub(1).map(|index| column[index]) {
                space += self.height(above) + self.gap(above, *item);
            }
            spaces.push(space);
        }
        let mut pools: Vec<(f64, usize)> = Vec::new();
        for (wish, space) in wanted.iter().zip(&spaces) {
            let mut pool = (wish - space, 1);
            while let Some(above) = pools.pop() {
                if above.0 / above.1 as f64 <= pool.0 / pool.1 as f64 {
                    pools.push(above);
                    break;
                }
                pool = (above.0 + pool.0, above.1 + pool.1);
            }
            pools.push(pool);
        }
        let places = pools
            .iter()
            .flat_map(|(sum, count)| std::iter::repeat_n(sum / *count as f64, *count));
        for ((item, place), space) in column.iter().zip(places).zip(&spaces) {
            top[*item] = place + space;
        }
    }

    fn draw(&self, titles: &[&str], top: &[f64]) -> Layout {
        let widths: Vec<f64> = self
            .parts
            .iter()
            .zip(titles)
            .map(|(part, title)| {
                let widest = |names: &[String]| {
                    let columns = names.iter().map(|name| crate::text::width(name));
                    columns.max().unwrap_or(0) as f64 * PORT_CHARACTER
                };
                let title = crate::text::width(title) as f64 * TITLE_CHARACTER + 28.0;
                let (inputs, outputs) = (widest(&part.inputs), widest(&part.outputs));
                let between = if inputs > 0.0 && outputs > 0.0 {
                    24.0
                } else {
                    0.0
                };
                title.max(inputs + outputs + between + 28.0).round()
            })
            .collect();
        let mut left = Vec::with_capacity(self.columns.len());
        let mut x = 0.0;
        let mut column_widths = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let width = column.iter().filter_map(|item| match self.items[*item] {
                Item::Box(part) => Some(widths[part]),
                Item::Pass(_) => None,
            });
            let width = width.fold(0.0, f64::max);
            left.push(x);
            column_widths.push(width);
            x += width + CHANNEL;
        }
        let boxes: Vec<Placed> = self
            .parts
            .iter()
            .enumerate()
            .map(|(index, part)| Placed {
                x: left[part.layer],
                y: top[index],
                // All of a column are as wide, so that no line has to pass beside a wider one.
                width: column_widths[part.layer],
                height: self.height(index),
                inputs: self.inputs[index].clone(),
                outputs: self.outputs[index].clone(),
            })
            .collect();
        let mut lines: Vec<Vec<Stretch>> = self.nets.iter().map(|_| Vec::new()).collect();
        for segment in self.segments() {
            let y = |joint: Joint| top[joint.item] + joint.offset;
            let from_x = match self.items[segment.from.item] {
                Item::Box(part) => boxes[part].x + boxes[part].width,
                Item::Pass(_) => {
                    let column = self.column_of(segment.from.item);
                    left[column] + column_widths[column]
                }
            };
            let to_x = match self.items[segment.to.item] {
                Item::Box(part) => boxes[part].x,
                Item::Pass(_) => left[self.column_of(segment.to.item)],
            };
            lines[segment.net].push(Stretch {
                from: (from_x, y(segment.from)),
                to: (to_x, y(segment.to)),
            });
            if matches!(self.items[segment.to.item], Item::Pass(_)) {
                let column = self.column_of(segment.to.item);
                lines[segment.net].push(Stretch {
                    from: (to_x, y(segment.to)),
                    to: (left[column] + column_widths[column], y(segment.to)),
                });
            }
        }
        let bottom = |item: usize| top[item] + self.height(item);
        Layout {
            boxes,
            lines,
            width: (x - CHANNEL).max(0.0),
            height: (0..self.items.len()).map(bottom).fold(0.0, f64::max),
        }
    }
}
