//! Where the boxes go: pure arithmetic.
//!
//! A master's box is as high as its replicas are together, so that every link starts at its edge
//! and runs straight. Chains go on to the right. Whoever follows nobody begins a row of its own;
//! those without any link share a row at the foot.

use super::forest::Forest;
use ratatui::layout::Rect;

/// A box has these widths, and a link at least so much room.
const NARROWEST: u16 = 16;
const WIDEST: u16 = 30;
const GAP: u16 = 10;
/// A lone box side by side with others.
const LONE: u16 = 26;
/// Rows of a box: its border and one line; its border and four.
pub const LOWEST: u16 = 3;
pub const USUAL: u16 = 5;
pub const HIGHEST: u16 = 8;

/// What goes where, from (0, 0).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Nodes and their boxes.
    pub boxes: Vec<(usize, Rect)>,
    /// Links and the room between their ends.
    pub gaps: Vec<(usize, Rect)>,
}

/// How the boxes are cut: the rows from one to the next, their width, the room between.
#[derive(Clone, Copy)]
struct Cut {
    high: u16,
    wide: u16,
    gap: u16,
    /// 1: a box's last row is the first one of the box below.
    more: u16,
}

/// Rows that boxes of this height take.
pub fn rows(forest: &Forest, wide: u16, high: u16) -> u16 {
    let (with, lone) = forest.parted();
    let stacked: u16 = with.iter().map(|r| forest.leaves(*r) * high).sum();
    stacked + shelves(lone.len() as u16, wide, with.is_empty()) * high
}

/// How many rows the lone boxes need.
fn shelves(lone: u16, wide: u16, alone: bool) -> u16 {
    lone.div_ceil(per_shelf(lone, wide, alone))
}

fn per_shelf(lone: u16, wide: u16, alone: bool) -> u16 {
    let at_least = if alone { LONE } else { NARROWEST + 2 };
    (wide / at_least).clamp(1, lone.max(1))
}

/// The places of everything in `wide` × `rows` cells; `None` if boxes do not fit.
pub fn plan(forest: &Forest, wide: u16, room: u16, lines: u16) -> Option<Plan> {
    let columns = forest.columns() as u16;
    let most = columns * NARROWEST + (columns - 1) * GAP;
    if wide < most.min(LONE) || wide < most {
        return None;
    }
    // As high as there is room for, and no higher than there is something to say.
    let fits = |high: &u16| rows(forest, wide, *high) <= room;
    let high = (LOWEST..=HIGHEST.min(lines + 2)).rev().find(fits);
    // If need be, boxes share their borders.
    let shared = high.is_none();
    let high = match high {
        Some(high) => high,
        None => (rows(forest, wide, LOWEST - 1) < room).then_some(LOWEST - 1)?,
    };
    let more = u16::from(shared);
    // Chains leave more of it to their links.
    let share = if columns > 2 { 10 } else { 11 };
    let width = (wide * share / (columns * 16)).clamp(NARROWEST, WIDEST);
    let gap = (wide - columns * width).checked_div(columns - 1).unwrap_or(0);
    let (with, lone) = forest.parted();
    let mut plan = Plan::default();
    let mut y = 0;
    for root in &with {
        y += node(&mut plan, forest, *root, (0, y), Cut { high, wide: width, gap, more });
    }
    let alone = with.is_empty();
    let per_shelf = per_shelf(lone.len() as u16, wide, alone);
    let step = if alone {
        (wide / per_shelf).min(WIDEST + 9)
    } else {
        width.min(wide / per_shelf - 1) + 1
    };
    for (i, n) in lone.iter().enumerate() {
        let (row, column) = (i as u16 / per_shelf, i as u16 % per_shelf);
        let at = Rect { x: column * step, y: y + row * high, width: step - 1, height: high + more };
        plan.boxes.push((*n, at));
    }
    Some(plan)
}

fn node(plan: &mut Plan, forest: &Forest, n: usize, (x, y): (u16, u16), cut: Cut) -> u16 {
    let height = forest.leaves(n) * cut.high;
    plan.boxes.push((n, Rect { x, y, width: cut.wide, height: height + cut.more }));
    let mut below = y;
    for child in &forest.nodes[n].children {
        let right = x + cut.wide + cut.gap;
        let used = node(plan, forest, *child, (right, below), cut);
        if let Some(link) = forest.nodes[*child].link {
            // The arrow runs beside the first line of the replica's box.
            let at =
                Rect { x: x + cut.wide, y: below + 1, width: cut.gap, height: used - 1 + cut.more };
            plan.gaps.push((link, at));
        }
        below += used;
    }
    height
}
