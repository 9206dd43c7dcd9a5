//! What waits: each replica's output buffer at its master, against its limits, and the writes in
//! it.
//!
//! ```text
//! 6381 of 6380                     ⏸ 68 B
//!  ▓░░░░░░░░░░░░░░░░░░│░░░░░░░░░░░░░░░░░
//!  hard 256 MB: the link is closed at once
//!  soft 64 MB: closed after 60 s above it
//!  ⏸ 1–23     SELECT 0        23 B · 4 s
//!  ⏸ 24–54    SET name xd     31 B · 4 s
//! ```

use super::frame::{Canvas, Text};
use super::words;
use crate::lab::model::{LinkStatus, LinkView};
use crate::observe::ReplicaState;
use crate::tui::app::{App, Pane};
use crate::tui::reduce::link::{LinkKey, Peer};
use crate::tui::reduce::row::{Row, Write};
use crate::tui::text::{clip, count, fit_right, grouped, size, span, width};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// The newest writes of a buffer, so many of them.
const WRITES: usize = 200;
/// The bar is not wider than this.
const WIDEST: usize = 60;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let links = app.world.model.links();
    let mut keys: Vec<LinkKey> = links.iter().map(words::key_of).collect();
    let chosen = app.link();
    // The chosen link first, then those of the same master.
    let master = chosen.as_ref().map(|k| k.master.clone());
    keys.sort_by_key(|k| {
        (Some(k) != chosen.as_ref(), Some(&k.master) != master.as_ref(), k.clone())
    });
    if let Some(chosen) = chosen.filter(|k| !keys.contains(k)) {
        keys.insert(0, chosen);
    }
    if keys.is_empty() {
        c.line(area, 0, &Text::of(Mark::Quiet, " no replica, no buffer"));
        return;
    }
    let mut lines = Vec::new();
    let wide = area.width as usize;
    let mut long = true;
    for (n, key) in keys.iter().enumerate() {
        let link = links.iter().find(|l| words::key_of(l) == *key);
        let told = buffer(c, app, key, link, wide, n == 0);
        // Those with nothing in them need no air between them.
        if n > 0 && (long || told.len() > 1) {
            lines.push(Text::new());
        }
        long = told.len() > 1;
        lines.extend(told);
    }
    c.scrolled(app, Pane::Buffer, area, &lines);
}

/// Bytes that wait on a link now.
fn waiting(app: &App, key: &LinkKey, link: Option<&LinkView>) -> u64 {
    let told = link.and_then(|l| l.down).map_or(0, |d| d.held_bytes.max(d.left));
    let seq = app.world.links.get(key).filter(|s| s.is_alive());
    told.max(seq.map_or(0, |s| s.held_bytes)).max(kept_by_steps(app, link))
}

/// Bytes of the stream that wait for a step.
fn kept_by_steps(app: &App, link: Option<&LinkView>) -> u64 {
    link.and_then(|l| app.world.model.kept_by_steps(l)).map_or(0, |(_, bytes)| bytes)
}

fn buffer(
    c: &Canvas,
    app: &App,
    key: &LinkKey,
    link: Option<&LinkView>,
    wide: usize,
    first: bool,
) -> Vec<Text> {
    let bytes = waiting(app, key, link);
    let mark = if bytes > 0 { Mark::Waiting } else { Mark::Quiet };
    let head = Text::of(Mark::Quiet, " of ")
        .add(Mark::Master, key.master.label())
        .add(Mark::Quiet, " for ")
        .add(Mark::Replica, key.replica.label());
    let told = if bytes > 0 { format!("⏸ {} wait", size(bytes)) } else { size(0) };
    let gap = wide.saturating_sub(width(&told) + 1);
    let mut lines = vec![if head.width() < gap {
        head.pad_then(gap, Text::of(mark, told))
    } else {
        head.add(mark, format!(" {told}"))
    }];
    if bytes > 0 || first {
        lines.extend(gauge(app, key, bytes, wide));
    }
    lines.extend(writes(c, app, (key, link), wide));
    if bytes == 0 && first {
        lines.extend(Text::wrapped(Mark::Quiet, " ", calm(link), wide));
    }
    lines
}

/// Why nothing waits.
fn calm(link: Option<&LinkView>) -> &'static str {
    match link.map(|l| l.status) {
        Some(LinkStatus::Online) => "The stream flows: what is written leaves at once.",
        Some(LinkStatus::Transfer) => "A write made now would wait here for the end of the RDB.",
        Some(LinkStatus::Waiting)
            if link
                .and_then(|l| l.down)
                .is_some_and(|d| d.state == Some(ReplicaState::WaitBgsaveEnd)) =>
        {
            "The BGSAVE has begun: a write made now is not in it, and would wait here."
        }
        Some(LinkStatus::Handshake | LinkStatus::Connecting) => {
            "Nothing waits: the replica is in the handshake."
        }
        Some(LinkStatus::Waiting) => {
            "The BGSAVE has not begun: a write made now is in the snapshot itself."
        }
        _ => "Nothing waits: there is no link.",
    }
}

/// How much waits, and how much may: the master's own limits, where the master tells them.
fn gauge(app: &App, key: &LinkKey, bytes: u64, wide: usize) -> Vec<Text> {
    let ours = |p: &Peer| p.host.is_empty().then(|| app.world.model.instance(p.port)).flatten();
    let Some(master) = ours(&key.master) else {
        let text = "told by its ACKs: the master is outside";
        return Text::wrapped(Mark::Quiet, " ", text, wide);
    };
    let (hard, soft) = (master.replica_buffer_limit(), master.replica_soft_limit());
    let Some(most) = hard.max(soft.map(|(bytes, _)| bytes)) else {
        return vec![Text::of(Mark::Quiet, " and no limit: it may grow")];
    };
    let cells = wide.saturating_sub(2).clamp(4, WIDEST);
    let cell = |n: u64| (u128::from(n.min(most)) * cells as u128 / u128::from(most)) as usize;
    // A single byte is to be seen, although it is no cell of 256 MB.
    let full = if bytes > 0 { cell(bytes).max(1) } else { 0 };
    let line = soft.filter(|_| hard.is_some()).map(|(n, _)| cell(n).min(cells - 1));
    let over = soft.is_some_and(|(n, _)| bytes > n);
    let mark = match (bytes, over) {
        (0, _) => Mark::Quiet,
        (_, true) => Mark::Broken,
        _ => Mark::Waiting,
    };
    let mut bar = String::from(" ");
    for n in 0..cells {
        bar.push(match (n < full, line == Some(n)) {
            (true, _) => '▓',
            (false, true) => '│',
            (false, false) => '░',
        });
    }
    let mut lines = vec![Text::of(mark, bar)];
    if let Some(hard) = hard {
        let text = format!("hard {}: the link is closed at once", size(hard));
        lines.extend(Text::wrapped(Mark::Quiet, " ", &text, wide));
    }
    if let Some((n, secs)) = soft {
        let since = app.world.charts.of(&key.replica).and_then(|l| l.buffer.above_since(n));
        let (mark, text) = match since.filter(|_| over) {
            Some(since) => {
                let us = app.now.mono_us.saturating_sub(since).min(secs * 1_000_000);
                (Mark::Broken, format!("soft {}: over it for {} of {secs} s", size(n), span(us)))
            }
            None => (Mark::Quiet, format!("soft {}: closed after {secs} s above it", size(n))),
        };
        lines.extend(Text::wrapped(mark, " ", &text, wide));
    }
    lines
}

/// The writes that wait, and those that had to.
fn writes(
    c: &Canvas,
    app: &App,
    (key, link): (&LinkKey, Option<&LinkView>),
    wide: usize,
) -> Vec<Text> {
    let Some(seq) = app.world.links.get(key) else { return Vec::new() };
    let all: Vec<(&Row, &Write)> = seq.buffered_writes().collect();
    let (waits, gone): (Vec<_>, Vec<_>) =
        all.iter().copied().partition(|(_, w)| !w.sent && w.applied.is_none());
    let mut lines = Vec::new();
    let skip = all.len().saturating_sub(WRITES);
    if skip > 0 {
        lines.push(Text::of(Mark::Quiet, format!(" … {} older ones", count(skip as u64))));
    }
    let ranges = all.iter().skip(skip).map(|(_, w)| width(&range(w))).max().unwrap_or(0);
    for (row, w) in all.iter().skip(skip) {
        lines.push(write(c, app, row, w, (wide, ranges)));
    }
    if !waits.is_empty() {
        let bytes: u64 = waits.iter().map(|(_, w)| w.bytes()).sum();
        let n: u64 = waits.iter().map(|(_, w)| w.commands).sum();
        let verb = if n == 1 { "waits" } else { "wait" };
        let held = waits.iter().any(|(_, w)| w.held);
        let what = if kept_by_steps(app, link) > 0 {
            "a step: s"
        } else if held {
            "the end of the RDB, and for the replica to have loaded it"
        } else {
            "the link, which takes no more now"
        };
        let told = format!("{} {verb} for {what}", words::writes(n, bytes));
        lines.extend(Text::wrapped(Mark::Waiting, " ⏸ ", &told, wide));
    } else if !gone.is_empty() && gone.iter().all(|(_, w)| w.applied.is_some()) {
        let n: u64 = gone.iter().map(|(_, w)| w.commands).sum();
        let text = format!(" ✓ all {} replayed by {}", count(n), key.replica.label());
        lines.push(Text::of(Mark::Good, text));
    }
    lines
}

fn range(w: &Write) -> String {
    format!("{}–{}", grouped(w.from.0), grouped(w.to.0))
}

fn write(c: &Canvas, app: &App, row: &Row, w: &Write, (wide, ranges): (usize, usize)) -> Text {
    let what = if w.commands > 1 {
        format!("{} writes", count(w.commands))
    } else {
        words::write(&w.wire)
    };
    let waits = !w.sent && w.applied.is_none();
    let (mark, sign) = match (waits, w.applied.is_some()) {
        (true, _) => (Mark::Waiting, "⏸"),
        (false, true) => (Mark::Good, "✓"),
        (false, false) => (Mark::Stream, "▶"),
    };
    // Since when it waits, or how long it had to.
    let us = match super::sequence::held_for(row, w) {
        Some(us) => Some(us),
        None => waits.then(|| app.now.mono_us.saturating_sub(row.at.mono_us)),
    };
    let tail = match us {
        Some(us) => format!("{} · {}", size(w.bytes()), span(us)),
        None => size(w.bytes()),
    };
    let range = fit_right(&range(w), ranges);
    let room = wide.saturating_sub(width(&tail) + ranges + 6);
    Text::of(mark, format!(" {sign} "))
        .add(Mark::Quiet, format!("{range} "))
        .add_fresh(Mark::Stream, clip(&what, room), c.fresh(row.changed))
        .pad_then(wide.saturating_sub(width(&tail) + 1), Text::of(Mark::Quiet, tail))
}
