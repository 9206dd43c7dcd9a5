//! The timeline, up while an earlier moment is looked at: where it lies in the session, and what
//! happened there.
//!
//! ```text
//! 00:00.000 ━━›━●━━═━┃──╳──⚑──────────────────── 04:12
//! 412 of 1,024  6381 → 6380 PSYNC 5c1e… 1     ←→ event  ↑↓ mark  g go to  d differences  n now
//! ```

use super::frame::{Canvas, Text};
use super::happened::happened;
use crate::tui::app::{App, Back, Hit};
use crate::tui::text::{clip, clock, count, width};
use crate::tui::theme::Mark;
use crate::tui::travel::marks::Sort;
use ratatui::layout::Rect;

/// Rows that it takes now.
pub fn height(app: &App) -> u16 {
    if app.back.is_some() { 2 } else { 0 }
}

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let Some(back) = &app.back else { return };
    track(c, app, back, Rect { height: area.height.min(1), ..area });
    if area.height > 1 {
        told(c, app, back, Rect { y: area.y + 1, height: 1, ..area });
    }
}

/// The session as a line, oldest event first.
fn track(c: &mut Canvas, app: &App, back: &Back, area: Rect) {
    let (first, end) = (app.travel.first(), app.travel.end());
    let began = app.live().model.session.began;
    let since = |mono_us: u64| clock(mono_us.saturating_sub(began.mono_us));
    let head = match (first, app.travel.event(first)) {
        (0, _) => " 00:00 ".to_owned(),
        (_, event) => format!(" ┄{} ", event.map_or(String::new(), |e| since(e.at.mono_us))),
    };
    let tail = format!(" {} now ", since(app.live_now().mono_us));
    let cells = (area.width as usize).saturating_sub(width(&head) + width(&tail));
    if cells < 8 || end <= first {
        return;
    }
    let all = end - first;
    // Positions lie between events: the first before all of them, the last behind all.
    let cell = |position: u64| {
        let passed = position.saturating_sub(first).min(all);
        (u128::from(passed) * (cells as u128 - 1) / u128::from(all)) as usize
    };
    let here = cell(back.at);
    let mut marks: Vec<Option<Sort>> = vec![None; cells];
    for mark in app.travel.marks.all().filter(|m| m.seq >= first) {
        let slot = &mut marks[cell(mark.seq + 1)];
        *slot = (*slot).max(Some(mark.sort));
    }
    let mut line = Text::of(Mark::Quiet, head.clone());
    for (i, mark) in marks.iter().enumerate() {
        let (style, sign) = match mark {
            _ if i == here => (Mark::Focus, "┃"),
            None if i < here => (Mark::Text, "━"),
            None => (Mark::Quiet, "─"),
            Some(Sort::Typed) => (Mark::Lab, "›"),
            Some(Sort::Change) => (Mark::Stream, "●"),
            Some(Sort::Sync) => (Mark::Rdb, "═"),
            Some(Sort::Trouble) => (Mark::Broken, "╳"),
            Some(Sort::Bookmark) => (Mark::Difference, "⚑"),
        };
        line = line.add_fresh(style, sign, i == here);
    }
    c.line(area, 0, &line.add(Mark::Quiet, tail));
    let from = area.x + width(&head) as u16;
    for i in 0..cells {
        // A mark is hit, where one is; else the events are shared out among the cells.
        let at = app.travel.marks.all().find(|m| m.seq >= first && cell(m.seq + 1) == i);
        let even = first + (i as u128 * u128::from(all) / (cells as u128 - 1)) as u64;
        let place = Rect { x: from + i as u16, width: 1, height: 1, ..area };
        c.hits.push((place, Hit::Moment(at.map_or(even, |m| m.seq + 1))));
    }
}

/// Where that is, what happened there last, and the keys.
fn told(c: &mut Canvas, app: &App, back: &Back, area: Rect) {
    let place = format!(" {} of {}  ", count(back.at), count(app.travel.end()));
    let keys: &[(&str, &str)] = match (area.width, app.on_timeline()) {
        (_, false) => &[("Esc", "to the timeline")],
        (110.., _) => &[
            ("←→", "event"),
            ("↑↓", "mark"),
            ("[ ]", "bookmark"),
            ("g", "go to"),
            ("d", "differences"),
            ("n", "now"),
        ],
        _ => &[("←→", "event"), ("↑↓", "mark"), ("g", "go"), ("d", "diff"), ("n", "now")],
    };
    let mut right = Text::new();
    for (key, name) in keys {
        right = right.add(Mark::Key, *key).add(Mark::Quiet, format!(" {name}  "));
    }
    let wide = area.width as usize;
    let mut line = Text::of(Mark::Quiet, place);
    let room = wide.saturating_sub(line.width() + right.width() + 1);
    let said = match &back.event {
        Some(event) => happened(event),
        None => Text::of(Mark::Quiet, "nothing had happened yet"),
    };
    line.0.extend(clipped(said, room).0);
    c.line(area, 0, &line.pad_then(wide.saturating_sub(right.width()), right));
}

/// A text of several meanings, cut to so many cells.
pub fn clipped(text: Text, room: usize) -> Text {
    let mut out = Text::new();
    for (mark, piece, fresh) in text.0 {
        let left = room.saturating_sub(out.width());
        if left == 0 {
            break;
        }
        out = out.add_fresh(mark, clip(&piece, left), fresh);
    }
    out
}
