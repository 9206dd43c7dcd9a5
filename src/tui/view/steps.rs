//! Steps that wait, and where time stops: what each is, in words, and the box that lists them.

use super::frame::{Canvas, Text};
use super::timeline::clipped;
use crate::console::steps::{self, break_name};
use crate::observe::{Addr, BreakOn, Step};
use crate::tui::app::App;
use crate::tui::reduce::link::Peer;
use crate::tui::text::{clip, count};
use crate::tui::theme::{Mark, mark_of};
use ratatui::layout::Rect;

/// A step in a few words: who, and what is about to happen.
pub fn step_words(port: u16, step: &Step) -> Text {
    let name = |addr: &Addr| Peer::of(addr).label();
    Text::of(Mark::Text, format!("{} ", steps::who(port, step, &name)))
        .add(mark_of(steps::label(step.kind)), steps::what(step, &name))
}

/// Cells of the box, of which the breakpoints take the right part.
const WIDE: u16 = 74;
const BREAKS: u16 = 35;
const HIGH: u16 = 20;

/// The box: what waits, in order, and the breakpoints.
pub fn draw(c: &mut Canvas, app: &App, screen: Rect, chosen: usize) {
    let inner = c.popup(
        screen,
        (WIDE, HIGH),
        "Steps · s step  S five  r run on  Space step mode  Esc closes",
    );
    let right_width = BREAKS.min(inner.width / 2);
    let left = Rect { width: inner.width - right_width - 1, ..inner };
    let right = Rect { x: left.right() + 1, width: right_width, ..inner };
    waiting(c, app, left);
    breaks(c, app, right, chosen);
}

/// What waits, and below it how time stands.
pub fn waiting(c: &mut Canvas, app: &App, area: Rect) {
    let time = &app.live().model.time;
    let wide = area.width as usize;
    let mut lines = vec![match (time.stepping, time.waiting.is_empty()) {
        (true, false) => Text::of(Mark::Waiting, "⏸ step mode: these wait, oldest first"),
        (false, false) => Text::of(Mark::Waiting, "⏸ these wait, oldest first"),
        (true, true) => Text::of(Mark::Waiting, "⏸ step mode: nothing waits now"),
        (false, true) => Text::of(Mark::Stream, "▶ live: nothing is held"),
    }];
    if let Some(on) = time.hit {
        lines.push(Text::of(Mark::Difference, format!("● stopped at {}", break_name(on))));
    }
    let feet = feet(app, wide);
    let room = (area.height as usize).saturating_sub(lines.len() + feet.len());
    let cut = if time.waiting.len() > room { room.saturating_sub(1) } else { room };
    for (n, w) in time.waiting.iter().take(cut).enumerate() {
        let sign = if n == 0 { "▸" } else { " " };
        let head = Text::of(Mark::Key, format!("{sign}{:>2} ", w.id));
        let left = wide.saturating_sub(head.width());
        lines.push(head.then(clipped(step_words(w.port, &w.step), left)));
    }
    if time.waiting.len() > cut {
        let more = format!("    … {} more", time.waiting.len() - cut);
        lines.push(Text::of(Mark::Quiet, more));
    }
    if time.waiting.is_empty() {
        let text = if time.stepping {
            "A SLAVEOF, a SET on a master or an acknowledgement makes the next."
        } else {
            "Space holds all links; a breakpoint holds them when its step comes."
        };
        lines.extend(Text::wrapped(Mark::Quiet, "  ", text, wide));
    }
    c.lines(area, &lines);
    let high = (feet.len() as u16).min(area.height);
    c.lines(Rect { y: area.bottom() - high, height: high, ..area }, &feet);
}

/// What was let through, how link time runs, and who outside loses patience.
fn feet(app: &App, wide: usize) -> Vec<Text> {
    let live = &app.live().model;
    let time = &live.time;
    let mut lines = Vec::new();
    for (who, left) in super::status_time::patience(app) {
        let text = format!("{who} bears it {left} s more (60 s assumed)");
        lines.push(Text::of(Mark::Broken, clip(&text, wide)));
    }
    if let Some(last) = &time.last {
        let head = Text::of(Mark::Quiet, format!("{} taken, last: ", count(time.taken)));
        let left = wide.saturating_sub(head.width());
        lines.push(head.then(clipped(step_words(last.port, &last.step), left)));
    }
    let link = super::status_time::link_time(app);
    let how = match (time.held, time.slow) {
        (true, _) => "stands still".to_owned(),
        (false, 1) => "runs".to_owned(),
        (false, n) => format!("runs at 1/{n}"),
    };
    lines.push(Text::of(Mark::Quiet, format!("link time {link} {how}")));
    let dropped = app.travel.first();
    if dropped > 0 {
        let text = format!("the journal dropped {} events", count(dropped));
        lines.push(Text::of(Mark::Quiet, clip(&text, wide)));
    }
    lines
}

fn breaks(c: &mut Canvas, app: &App, area: Rect, chosen: usize) {
    let entries = app.break_entries();
    let set = &app.live().model.time.breaks;
    c.line(area, 0, &Text::of(Mark::Title, "Stop before").add(Mark::Quiet, " · Enter sets"));
    // The last row says what the chosen one is.
    let room = area.height.saturating_sub(2) as usize;
    let first = chosen.saturating_sub(room / 2).min(entries.len().saturating_sub(room));
    for (y, (n, on)) in
        (1..area.height.saturating_sub(1)).zip(entries.iter().enumerate().skip(first))
    {
        let here = n == chosen;
        let box_ = if set.contains(on) { "●" } else { "·" };
        let name = match on {
            BreakOn::Kind(kind) => kind.name().to_owned(),
            BreakOn::Port(port) => format!("every step of {port}"),
        };
        let line = Text::of(Mark::Key, if here { "▸" } else { " " })
            .add(if set.contains(on) { Mark::Difference } else { Mark::Quiet }, format!("{box_} "))
            .add_fresh(Mark::Text, name, here);
        c.line(area, y, &line);
    }
    if let Some(BreakOn::Kind(kind)) = entries.get(chosen) {
        let text = format!("  {}", steps::about(*kind));
        c.line(area, area.height.saturating_sub(1), &Text::of(Mark::Quiet, text));
    }
}
