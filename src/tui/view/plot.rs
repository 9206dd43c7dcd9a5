//! Lines over time in a small room: sparklines of one row, and a chart of braille dots.

use super::frame::{Canvas, Text};
use crate::tui::text::{fit_right, width};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// The heights that one cell can have.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Numbers as bars of one row, `most` as high as the cell. A nought is a dot, no number a blank.
pub fn spark(values: &[Option<u64>], most: u64) -> String {
    values
        .iter()
        .map(|v| match v {
            None => ' ',
            Some(0) => '·',
            Some(v) => {
                let part = u128::from(*v) * 8 / u128::from(most.max(1));
                BARS[usize::try_from(part).unwrap_or(7).min(7)]
            }
        })
        .collect()
}

/// One line of a chart: what it is called, how it is drawn, two values for each cell, what it
/// comes to in the end.
pub struct Line {
    pub label: String,
    pub mark: Mark,
    pub dots: Vec<Option<(u64, u64)>>,
    pub now: Option<u64>,
}

/// How the numbers of a chart are measured and written.
pub struct Scale {
    /// The axis begins at nought, and not at the smallest number.
    pub from_zero: bool,
    pub word: fn(u64) -> String,
}

/// Cells for the numbers at the left.
pub const AXIS: u16 = 11;
/// Cells for the names at the right.
pub const NAMES: u16 = 22;

/// Draws the lines on each other: numbers at the left, names with their last values at the right.
pub fn chart(c: &mut Canvas, area: Rect, lines: &[Line], scale: &Scale) {
    let wide = area.width.saturating_sub(AXIS + NAMES) as usize;
    let rows = area.height as usize;
    if wide < 4 || rows < 2 {
        return;
    }
    let values = || lines.iter().flat_map(|l| l.dots.iter().flatten());
    let most = values().map(|(peak, _)| *peak).max().unwrap_or(0);
    let least = match scale.from_zero {
        true => 0,
        false => values().map(|(_, end)| *end).min().unwrap_or(0),
    };
    let axis = |row: u16, text: String| {
        let text = fit_right(&text, AXIS as usize - 2);
        (row, Text::of(Mark::Quiet, text + " ┤"))
    };
    let mut left = vec![axis(0, (scale.word)(most)), axis(rows as u16 - 1, (scale.word)(least))];
    left.extend((1..rows as u16 - 1).map(|row| (row, Text::of(Mark::Quiet, "          │"))));
    for (row, text) in left {
        c.line(Rect { width: AXIS, ..area }, row, &text);
    }
    let high = rows * 4;
    let level = |v: u64| {
        let part = u128::from(v.saturating_sub(least)) * (high as u128 - 1);
        high - 1 - (part / u128::from((most - least).max(1))).min(high as u128 - 1) as usize
    };
    let mut dots = vec![0u8; wide * rows];
    let mut marks = vec![Mark::Quiet; wide * rows];
    let mut names: Vec<(usize, u64, Vec<&Line>)> = Vec::new();
    for line in lines {
        let mut before = None;
        for (x, dot) in line.dots.iter().take(wide * 2).enumerate() {
            let Some((peak, end)) = dot else {
                before = None;
                continue;
            };
            let (top, here) = (level(*peak), level(*end));
            let (from, to) = match before {
                Some(before) => (top.min(before).min(here), top.max(before).max(here)),
                None => (top.min(here), top.max(here)),
            };
            for y in from..=to {
                let cell = y / 4 * wide + x / 2;
                dots[cell] |= dot_bit(x % 2, y % 4);
                marks[cell] = line.mark;
            }
            before = Some(here);
        }
        if let Some(now) = line.now {
            match names.iter_mut().find(|(_, value, _)| *value == now) {
                Some((.., same)) => same.push(line),
                None => names.push((level(now) / 4, now, vec![line])),
            }
        }
    }
    for row in 0..rows {
        for column in 0..wide {
            let x = area.x + AXIS + column as u16;
            let (bits, mark) = (dots[row * wide + column], marks[row * wide + column]);
            if bits != 0
                && let Some(dot) = char::from_u32(0x2800 + u32::from(bits))
            {
                let mut text = [0; 4];
                let style = c.theme.of(mark);
                c.put(x, area.y + row as u16, area.right(), dot.encode_utf8(&mut text), style);
            }
        }
    }
    let right = Rect { x: area.right() - NAMES, width: NAMES, ..area };
    for (row, text) in placed(names, rows, scale) {
        c.line(right, row as u16, &text);
    }
}

/// The bit of a dot in a braille cell.
fn dot_bit(x: usize, y: usize) -> u8 {
    const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
    BITS[x][y]
}

/// The names beside the ends of their lines, moved apart where they would lie on each other.
/// Lines that end at the same value share a name.
fn placed(
    mut names: Vec<(usize, u64, Vec<&Line>)>,
    rows: usize,
    scale: &Scale,
) -> Vec<(usize, Text)> {
    names.sort_by_key(|(row, value, _)| (*row, std::cmp::Reverse(*value)));
    let over = names.len().saturating_sub(rows);
    let mut out = Vec::new();
    let mut free = 0;
    let count = names.len().min(rows);
    for (n, (row, value, same)) in names.into_iter().take(rows).enumerate() {
        // Those that still come need a row each.
        let row = row.max(free).min(rows - (count - n));
        free = row + 1;
        let value = (scale.word)(value);
        let mark = same.first().map_or(Mark::Text, |l| l.mark);
        let room = NAMES as usize - 2 - width(&value);
        let mut text = Text::of(mark, format!(" {}", together(&same, room.saturating_sub(1))))
            .add(Mark::Text, format!(" {value}"));
        if over > 0 && n + 1 == rows {
            text = Text::of(Mark::Quiet, format!(" and {} more", over + 1));
        }
        out.push((row, text));
    }
    out
}

/// Several names in so many cells: `6380 6381`, `6380 +14`.
fn together(lines: &[&Line], room: usize) -> String {
    let all = lines.iter().map(|l| l.label.as_str()).collect::<Vec<_>>().join(" ");
    if width(&all) <= room {
        return all;
    }
    let first = lines.first().map_or("", |l| l.label.as_str());
    crate::tui::text::clip(&format!("{first} +{}", lines.len() - 1), room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_grow_with_their_numbers() {
        assert_eq!(spark(&[None, Some(0), Some(1), Some(50), Some(100)], 100), " ·▁▅█");
        assert_eq!(spark(&[Some(u64::MAX)], u64::MAX), "█");
    }

    #[test]
    fn names_do_not_lie_on_each_other() {
        let line = |label: &str| Line {
            label: label.into(),
            mark: Mark::Text,
            dots: Vec::new(),
            now: Some(1),
        };
        let (a, b, c) = (line("6380"), line("6381"), line("6382"));
        let scale = Scale { from_zero: true, word: |n| n.to_string() };
        let names = vec![(3, 1, vec![&a]), (3, 2, vec![&b]), (0, 9, vec![&c])];
        let rows: Vec<usize> = placed(names, 4, &scale).iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, [0, 2, 3]);
        let names = vec![(1, 1, vec![&a]), (1, 2, vec![&b]), (1, 3, vec![&c])];
        let texts = placed(names, 2, &scale);
        assert_eq!(texts.len(), 2);
        assert_eq!(texts[1].1.0[0].1, " and 2 more");
    }
}
