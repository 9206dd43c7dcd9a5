//! The RDB as it passes, from the magic word to the checksum: every record with its place, its bytes
//! and its meaning.
//!
//! ```text
//!     0  52 45 44 49 53 30 30 31  an RDB file, version 10
//!     9  fa 09 72 65 64 69 73 2d  aux redis-ver = 7.0.15
//!   130  00 04 6e 61 6d 65 02 78  string name = xd
//! ```

use super::frame::{Canvas, Text};
use super::hex;
use crate::console::rdb::record;
use crate::observe::RdbWhat;
use crate::tui::app::{App, Pane};
use crate::tui::reduce::rdb::{File, Record};
use crate::tui::text::{clip, count, grouped, size, width};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// From this width on bytes and meaning stand side by side.
const BESIDE: u16 = 60;
/// Lines of bytes that a record may take there.
const LINES: usize = 3;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let Some(key) = app.link() else {
        c.line(area, 0, &Text::of(Mark::Quiet, " no link, no RDB"));
        return;
    };
    let wide = area.width as usize;
    let Some(file) = app.world.rdbs.link(&key) else {
        let (master, replica) = (key.master.label(), key.replica.label());
        let mut lines =
            vec![Text::of(Mark::Quiet, clip(&format!(" {master} → {replica}: no RDB yet"), wide))];
        let text = "An RDB passes in a full sync only: a partial resync sends what is lacking of \
                    the stream instead.";
        lines.push(Text::new());
        lines.extend(Text::wrapped(Mark::Quiet, " ", text, wide));
        c.lines(area, &lines);
        return;
    };
    c.line(area, 0, &head(file, &key.master.label(), &key.replica.label(), wide));
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    // From the newest record back, as many as are to be seen.
    let room = body.height as usize;
    let end = file.bytes();
    let heights: Vec<usize> = file.records.iter().map(|r| rows(r, area.width, end)).collect();
    let all: usize = heights.iter().sum();
    let most = all.saturating_sub(room);
    app.scroll_most.borrow_mut().insert(Pane::Rdb, most);
    let back = app.scroll.get(&Pane::Rdb).copied().unwrap_or(0).min(most);
    let top = most - back;
    let (mut at, mut lines) = (0, Vec::new());
    for (record, height) in file.records.iter().zip(heights) {
        if at + height > top && at < top + room {
            let of = lines_of(record, area.width, end, c.fresh(record.seen));
            let skip = top.saturating_sub(at);
            lines.extend(of.into_iter().skip(skip));
        }
        at += height;
        if at >= top + room {
            break;
        }
    }
    c.lines(body, &lines);
}

/// What the file comes to.
fn head(file: &File, master: &str, replica: &str, wide: usize) -> Text {
    let end = match file.records.last().map(|r| &r.what) {
        Some(RdbWhat::Checksum { .. }) => (Mark::Good, "whole ✓"),
        Some(RdbWhat::Broken { .. }) => (Mark::Broken, "broken ╳"),
        _ => (Mark::Waiting, "on its way"),
    };
    let untold = file.is_cut();
    let keys = match file.keys {
        1 if !untold => "1 key".to_owned(),
        n if untold => format!("the first {} keys", count(n)),
        n => format!("{} keys", count(n)),
    };
    let text = format!(" {} · {keys} · ", size(file.bytes()));
    let who = format!(" {master} ══▶ {replica}");
    let room = wide.saturating_sub(width(&text) + width(end.1));
    let who = if width(&who) <= room { who } else { String::new() };
    Text::of(Mark::Rdb, who).add(Mark::Quiet, text).add(end.0, end.1)
}

/// Bytes on a line, and cells of the place in front of them.
fn layout(wide: u16, end: u64) -> (usize, usize) {
    let place = hex::room(end);
    match wide {
        ..BESIDE => (((wide as usize).saturating_sub(place + 3) / 3).clamp(4, 16), place),
        BESIDE..100 => (8, place),
        _ => (16, place),
    }
}

/// How many lines a record takes.
fn rows(record: &Record, wide: u16, end: u64) -> usize {
    let (per, _) = layout(wide, end);
    let bytes = record.raw.bytes().len().div_ceil(per);
    if wide < BESIDE { 1 + bytes.min(1) } else { bytes.clamp(1, LINES) }
}

fn lines_of(record: &Record, wide: u16, end: u64, fresh: bool) -> Vec<Text> {
    let (per, place) = layout(wide, end);
    let mark = mark(&record.what);
    let at = |offset: u64| hex::place(&grouped(offset as i64), place);
    let says = self::record(&record.what);
    let bytes = record.raw.bytes();
    if wide < BESIDE {
        let room = (wide as usize).saturating_sub(place + 2);
        let mut out = vec![at(record.at).add_fresh(mark, format!(" {}", clip(&says, room)), fresh)];
        if !bytes.is_empty() {
            let cut = bytes.len() > per || record.raw.is_cut();
            let shown = hex::bytes(&bytes[..bytes.len().min(per)], per);
            let more = if cut { "…" } else { "" };
            let line = Text::of(Mark::Quiet, " ".repeat(place + 1));
            out.push(line.add(Mark::Ack, format!("{}{more}", shown.trim_end())));
        }
        return out;
    }
    let column = place + 2 + per * 3;
    let mut says = Text::wrapped(mark, "", &says, (wide as usize).saturating_sub(column + 1));
    let rows = rows(record, wide, end);
    if says.len() > rows {
        // The meaning is cut where the bytes are: it must not push the next record away.
        says.truncate(rows);
        if let Some((_, text, _)) = says.last_mut().and_then(|t| t.0.last_mut()) {
            let room = (wide as usize).saturating_sub(column + 2);
            *text = format!("{}…", clip(text, room.saturating_sub(1)));
        }
    }
    let mut says = says.into_iter();
    let mut chunks = bytes.chunks(per);
    let mut out = Vec::new();
    for n in 0..rows {
        let chunk = chunks.next().unwrap_or_default();
        let more = n + 1 == rows && (record.raw.len() > (per * rows) as u64);
        let gap = if more { "…" } else { " " };
        let line = match chunk.is_empty() && n > 0 {
            true => Text::of(Mark::Quiet, " ".repeat(place + 1)),
            false => at(record.at + (n * per) as u64),
        };
        let line = line.add(Mark::Ack, format!(" {}{gap}", hex::bytes(chunk, per)));
        let meaning = says.next().and_then(|t| t.0.into_iter().next());
        let meaning = meaning.map(|(mark, text, _)| (mark, text, fresh));
        let mut line = line;
        line.0.extend(meaning);
        out.push(line);
    }
    out
}

fn mark(what: &RdbWhat) -> Mark {
    match what {
        RdbWhat::Magic { .. } | RdbWhat::Eof => Mark::Rdb,
        RdbWhat::Key(_) => Mark::Text,
        RdbWhat::Checksum { .. } => Mark::Good,
        RdbWhat::Broken { .. } => Mark::Broken,
        _ => Mark::Quiet,
    }
}
