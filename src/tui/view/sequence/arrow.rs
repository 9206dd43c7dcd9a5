//! Arrows between the two life lines. The shape tells what travels even without colour:
//! `──▶` a message or the stream, `══▶` an RDB, `··▶` an acknowledgement, `╌╌╳` what broke.

use super::super::frame::Text;
use crate::tui::text::{clip, width};
use crate::tui::theme::Mark;

/// An arrow's stroke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    Plain,
    Rdb,
    Ack,
    Dashed,
}

impl Stroke {
    pub fn char(self) -> char {
        match self {
            Stroke::Plain => '─',
            Stroke::Rdb => '═',
            Stroke::Ack => '·',
            Stroke::Dashed => '╌',
        }
    }

    fn tail(self, right: bool) -> char {
        match (self, right) {
            (Stroke::Rdb, true) => '╞',
            (Stroke::Rdb, false) => '╡',
            (Stroke::Ack, _) => '·',
            (_, true) => '├',
            (_, false) => '┤',
        }
    }
}

/// An arrow of exactly `cells` cells with its label near its tail, where the sentence begins.
/// `to_right`: from the replica to the master.
pub fn arrow(cells: usize, to_right: bool, stroke: Stroke, label: &Text, mark: Mark) -> Text {
    let line = |n: usize| stroke.char().to_string().repeat(n);
    let label = cut(label, cells.saturating_sub(7));
    let rest = cells.saturating_sub(label.width() + 6);
    let mut out = Text::new();
    if to_right {
        out = out.add(mark, format!("{}{} ", stroke.tail(true), line(1)));
        out.0.extend(label.0);
        out.add(mark, format!(" {}▶", line(rest + 1)))
    } else {
        out = out.add(mark, format!("◀{} ", line(rest + 1)));
        out.0.extend(label.0);
        out.add(mark, format!(" {}{}", line(1), stroke.tail(false)))
    }
}

/// The arrow of a step that waits: it has not left yet, and its head is open.
pub fn held_arrow(cells: usize, to_right: bool, label: &Text) -> Text {
    let line = |n: usize| Stroke::Dashed.char().to_string().repeat(n);
    let label = cut(label, cells.saturating_sub(7));
    let rest = cells.saturating_sub(label.width() + 6);
    let mut out = Text::new();
    if to_right {
        out = out.add(Mark::Waiting, format!("├{} ", line(1)));
        out.0.extend(label.0);
        out.add(Mark::Waiting, format!(" {}▷", line(rest + 1)))
    } else {
        out = out.add(Mark::Waiting, format!("◁{} ", line(rest + 1)));
        out.0.extend(label.0);
        out.add(Mark::Waiting, format!(" {}┤", line(1)))
    }
}

/// A text between the life lines, leaning to the replica's side, the master's, or the middle.
pub fn lean(cells: usize, to: Lean, text: &Text) -> Text {
    let text = cut(text, cells.saturating_sub(2));
    let gap = cells.saturating_sub(text.width());
    let before = match to {
        Lean::Replica => 1.min(gap),
        Lean::Middle => gap / 2,
        Lean::Master => gap.saturating_sub(1),
    };
    let mut out = Text::of(Mark::Text, " ".repeat(before));
    out.0.extend(text.0);
    out.pad_then(cells, Text::new())
}

/// Where a remark belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lean {
    Replica,
    Middle,
    Master,
}

/// The text cut to `cells`.
pub fn cut(text: &Text, cells: usize) -> Text {
    let mut left = cells;
    let mut out = Text::new();
    for (mark, piece, fresh) in &text.0 {
        if left == 0 {
            break;
        }
        let piece = clip(piece, left);
        left -= width(&piece).min(left);
        out.0.push((*mark, piece, *fresh));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(t: &Text) -> String {
        t.0.iter().map(|p| p.1.as_str()).collect()
    }

    #[test]
    fn arrows_are_exactly_as_wide_as_the_room() {
        for cells in 10..40 {
            for right in [true, false] {
                let label = Text::of(Mark::Text, "PSYNC 5c1e… 1");
                let a = arrow(cells, right, Stroke::Plain, &label, Mark::Handshake);
                assert_eq!(a.width(), cells, "{}", flat(&a));
            }
        }
    }

    #[test]
    fn directions_and_shapes_differ_without_colour() {
        let label = Text::of(Mark::Text, "X");
        assert_eq!(flat(&arrow(12, true, Stroke::Plain, &label, Mark::Text)), "├─ X ──────▶");
        assert_eq!(flat(&arrow(12, false, Stroke::Rdb, &label, Mark::Text)), "◀══════ X ═╡");
    }
}
