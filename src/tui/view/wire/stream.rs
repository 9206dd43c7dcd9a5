//! The stream of a link whose bytes were not kept: the commands, and the bytes that they must be.

use super::super::frame::{Canvas, Text};
use super::super::{hex, words};
use crate::tui::app::{App, Pane};
use crate::tui::reduce::link::LinkKey;
use crate::tui::reduce::wire::stream::{Piece, resp_of};
use crate::tui::text::{clip, fit_right, grouped, width};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// Lines of hexadecimal bytes that one command may take.
const HEX_LINES: usize = 4;

pub fn draw(c: &mut Canvas, app: &App, area: Rect, key: &LinkKey) {
    // A master outside tells nothing; what its replica executes is the same stream.
    let outside = app.world.wire.of(&key.master).is_none();
    let master = if outside { &key.replica } else { &key.master };
    let head = Text::of(Mark::Quiet, " the stream of ")
        .add(Mark::Master, master.label())
        .add(Mark::Quiet, " byte by byte");
    let Some(pieces) = app.world.wire.of(master).filter(|p| !p.is_empty()) else {
        let lines = [
            head,
            Text::new(),
            Text::of(Mark::Quiet, " Nothing was written to it yet."),
            Text::of(Mark::Quiet, " Type SET name xd at the master."),
        ];
        c.lines(area, &lines);
        return;
    };
    let wide = area.width as usize;
    let room = (area.height as usize).saturating_sub(1);
    let back =
        app.scroll.get(&Pane::Wire).copied().unwrap_or(0).min(pieces.len().saturating_sub(1));
    let mut shown: Vec<Vec<Text>> = Vec::new();
    let mut used = 0;
    for piece in pieces.iter().rev().skip(back) {
        let lines = piece_lines(piece, wide, c.fresh(piece.at));
        used += lines.len();
        shown.push(lines);
        if used >= room {
            break;
        }
    }
    c.line(area, 0, &head);
    let mut lines: Vec<Text> = shown.into_iter().rev().flatten().collect();
    let skip = lines.len().saturating_sub(room);
    lines.drain(..skip);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    c.lines(body, &lines);
}

fn piece_lines(piece: &Piece, wide: usize, fresh: bool) -> Vec<Text> {
    let bytes = piece.to - piece.from + 1;
    let range = format!("{}–{}", grouped(piece.from.0), grouped(piece.to.0));
    let told = format!("{bytes} B");
    let room = wide.saturating_sub(width(&range) + width(&told) + 4);
    let head = Text::of(Mark::Quiet, format!(" {range} ")).add_fresh(
        Mark::Stream,
        clip(&words::write(&piece.wire), room),
        fresh,
    );
    let edge = wide.saturating_sub(width(&told) + 1);
    let mut lines = vec![head.pad_then(edge, Text::of(Mark::Quiet, told.as_str()))];
    let Some(raw) = resp_of(&piece.wire).filter(|raw| raw.len() as i64 == bytes) else {
        lines.push(Text::of(Mark::Quiet, "   too long, or not plain text: not shown byte by byte"));
        return lines;
    };
    // Where a line of bytes lies in the stream, the bytes, and what they read as: three columns
    // that keep their places.
    let place = width(&grouped(piece.to.0)).max(3);
    let per = (wide.saturating_sub(place + 4) / 4).clamp(4, 16);
    for (n, chunk) in raw.chunks(per).enumerate() {
        if n == HEX_LINES {
            lines.push(Text::of(Mark::Quiet, format!("   … {told} in all")));
            break;
        }
        let at = grouped(piece.from.0 + (n * per) as i64);
        lines.push(
            Text::of(Mark::Quiet, format!(" {} ", fit_right(&at, place)))
                .add(Mark::Ack, format!(" {} ", hex::bytes(chunk, per)))
                .add(Mark::Text, hex::letters(chunk)),
        );
    }
    lines
}
