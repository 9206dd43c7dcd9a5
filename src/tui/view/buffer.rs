//! What waits: the writes in each replica's output buffer, and what they wait for.

use super::frame::{Canvas, Text};
use super::words;
use crate::lab::model::LinkStatus;
use crate::tui::app::App;
use crate::tui::reduce::link::LinkKey;
use crate::tui::reduce::row::{Row, Write};
use crate::tui::text::{bar, count, grouped, size, span, wrap};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let Some(key) = app.link() else {
        c.line(area, 0, &Text::of(Mark::Quiet, " no replica, no buffer"));
        return;
    };
    let links = app.world.model.links();
    let link = links.iter().find(|l| words::key_of(l) == key);
    let Some(seq) = app.world.links.get(&key) else { return };
    let waiting = link
        .and_then(|l| l.down)
        .map_or(0, |d| d.held_bytes.max(d.left))
        .max(if seq.is_alive() { seq.held_bytes } else { 0 });
    let mut lines = vec![
        Text::of(Mark::Quiet, " of ")
            .add(Mark::Master, key.master.label())
            .add(Mark::Quiet, " for ")
            .add(Mark::Replica, key.replica.label()),
    ];
    let mark = if waiting > 0 { Mark::Waiting } else { Mark::Quiet };
    lines.extend(gauge(app, &key, waiting, mark, area.width as usize));
    lines.push(Text::new());
    let wide = area.width as usize;
    let held: Vec<(&Row, &Write)> = seq.held_writes().collect();
    if held.is_empty() {
        let why = match link.map(|l| l.status) {
            Some(LinkStatus::Online) => " The stream flows: what is written leaves at once.",
            Some(LinkStatus::Transfer) => {
                " A write made now would wait here for the end of the RDB."
            }
            Some(LinkStatus::Waiting) => {
                " The BGSAVE has not begun: a write made now is in the snapshot itself."
            }
            _ => " Nothing waits: there is no link.",
        };
        for line in wrap(why.trim_start(), wide.saturating_sub(2)) {
            lines.push(Text::of(Mark::Quiet, format!(" {line}")));
        }
    }
    let room = (area.height as usize).saturating_sub(lines.len() + 3);
    let (waits, gone): (Vec<_>, Vec<_>) = held.iter().partition(|(_, w)| w.waits());
    let skip = held.len().saturating_sub(room.max(1));
    if skip > 0 {
        lines.push(Text::of(Mark::Quiet, format!(" … {} more above", count(skip as u64))));
    }
    for (row, w) in held.iter().skip(skip) {
        lines.push(write(c, row, w, wide));
    }
    if !waits.is_empty() {
        let bytes: u64 = waits.iter().map(|(_, w)| w.bytes()).sum();
        let n: u64 = waits.iter().map(|(_, w)| w.commands).sum();
        let verb = if n == 1 { "waits" } else { "wait" };
        lines.push(Text::of(Mark::Waiting, format!(" ⏸ {} {verb} for", words::writes(n, bytes))));
        for line in wrap("the end of the RDB, and for the replica to have loaded it", wide - 4) {
            lines.push(Text::of(Mark::Quiet, format!("   {line}")));
        }
    } else if !gone.is_empty() {
        let n: u64 = gone.iter().map(|(_, w)| w.commands).sum();
        let text = format!(" ✓ all {} replayed by {}", count(n), key.replica.label());
        if gone.iter().all(|(_, w)| w.applied.is_some()) {
            lines.push(Text::of(Mark::Good, text));
        }
    }
    c.lines(area, &lines);
}

/// How much waits, and how much may: the master's own limit, where the master tells it.
fn gauge(app: &App, key: &LinkKey, waiting: u64, mark: Mark, wide: usize) -> Vec<Text> {
    let master = key.master.host.is_empty().then(|| app.world.model.instance(key.master.port));
    let text = Text::of(mark, format!(" {} ", size(waiting)));
    let Some(master) = master.flatten() else {
        return vec![text.add(Mark::Quiet, "told by its ACKs: the master is outside")];
    };
    let Some(limit) = master.replica_buffer_limit() else {
        return vec![text.add(Mark::Quiet, "and no limit")];
    };
    let cells = wide.saturating_sub(3).min(40);
    // A single byte is to be seen, although it is no cell of 256 MB.
    let filled = if waiting > 0 { waiting.max(limit.div_ceil(cells.max(1) as u64)) } else { 0 };
    vec![
        text.add(Mark::Quiet, format!("of {}, the hard limit", size(limit))),
        Text::of(mark, format!(" {}", bar(filled, limit, cells))),
    ]
}

fn write(c: &Canvas, row: &Row, w: &Write, wide: usize) -> Text {
    let what = if w.commands > 1 {
        format!("{} writes", count(w.commands))
    } else {
        words::write(&w.wire)
    };
    let (mark, sign) = match (w.waits(), w.applied.is_some()) {
        (true, _) => (Mark::Waiting, "⏸"),
        (false, true) => (Mark::Good, "✓"),
        (false, false) => (Mark::Stream, "▶"),
    };
    let tail = match super::sequence::held_for(row, w) {
        Some(us) => format!("{} after {}", size(w.bytes()), span(us)),
        None => format!("{} at {}", size(w.bytes()), grouped(w.from.0)),
    };
    let room = wide.saturating_sub(tail.chars().count() + 5);
    let fresh = c.fresh(row.changed);
    Text::of(mark, format!(" {sign} "))
        .add_fresh(Mark::Stream, crate::tui::text::clip(&what, room), fresh)
        .pad_then(wide.saturating_sub(tail.chars().count() + 1), Text::of(Mark::Quiet, tail))
}
