//! A link between two boxes: what it carries now, and why it does not.

use super::told::{Remark, Told};
use crate::lab::model::LinkView;
use crate::tui::app::App;
use crate::tui::reduce::traffic::{Lane, Load};
use crate::tui::text::{bar, clip, width};
use crate::tui::theme::Mark;
use crate::tui::view::frame::{Canvas, Text};
use ratatui::layout::Rect;

/// How long a mark takes from one end to the other, if nothing slows the link down.
pub const TRAVEL_US: u64 = 700_000;
/// And at most.
const SLOWEST_US: u64 = 5_000_000;

/// Draws the link in the gap right of its master: an arrow, and beneath it what there is to say.
pub fn draw(c: &mut Canvas, app: &App, area: Rect, link: &LinkView) {
    let room = area.width as usize;
    if room < 4 || area.height == 0 {
        return;
    }
    let mut told = Told::of(app, link);
    let over = arrow(c, app, area, &told);
    // A fault that the arrow is too short for is told first.
    let over = over.into_iter().map(|(mark, fault)| Remark::new(mark, fault));
    told.remarks.splice(0..0, over);
    let below =
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 1, height: area.height - 1 };
    let lines = packed(&told.remarks, (room - 1, below.height as usize));
    c.lines(below, &lines);
    let chosen = app.link().as_ref() == Some(&told.key);
    if chosen && app.wide && !app.zoom {
        // Which link the sequence shows.
        c.line(below, lines.len() as u16, &Text::of(Mark::Quiet, "▾ told below"));
    }
}

/// The arrow from the master to the replica, with what it carries, what slows it down, and what is
/// under way on it. Returns the faults that it is too short for.
fn arrow(c: &mut Canvas, app: &App, area: Rect, told: &Told) -> Vec<(Mark, String)> {
    let room = area.width as usize;
    let (left, right) = told.ends;
    let ends = width(left) + width(right);
    let label = match told.share {
        Some((done, all)) => {
            let percent = done as u128 * 100 / all.max(1) as u128;
            let cells = room.saturating_sub(17).clamp(3, 14);
            format!("{} {} {percent} %", told.label, bar(done, all, cells))
        }
        None => told.label.clone(),
    };
    let mut label = clip(&label, room.saturating_sub(ends + 4));
    let faults: usize = told.faults.iter().map(|(_, fault)| width(fault) + 1).sum();
    if faults > 0 && label == "stream" && width(&label) + 3 + faults + ends + 2 > room {
        // The line itself says that it is the stream; what is wrong with it matters more.
        label.clear();
    }
    let line = |n: usize| told.stroke.to_string().repeat(n);
    let mut text = Text::of(told.mark, format!("{left}{}", line(1)));
    if !label.is_empty() {
        text = text.add(told.mark, format!(" {label} "));
    }
    let mut over = Vec::new();
    for (mark, fault) in &told.faults {
        // A fault on the arrow, if the arrow is long enough to be one still.
        if text.width() + width(fault) + 3 + width(right) <= room {
            text = text.add(told.mark, line(1)).add(*mark, fault);
        } else {
            over.push((*mark, fault.trim_matches(['[', ']']).to_owned()));
        }
    }
    let rest = room.saturating_sub(text.width() + width(right));
    let text = text.add(told.mark, format!("{}{right}", line(rest)));
    c.line(area, 0, &text);
    if let Some(lane) = app.world.traffic.of(&told.key) {
        let long = travel_us(app, told);
        let strokes: Vec<u16> = text
            .0
            .iter()
            .flat_map(|(_, piece, _)| piece.chars())
            .enumerate()
            .filter(|(_, ch)| *ch == told.stroke)
            .map(|(i, _)| i as u16)
            .collect();
        moving(c, lane, (area.x, area.y), &strokes, long);
    }
    over
}

/// The marks of what was sent within the last moment, on the arrow's free cells.
pub fn moving(c: &mut Canvas, lane: &Lane, (x, y): (u16, u16), strokes: &[u16], long: u64) {
    for sent in &lane.sent {
        let us = c.now.mono_us.saturating_sub(sent.at.mono_us);
        if us >= long || strokes.is_empty() || sent.at > c.now {
            continue;
        }
        let step = (u128::from(us) * strokes.len() as u128 / u128::from(long)) as usize;
        let at = if sent.to_master { strokes.len() - 1 - step } else { step };
        let (mark, sign) = match (sent.load, sent.to_master) {
            (Load::Rdb, _) => (Mark::Rdb, "▪"),
            (Load::Stream, _) => (Mark::Stream, "▸"),
            (Load::Ack, _) => (Mark::Ack, "◂"),
            (Load::Handshake, true) => (Mark::Handshake, "◂"),
            (Load::Handshake, false) => (Mark::Handshake, "▸"),
        };
        let style = c.theme.of(mark).add_modifier(ratatui::style::Modifier::BOLD);
        let x = x + strokes[at];
        c.put(x, y, x + 1, sign, style);
    }
}

/// How long a mark is under way on this link.
pub fn travel_us(app: &App, told: &Told) -> u64 {
    let model = &app.world.model;
    let (a, b) = (told.key.master.port, told.key.replica.port);
    let delay = model.faults.get(&(a.min(b), a.max(b))).and_then(|f| f.delay_us).unwrap_or(0);
    travel(delay, model.time.slow)
}

/// The same, from the link's delay and how slow its time runs.
pub fn travel(delay_us: u64, slow: u32) -> u64 {
    delay_us.saturating_mul(u64::from(slow.max(1))).clamp(TRAVEL_US, SLOWEST_US)
}

/// Remarks in so many rows: what matters has a row of its own if there are enough of them.
fn packed(remarks: &[Remark], (wide, rows): (usize, usize)) -> Vec<Text> {
    let loose = joined(remarks, wide, false);
    if loose.len() <= rows { loose } else { joined(remarks, wide, true) }
}

/// Remarks in rows, those at rest (or all) behind the one before them where they fit.
fn joined(remarks: &[Remark], wide: usize, all: bool) -> Vec<Text> {
    let mut out: Vec<Text> = Vec::new();
    for r in remarks {
        if let Some(last) = out.last_mut().filter(|_| all || r.mark == Mark::Quiet) {
            let fits = |t: &&String| last.width() + 3 + width(t) <= wide;
            if let Some(text) = [&r.long, &r.short].into_iter().find(fits) {
                last.0.push((Mark::Quiet, " · ".into(), false));
                last.0.push((r.mark, text.clone(), false));
                continue;
            }
        }
        out.extend(Text::wrapped(r.mark, "", r.fitting(wide), wide));
    }
    out
}
