//! The backlog drawn: a ring that fills and then loses its oldest bytes, and the window that it
//! holds, with everybody's place in it.
//!
//! ```text
//!  ╭▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▶░░░░░░╮
//!  ░ 1,271 B of 2 KB         ░
//!  ╰░░░░░░░░░░░░░░░░░░░░░░░░░╯
//!   ├────────────b────────────a▏
//!   1                     1,272
//! ```

use super::frame::Text;
use crate::lab::model::Backlog;
use crate::tui::text::{fit, grouped, width};
use crate::tui::theme::Mark;

/// Rows of the ring.
const HIGH: usize = 5;

/// The ring, so many cells wide, with lines inside.
pub fn ring(b: &Backlog, wide: usize, inside: [Text; 3]) -> Vec<Text> {
    let wide = wide.max(8);
    let cells = 2 * wide + 2 * (HIGH - 2);
    let held = b.histlen.min(b.size);
    // Byte n of the stream lies at n - 1, and so many bytes on it is overwritten.
    let place = |offset: i64| (offset - 1).rem_euclid(i64::try_from(b.size).unwrap_or(i64::MAX));
    let next = place(b.last().0 + 1) as u64;
    let begin = (next + b.size - held) % b.size.max(1);
    let at = |cell: usize| (cell as u128 * u128::from(b.size) / cells as u128) as u64;
    let head = (u128::from(next) * cells as u128 / u128::from(b.size.max(1))) as usize % cells;
    let sign = |cell: usize| -> (Mark, char) {
        if cell == head {
            // The way round: to the right above, to the left below.
            let way = match cell {
                c if c < wide => '▶',
                c if c < wide + HIGH - 2 => '▼',
                c if c < 2 * wide + HIGH - 2 => '◀',
                _ => '▲',
            };
            return (Mark::Focus, way);
        }
        // How far behind the first byte held this cell begins, and whether any of it is held.
        let (from, to) = (at(cell), at(cell + 1).max(at(cell) + 1));
        let behind = |p: u64| (p + b.size - begin) % b.size.max(1);
        let is_held = held > 0 && (behind(from) < held || behind(to - 1) < held);
        if is_held { (Mark::Stream, '▓') } else { (Mark::Quiet, '░') }
    };
    let row = |cells: Vec<usize>| {
        let mut text = Text::of(Mark::Text, " ");
        for cell in cells {
            let (mark, c) = sign(cell);
            match text.0.last_mut() {
                Some((last, piece, _)) if *last == mark => piece.push(c),
                _ => text.0.push((mark, c.to_string(), false)),
            }
        }
        text
    };
    let mut out = vec![row((0..wide).collect())];
    for (n, line) in inside.into_iter().enumerate() {
        let right = wide + n;
        let left = cells - 1 - n;
        let mut text = row(vec![left]);
        let pad = (wide - 2).saturating_sub(line.width() + 1);
        text.0.push((Mark::Text, " ".into(), false));
        text.0.extend(line.0);
        text.0.push((Mark::Text, " ".repeat(pad), false));
        text.0.extend(row(vec![right]).0.into_iter().skip(1));
        out.push(text);
    }
    let below = wide + HIGH - 2;
    out.push(row((below..below + wide).rev().collect()));
    out
}

/// Somebody's place in the window: a letter, and the first byte that it lacks.
pub struct Place {
    pub letter: char,
    pub offset: i64,
    pub good: bool,
}

/// The window from its first byte to the next one that will be written, and who would go on where.
/// Those who ask for bytes before it or ahead of it stand outside.
pub fn window(b: &Backlog, wide: usize, places: &[Place]) -> Vec<Text> {
    let band = wide.saturating_sub(8).max(6);
    let (first, next) = (b.first.0, b.last().0 + 1);
    let mut cells: Vec<Option<&Place>> = vec![None; band];
    let (mut before, mut ahead) = (Vec::new(), Vec::new());
    for p in places {
        if p.offset < first {
            before.push(p);
        } else if p.offset > next {
            ahead.push(p);
        } else {
            let part = i128::from(p.offset - first) * (band as i128 - 1);
            let at = (part / i128::from((next - first).max(1))) as usize;
            // Letters that would lie on each other stand side by side.
            let free = (0..=at).rev().chain(at + 1..band).find(|i| cells[*i].is_none());
            if let Some(free) = free {
                cells[free] = Some(p);
            }
        }
    }
    let outside = |all: &[&Place]| -> String {
        let letters: String = all.iter().take(3).map(|p| p.letter).collect();
        if all.len() > 3 { format!("{letters}…") } else { letters }
    };
    let mark = |p: &Place| if p.good { Mark::Good } else { Mark::Broken };
    let mut text = Text::of(Mark::Broken, format!("{:>3}", outside(&before)))
        .add(Mark::Quiet, if before.is_empty() { " ├" } else { "‹├" });
    for cell in &cells {
        text = match cell {
            Some(p) => text.add(mark(p), p.letter.to_string()),
            None => text.add(Mark::Stream, "─"),
        };
    }
    let text = text
        .add(Mark::Quiet, if ahead.is_empty() { "▏" } else { "▏›" })
        .add(Mark::Broken, outside(&ahead));
    let (low, high) = (grouped(first), format!("next {}", grouped(next)));
    let room = band + 2;
    let gap = room.saturating_sub(width(&low) + width(&high));
    let numbers = match gap {
        0 => format!("    {}", fit(&high, room)),
        gap => format!("    {low}{}{high}", " ".repeat(gap)),
    };
    vec![text, Text::of(Mark::Quiet, numbers)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Offset;

    fn flat(lines: &[Text]) -> Vec<String> {
        lines.iter().map(|l| l.0.iter().map(|p| p.1.as_str()).collect()).collect()
    }

    fn inside() -> [Text; 3] {
        [Text::new(), Text::new(), Text::new()]
    }

    #[test]
    fn a_ring_fills_from_the_left_and_then_turns() {
        let b = |first: i64, histlen: u64| Backlog { first: Offset(first), histlen, size: 2_600 };
        let empty = flat(&ring(&b(1, 0), 10, inside()));
        assert_eq!(empty[0], " ▶░░░░░░░░░");
        let some = flat(&ring(&b(1, 400), 10, inside()));
        assert_eq!(some[0], " ▓▓▓▓▶░░░░░");
        // Full, and 300 bytes were overwritten.
        let full = flat(&ring(&b(301, 2_600), 10, inside()));
        assert_eq!(full[0], " ▓▓▓▶▓▓▓▓▓▓");
        assert_eq!(full[4], " ▓▓▓▓▓▓▓▓▓▓");
        assert!(full.iter().all(|l| width(l) == 11), "{full:?}");
    }

    #[test]
    fn letters_stand_where_they_would_go_on() {
        let b = Backlog { first: Offset(1_001), histlen: 1_000, size: 1_000 };
        let place = |letter, offset| Place { letter, offset, good: true };
        let places = [
            place('a', 2_001),
            place('b', 2_001),
            place('c', 1_001),
            place('d', 5),
            place('e', 9_999),
        ];
        let lines = flat(&window(&b, 28, &places));
        assert_eq!(lines[0], "  d‹├c─────────────────ba▏›e");
        assert_eq!(lines[1].trim(), "1,001       next 2,001");
    }
}
