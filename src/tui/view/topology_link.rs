//! A link between two boxes: what it carries now, and why it does not.

use super::frame::{Canvas, Text};
use super::words;
use crate::lab::model::{LinkStatus, LinkView};
use crate::observe::{LinkLoss, LinkState};
use crate::tui::app::App;
use crate::tui::text::{bar, clip, clock, size, span};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// Draws the link in the gap right of its master: an arrow, and beneath it what there is to say.
pub fn draw(c: &mut Canvas, app: &App, area: Rect, link: &LinkView) {
    let room = area.width as usize;
    if room < 4 {
        return;
    }
    let key = words::key_of(link);
    let chosen = app.link().as_ref() == Some(&key);
    let (arrow, mut details) = match link.status {
        LinkStatus::Online => online(app, link, room),
        LinkStatus::Transfer => transfer(app, link, room),
        LinkStatus::Waiting => waiting(app, link, room),
        LinkStatus::Handshake | LinkStatus::Connecting => handshake(link, room),
        LinkStatus::Down => down(app, link, room),
    };
    if let Some(bound) = link.throttle
        && !matches!(link.status, LinkStatus::Down)
    {
        let text = Text::of(Mark::Waiting, format!("throttled to {}/s", size(bound)));
        // The cause stands beside what waits because of it.
        let waits = details.first().and_then(|d| d.0.first()).is_some_and(|p| p.1.starts_with('⏸'));
        let place = if waits { 1 } else { details.len() };
        details.insert(place, text);
    }
    let details: Vec<Text> = details.into_iter().flat_map(|t| folded(t, room - 1)).collect();
    c.line(area, 0, &arrow);
    for (row, text) in (1..area.height).zip(&details) {
        let at = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
        c.line(at, row, text);
    }
    if chosen && app.wide && !app.zoom && area.height > details.len() as u16 + 1 {
        // Which link the sequence shows.
        let row = details.len() as u16 + 1;
        let at = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
        c.line(at, row, &Text::of(Mark::Quiet, "▾ told below"));
    }
}

/// A remark in as many lines as it needs: a word is never cut by the next box.
fn folded(text: Text, wide: usize) -> Vec<Text> {
    if text.width() <= wide {
        return vec![text];
    }
    let mark = text.0.first().map_or(Mark::Quiet, |p| p.0);
    let flat: String = text.0.iter().map(|p| p.1.as_str()).collect();
    Text::wrapped(mark, "", &flat, wide)
}

/// An arrow to the right with a word on it.
fn arrow(room: usize, stroke: char, label: &str, mark: Mark, head: &str) -> Text {
    let label = clip(label, room.saturating_sub(6));
    let used = crate::tui::text::width(&label) + 3 + head.chars().count();
    let rest = room.saturating_sub(used);
    let line = |n: usize| stroke.to_string().repeat(n);
    Text::of(mark, format!("{} {label} {}{head}", line(1), line(rest)))
}

fn online(app: &App, link: &LinkView, room: usize) -> (Text, Vec<Text>) {
    let mut details = Vec::new();
    let left = link.down.map_or(0, |d| d.left.max(d.held_bytes));
    let label = "stream";
    let behind = link.behind.unwrap_or(0);
    let mark = if behind > 0 || left > 0 { Mark::Waiting } else { Mark::Quiet };
    let mut lag = Text::of(mark, format!("{} behind", size(behind)));
    if let Some((_, at)) = link.down.and_then(|d| d.acked) {
        // Whole seconds, as INFO counts them; not how far it is behind.
        let us = app.now.mono_us.saturating_sub(at.mono_us);
        let text = format!("last ACK {} s ago", us / 1_000_000);
        if lag.width() + text.len() + 4 <= room {
            lag = lag.add(Mark::Quiet, format!(" · {text}"));
        } else {
            details.push(std::mem::take(&mut lag));
            lag = Text::of(Mark::Quiet, text);
        }
    }
    details.push(lag);
    if left > 0 {
        let told = size(left);
        let whole = format!("⏸ {told} wait in the buffer");
        let fits = crate::tui::text::width(&whole) < room;
        let text = if fits { whole } else { format!("⏸ {told} wait") };
        // What waits comes before when the last sign of life came.
        details.insert(0, Text::of(Mark::Waiting, text));
    }
    (arrow(room, '─', label, Mark::Stream, "▶"), details)
}

fn transfer(app: &App, link: &LinkView, room: usize) -> (Text, Vec<Text>) {
    let mut details = Vec::new();
    let running = app.world.links.get(&words::key_of(link)).and_then(|s| s.running_transfer());
    let head = match running.and_then(|t| t.share()) {
        Some((done, all)) => {
            let cells = room.saturating_sub(17).clamp(3, 14);
            let percent = done as u128 * 100 / all.max(1) as u128;
            arrow(room, '═', &format!("RDB {} {percent} %", bar(done, all, cells)), Mark::Rdb, "▶")
        }
        None => arrow(room, '═', "RDB", Mark::Rdb, "▶"),
    };
    match running {
        Some(t) => {
            let text = match t.framing {
                crate::observe::RdbFraming::Length(all) => {
                    format!("{} of {}", size(t.bytes()), size(all))
                }
                crate::observe::RdbFraming::Eof => format!("{} so far", size(t.bytes())),
            };
            details.push(Text::of(Mark::Quiet, text));
        }
        None => details.push(Text::of(Mark::Rdb, "the replica loads it")),
    }
    if let Some(down) = link.down
        && down.held_bytes > 0
    {
        details.push(held_back(down.held_writes, down.held_bytes, room));
    }
    (head, details)
}

/// What waits for the end of the transfer, in as many words as there is room for.
fn held_back(writes: u64, bytes: u64, room: usize) -> Text {
    let told = words::writes(writes, bytes);
    let texts = [format!("⏸ held back: {told}"), format!("⏸ {told} held"), format!("⏸ {told}")];
    let fits = texts.iter().find(|t| crate::tui::text::width(t) < room);
    Text::of(Mark::Waiting, fits.unwrap_or(&texts[2]).clone())
}

fn waiting(app: &App, link: &LinkView, room: usize) -> (Text, Vec<Text>) {
    let mut details = Vec::new();
    match link.down.and_then(|d| d.wait) {
        Some(wait) => {
            for line in
                crate::tui::text::wrap(&words::wait(&wait.reason, wait.since, app.now), room - 1)
            {
                details.push(Text::of(Mark::Waiting, line));
            }
        }
        None => {
            let us = app.now.mono_us.saturating_sub(link.since.mono_us);
            details.push(Text::of(Mark::Waiting, format!("for the BGSAVE, {}", span(us))));
        }
    }
    if let Some(down) = link.down
        && down.held_bytes > 0
    {
        details.push(held_back(down.held_writes, down.held_bytes, room));
    }
    (arrow(room, '╌', "⏸ waits", Mark::Waiting, "▷"), details)
}

fn handshake(link: &LinkView, room: usize) -> (Text, Vec<Text>) {
    let state = link.up.map(|u| u.state).unwrap_or(LinkState::Connecting);
    let details = vec![Text::of(Mark::Quiet, words::state_name(state))];
    (arrow(room, '─', "handshake", Mark::Handshake, "▷"), details)
}

fn down(app: &App, link: &LinkView, room: usize) -> (Text, Vec<Text>) {
    let mut details = Vec::new();
    let us = app.now.mono_us.saturating_sub(link.since.mono_us);
    details.push(Text::of(Mark::Broken, format!("link down {}", clock(us))));
    let cause = link
        .up
        .and_then(|u| u.lost.as_ref())
        .or(link.down.and_then(|d| d.gone.as_ref()))
        .map(|(_, why)| why);
    if let Some(cause) = cause {
        let mark = if matches!(cause, LinkLoss::ClosedHere) { Mark::Quiet } else { Mark::Broken };
        for line in crate::tui::text::wrap(&words::loss(cause), room - 1).into_iter().take(3) {
            details.push(Text::of(mark, line));
        }
    }
    let line = "╌".repeat(room.saturating_sub(2));
    (Text::of(Mark::Broken, format!("╳{line}╳")), details)
}
