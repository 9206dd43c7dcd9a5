//! What is on the wire: the bytes of the chosen link beside their meaning, both ways.
//!
//! ```text
//! ──▶ REPLCONF ACK 31                                    35 B
//!     163  2a 33 0d 0a 24 38 0d 0a  *3␍␊$8␍␊
//! ◀── SET name xd                            offset 32 · 31 B
//!      32  2a 33 0d 0a 24 33 0d 0a  *3␍␊$3␍␊
//! ```

mod stream;

use super::frame::{Canvas, Text};
use super::{hex, words};
use crate::console::units::plural;
use crate::tui::app::{App, Pane};
use crate::tui::reduce::link::LinkKey;
use crate::tui::reduce::row::Dir;
use crate::tui::reduce::wire::{Bytes, LinkBytes, What};
use crate::tui::text::{clip, count, grouped, size, width};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// Lines of bytes that one message may take, and the one that is selected.
const LINES: usize = 4;
const LINES_SELECTED: usize = 12;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let selected = app.selected();
    let key = selected.as_ref().map(|item| item.seq.key.clone()).or_else(|| app.link());
    let Some(key) = key else {
        c.line(area, 0, &Text::of(Mark::Quiet, " no replica, nothing on the wire"));
        return;
    };
    let Some(bytes) = app.world.wire.link(&key) else {
        return stream::draw(c, app, area, &key);
    };
    let wide = area.width as usize;
    let wanted = selected.as_ref().map(|item| bytes.of_row(item.row));
    c.line(area, 0, &head(&key, bytes, wanted, wide));
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let place = wanted.flatten();
    let lines = visible(c, app, bytes, place, body);
    c.lines(body, &lines);
}

fn head(key: &LinkKey, bytes: &LinkBytes, wanted: Option<Option<usize>>, wide: usize) -> Text {
    let (replica, master) = (key.replica.label(), key.master.label());
    let what = match wanted {
        Some(None) => "the selected row has no bytes of its own".to_owned(),
        Some(Some(_)) => "the bytes of the selected row ▶".to_owned(),
        None if bytes.dropped > 0 => {
            format!("the last {} messages", count(bytes.list.len() as u64))
        }
        None => "byte by byte, both ways".to_owned(),
    };
    let who = format!(" {replica} ──▶ {master} ");
    let room = wide.saturating_sub(width(&who));
    Text::of(Mark::Replica, who).add(Mark::Quiet, clip(&what, room))
}

/// The lines to be seen: the newest at the foot, or the selected message in sight.
fn visible(
    c: &Canvas,
    app: &App,
    bytes: &LinkBytes,
    selected: Option<usize>,
    body: Rect,
) -> Vec<Text> {
    let (wide, room) = (body.width as usize, body.height as usize);
    let list = &bytes.list;
    let end = bytes.end();
    let height = |i: usize| rows(&list[i], wide, end, selected == Some(i));
    let lines = |i: usize| lines_of(&list[i], wide, end, selected == Some(i), c.fresh(list[i].at));
    if let Some(here) = selected {
        // A few lines of what came before, then the message, then what followed.
        let mut first = here;
        let mut above = 0;
        while first > 0 && above + height(first - 1) <= room / 3 {
            first -= 1;
            above += height(first);
        }
        let mut out = Vec::new();
        for i in first..list.len() {
            out.extend(lines(i));
            if out.len() >= room {
                break;
            }
        }
        out.truncate(room);
        app.scroll_most.borrow_mut().insert(Pane::Wire, 0);
        return out;
    }
    let all: usize = (0..list.len()).map(height).sum();
    let most = all.saturating_sub(room);
    app.scroll_most.borrow_mut().insert(Pane::Wire, most);
    let top = most - app.scroll.get(&Pane::Wire).copied().unwrap_or(0).min(most);
    let (mut at, mut out) = (0, Vec::new());
    for i in 0..list.len() {
        let height = height(i);
        if at + height > top && at < top + room {
            out.extend(lines(i).into_iter().skip(top.saturating_sub(at)));
        }
        at += height;
    }
    out.truncate(room);
    out
}

/// Bytes on a line, and cells of the place in front of them.
fn layout(wide: usize, end: u64) -> (usize, usize) {
    let place = hex::room(end);
    (((wide.saturating_sub(place + 3)) / 4).clamp(4, 16), place)
}

fn hex_rows(b: &Bytes, per: usize, selected: bool) -> usize {
    let most = match b.what {
        // What an RDB holds has a pane of its own.
        What::Rdb { .. } => 1,
        What::Newlines(_) => 0,
        _ if selected => LINES_SELECTED,
        _ => LINES,
    };
    b.raw.len().div_ceil(per).min(most)
}

fn rows(b: &Bytes, wide: usize, end: u64, selected: bool) -> usize {
    1 + hex_rows(b, layout(wide, end).0, selected)
}

fn lines_of(b: &Bytes, wide: usize, end: u64, selected: bool, fresh: bool) -> Vec<Text> {
    let (per, place) = layout(wide, end);
    let (mark, says) = meaning(b);
    let arrow = match (&b.what, b.dir) {
        (What::Connection, _) => "───",
        (What::Rdb { .. }, Dir::ToReplica) => "◀══",
        (_, Dir::ToReplica) => "◀──",
        (_, Dir::ToMaster) => "──▶",
    };
    let sign = if selected { "▶" } else { " " };
    let told = match (b.offset, b.len) {
        (_, 0) => String::new(),
        (Some(offset), len) => format!("offset {} · {}", grouped(offset.0), size(len)),
        (None, len) => size(len),
    };
    let room = wide.saturating_sub(width(&told) + 6);
    let line = Text::of(Mark::Key, sign)
        .add(mark, format!("{arrow} "))
        .add_fresh(mark, clip(&says, room), fresh || selected)
        .pad_then(wide.saturating_sub(width(&told)), Text::of(Mark::Quiet, told));
    let mut out = vec![line];
    let rows = hex_rows(b, per, selected);
    let from = b.offset.map_or(b.pos as i64, |o| o.0);
    for (n, chunk) in b.raw.chunks(per).take(rows).enumerate() {
        let last = n + 1 == rows && b.len > (per * rows) as u64;
        let gap = if last { "…" } else { " " };
        out.push(
            hex::place(&grouped(from + (n * per) as i64), place)
                .add(Mark::Ack, format!(" {}{gap}", hex::bytes(chunk, per)))
                .add(Mark::Text, hex::letters(chunk)),
        );
    }
    out
}

fn meaning(b: &Bytes) -> (Mark, String) {
    match &b.what {
        What::Request { words, whole } => {
            let first = words.first().map_or("", |w| w.text());
            let is = |word: &str| first.eq_ignore_ascii_case(word);
            let ack = words.get(1).is_some_and(|w| w.text().eq_ignore_ascii_case("ack"));
            let mark = match b.offset {
                Some(_) if is("ping") || is("replconf") => Mark::Ack,
                Some(_) => Mark::Stream,
                None if is("replconf") && ack => Mark::Ack,
                None => Mark::Handshake,
            };
            let says = words::command(words);
            (mark, if *whole { says } else { format!("{says} (not all of it was kept)") })
        }
        What::Line(line) if line.text().starts_with('-') => (Mark::Error, line.to_string()),
        What::Line(line) if line.text().starts_with("$EOF:") => {
            (Mark::Rdb, format!("RDB of unknown length, its mark: {line}"))
        }
        What::Line(line) if line.text().starts_with('$') => {
            (Mark::Rdb, format!("RDB of {} bytes", line.text().trim_start_matches('$')))
        }
        What::Line(line) => (Mark::Handshake, line.to_string()),
        What::Newlines(1) => (Mark::Ack, "newline: keeps the link alive".into()),
        What::Newlines(n) => {
            (Mark::Ack, format!("{} newlines: keep the link alive", count((*n).into())))
        }
        What::Rdb { from, to, pieces } => {
            let pieces = plural(u64::from(*pieces), "piece");
            let last = to.saturating_sub(1);
            (Mark::Rdb, format!("RDB bytes {}–{} ({pieces})", count(*from), count(last)))
        }
        What::Mark => (Mark::Rdb, "the closing mark: the RDB is whole".into()),
        What::Gap(n) => (Mark::Waiting, format!("… {} passed and were not kept", size(*n))),
        What::Connection => (Mark::Quiet, "a new connection".into()),
    }
}
