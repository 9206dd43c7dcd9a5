//! LOLWUT: a drawing, and the version.

use crate::engine::Engine;
use crate::engine::call::{Call, CommandSpec, flags::*};
use crate::engine::life::REDIS_VERSION;
use crate::engine::rng::Rng;
use crate::wire::num;

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::server("lolwut", -1, lolwut, "5.0.0", READONLY | FAST)];

fn lolwut(e: &mut Engine, call: &Call<'_>) {
    let (mut version, mut args) = (7, &call.args[1..]);
    if args.len() >= 2 && args[0].eq_ignore_ascii_case(b"version") {
        let Some(n) = e.int_arg(args[1]) else { return };
        (version, args) = (n, &args[2..]);
    }
    // Only the old drawings have sizes: the rest of the line means nothing to the others.
    if !matches!(version, 5 | 6) {
        args = &[];
    }
    let mut sizes = Vec::new();
    for (i, arg) in args.iter().take(3).enumerate() {
        let Some(n) = num::parse_i64(arg) else {
            return e.reply.error("ERR value is not an integer or out of range");
        };
        let most = if version == 5 && i > 0 { 200 } else { 1000 };
        sizes.push(n.clamp(1, most) as usize);
    }
    let size = |i: usize, default: usize| sizes.get(i).copied().unwrap_or(default);
    let drawing = match version {
        5 => falling_squares(&mut e.rng, size(0, 66), size(1, 8), size(2, 12)),
        6 => skyline(&mut e.rng, size(0, 80), size(1, 20)),
        _ => String::new(),
    };
    e.reply.verbatim("txt", format!("{drawing}Redis ver. {REDIS_VERSION}\n").as_bytes());
}

/// A number from 0 to 1.
fn chance(rng: &mut Rng) -> f64 {
    rng.below(1 << 20) as f64 / f64::from(1 << 20)
}

/// Dots, two by four in each character: braille.
struct Canvas {
    columns: usize,
    cells: Vec<u8>,
}

impl Canvas {
    fn new(columns: usize, rows: usize) -> Canvas {
        Canvas { columns, cells: vec![0; columns * rows] }
    }

    fn dot(&mut self, x: f64, y: f64) {
        // The bits of a braille character, column by column.
        const BITS: [[u8; 4]; 2] = [[0, 1, 2, 6], [3, 4, 5, 7]];
        if x < 0.0 || y < 0.0 {
            return;
        }
        let (x, y) = (x as usize, y as usize);
        if x / 2 < self.columns
            && let Some(cell) = self.cells.get_mut(y / 4 * self.columns + x / 2)
        {
            *cell |= 1 << BITS[x % 2][y % 4];
        }
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0);
        for i in 0..=steps as usize {
            let part = i as f64 / steps;
            self.dot(from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for row in self.cells.chunks(self.columns) {
            out.extend(
                row.iter().map(|dots| char::from_u32(0x2800 + u32::from(*dots)).unwrap_or(' ')),
            );
            out.push('\n');
        }
        out
    }
}

/// Squares in rows; the further down, the more they turn and stray.
fn falling_squares(rng: &mut Rng, columns: usize, across: usize, down: usize) -> String {
    let margin = if columns > 4 { 2.0 } else { 0.0 };
    let side = (columns as f64 * 2.0 - margin * 2.0) / across as f64;
    let height = side * down as f64 + margin * 2.0;
    // Enough for the largest request would be far too much: what does not fit is cut off.
    let rows = ((height / 4.0).ceil() as usize + 1).min(1000);
    let mut canvas = Canvas::new(columns, rows);
    for y in 0..down {
        let disorder = y as f64 / down as f64;
        for x in 0..across {
            let turn = (chance(rng) - 0.5) * disorder * 1.8;
            let mut stray = || (chance(rng) - 0.5) * disorder * side / 2.0;
            let center = (
                margin + (x as f64 + 0.5) * side + stray(),
                margin + (y as f64 + 0.5) * side + stray(),
            );
            square(&mut canvas, center, side * 0.5, turn);
        }
    }
    canvas.text() + "\nSquares that forget their order, after plotter drawings of the sixties.\n"
}

fn square(canvas: &mut Canvas, center: (f64, f64), half: f64, turn: f64) {
    let (sin, cos) = turn.sin_cos();
    let corner = |x: f64, y: f64| {
        (center.0 + half * (x * cos - y * sin), center.1 + half * (x * sin + y * cos))
    };
    let corners = [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)];
    for i in 0..4 {
        canvas.line(corners[i], corners[(i + 1) % 4]);
    }
}

/// Houses at night, some windows lit.
fn skyline(rng: &mut Rng, columns: usize, rows: usize) -> String {
    let mut cells = vec![vec![' '; columns]; rows];
    let mut left = 0;
    while left < columns {
        let wide = (4 + rng.below(6) as usize).min(columns - left);
        let high = 1 + rng.below(rows as u64) as usize;
        for (level, row) in cells.iter_mut().rev().take(high).enumerate() {
            for (x, cell) in row[left..left + wide].iter_mut().enumerate() {
                let window = level % 2 == 1 && x % 2 == 1 && x + 1 < wide && level + 1 < high;
                let lit = window && rng.below(3) == 0;
                *cell = if lit { '░' } else { '▓' };
            }
        }
        left += wide + rng.below(2) as usize;
    }
    let mut out: String = cells.into_iter().flat_map(|row| row.into_iter().chain(['\n'])).collect();
    out += "\nA town that stays up late.\n";
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawings_have_the_size_that_was_asked_for() {
        let mut rng = Rng::new([7; 32]);
        let town = skyline(&mut rng, 30, 5);
        assert!(town.lines().take(5).all(|line| line.chars().count() == 30));
        let squares = falling_squares(&mut rng, 20, 4, 4);
        assert!(squares.lines().next().is_some_and(|line| line.chars().count() == 20));
        for (columns, across, down) in [(1, 1, 1), (1, 200, 200), (1000, 1, 200)] {
            falling_squares(&mut rng, columns, across, down);
        }
        skyline(&mut rng, 1, 1);
    }
}
