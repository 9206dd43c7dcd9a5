//! How the numbers went: where each one stands in the stream, how far behind it is, what waits for
//! it. A row of bars each where there is little room, three charts where there is enough.
//!
//! ```text
//! Stream   bytes in each 2 s, the offset now
//! 6380 M  ··▂█▁···········   1,271
//! 6381 r  ··▂█▁···········   1,271
//! Behind   …
//! Buffer   …
//! ```

use super::frame::{Canvas, Text};
use super::plot::{self, Line, Scale};
use crate::observe::Role;
use crate::tui::app::{App, Pane};
use crate::tui::reduce::charts::{Lines, Series};
use crate::tui::reduce::link::Peer;
use crate::tui::text::{clip, count, fit, fit_right, size, span, width};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// The stretches of time that can be looked at, in microseconds; 0: the whole session.
pub const STRETCHES: [u64; 4] = [60_000_000, 300_000_000, 1_800_000_000, 0];
/// A session that is younger is looked at as if it were so old.
const SHORTEST: u64 = 15_000_000;
/// From this size on there is room for charts.
const ROOMY: (u16, u16) = (64, 17);

/// Higher, charts tell no more.
const HIGHEST: u16 = 60;

/// Someone with numbers.
struct Who<'a> {
    label: String,
    mark: Mark,
    lines: &'a Lines,
}

/// What of somebody's numbers a group shows.
type Pick = fn(&Lines) -> &Series;

/// A group of lines: its name, what its numbers are, which they are.
struct Group {
    name: &'static str,
    about: &'static str,
    pick: Pick,
}

const GROUPS: [Group; 3] = [
    Group { name: "Offset", about: "written or executed", pick: |l| &l.offset },
    Group { name: "Behind", about: "not executed yet", pick: |l| &l.behind },
    Group { name: "Buffer", about: "waits at the master", pick: |l| &l.buffer },
];

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let who = everybody(app);
    if who.is_empty() {
        c.line(area, 0, &Text::of(Mark::Quiet, " no instance yet, and so no number"));
        return;
    }
    if area.width >= ROOMY.0 && area.height >= ROOMY.1 {
        charts(c, app, area, &who);
    } else {
        sparks(c, app, area, &who);
    }
}

fn everybody(app: &App) -> Vec<Who<'_>> {
    let model = &app.world.model;
    app.world
        .charts
        .all()
        .map(|(peer, lines)| {
            let ours = peer.host.is_empty().then(|| model.instance(peer.port)).flatten();
            let (mark, sign) = match ours {
                Some(i) if !i.is_up() => (Mark::Broken, "╳"),
                Some(i) if i.role == Role::Master => (Mark::Master, "M"),
                Some(_) => (Mark::Replica, "r"),
                None => (Mark::Quiet, "guest"),
            };
            Who { label: format!("{} {sign}", name(peer)), mark, lines }
        })
        .collect()
}

fn name(peer: &Peer) -> String {
    clip(&peer.label(), 14)
}

/// The stretch that is looked at: its first and last moment, each a whole cell, so that bars do
/// not change their shape while time goes on. A young session has a shorter one.
fn stretch(c: &Canvas, app: &App, cells: usize) -> (i64, i64) {
    let began = app.world.model.session.began.mono_us;
    let now = c.now.mono_us.max(began);
    let most = match STRETCHES[app.stretch % STRETCHES.len()] {
        0 => u64::MAX,
        us => us,
    };
    let mut long = SHORTEST.min(most);
    while long < most && long < now - began {
        long = (long * 2).min(most);
    }
    let cell = (long / cells.max(1) as u64).max(1);
    let to = i64::try_from(now.div_ceil(cell) * cell).unwrap_or(i64::MAX);
    (to - i64::try_from(cell * cells as u64).unwrap_or(i64::MAX), to)
}

/// How long the stretch is, in words, and how to change it.
fn told(app: &App, from: i64, to: i64) -> String {
    let whole = STRETCHES[app.stretch % STRETCHES.len()] == 0;
    let long = match (whole, (us(from, to) + 500_000) / 1_000_000) {
        (true, _) => "the whole session".to_owned(),
        (false, s) if s < 120 => format!("the last {s} s"),
        (false, s) => format!("the last {} min", s / 60),
    };
    format!("{long} · Enter: another stretch")
}

fn us(from: i64, to: i64) -> u64 {
    u64::try_from(to - from).unwrap_or(0)
}

fn sparks(c: &mut Canvas, app: &App, area: Rect, who: &[Who]) {
    let wide = area.width as usize;
    let names = who.iter().map(|w| width(&w.label)).max().unwrap_or(6).min(wide / 3);
    let numbers = 11.min(wide / 3);
    let cells = wide.saturating_sub(names + numbers + 3).max(4);
    let (from, to) = stretch(c, app, cells);
    let mut lines = vec![Text::of(Mark::Quiet, format!(" {}", told(app, from, to)))];
    for group in &GROUPS {
        let with: Vec<&Who> = who.iter().filter(|w| !(group.pick)(w.lines).is_empty()).collect();
        let head = Text::of(Mark::Title, format!(" {}", group.name));
        if with.is_empty() {
            lines.push(head.add(Mark::Quiet, "  nobody follows anybody yet"));
            continue;
        }
        let rate = group.name == "Offset";
        let about = match rate {
            true => format!("  bytes each {}, and the offset", span(us(from, to) / cells as u64)),
            false => format!("  bytes, {}", group.about),
        };
        lines.push(head.add(Mark::Quiet, about));
        let rows: Vec<(&Who, Vec<Option<u64>>)> = with
            .iter()
            .map(|w| {
                let series = (group.pick)(w.lines);
                (
                    *w,
                    if rate {
                        steps(series, from, to, cells)
                    } else {
                        peaks(series, from, to, cells)
                    },
                )
            })
            .collect();
        // One scale for all of a group: bars can be compared.
        let most = rows.iter().flat_map(|(_, v)| v.iter().flatten()).max().copied().unwrap_or(0);
        for (w, values) in rows {
            let now = match (group.pick)(w.lines).last() {
                Some(n) if rate => count(n),
                Some(n) => size(n),
                None => "–".to_owned(),
            };
            let lit = values.iter().flatten().any(|v| *v > 0);
            let mark = if lit { w.mark } else { Mark::Quiet };
            lines.push(
                Text::of(w.mark, format!(" {} ", fit(&w.label, names)))
                    .add(mark, plot::spark(&values, most))
                    .add(Mark::Text, format!(" {}", fit_right(&now, numbers))),
            );
        }
    }
    c.scrolled(app, Pane::Charts, area, &lines);
}

/// The largest number in each cell.
fn peaks(series: &Series, from: i64, to: i64, cells: usize) -> Vec<Option<u64>> {
    series.cells(from, to, cells).iter().map(|c| c.map(|(peak, _)| peak)).collect()
}

/// By how much the number grew in each cell.
fn steps(series: &Series, from: i64, to: i64, cells: usize) -> Vec<Option<u64>> {
    let cell = (to - from) / cells as i64;
    // One cell more in front, to know where the first one began.
    let values = series.cells(from - cell, to, cells + 1);
    values
        .windows(2)
        .map(|pair| {
            let (_, end) = pair[1]?;
            // Where it began to be told, nothing grew.
            Some(pair[0].map_or(0, |(_, before)| end.saturating_sub(before)))
        })
        .collect()
}

fn charts(c: &mut Canvas, app: &App, area: Rect, who: &[Who]) {
    let area = Rect { height: area.height.min(HIGHEST), ..area };
    let cells = area.width.saturating_sub(plot::AXIS + plot::NAMES) as usize;
    let (from, to) = stretch(c, app, cells * 2);
    let third = (area.height - 1) / 3;
    let mut y = area.y;
    for (n, group) in GROUPS.iter().enumerate() {
        let rows = if n == 0 { area.height - 1 - 2 * third } else { third };
        let place = Rect { y, height: rows, ..area };
        let head = Text::of(Mark::Title, format!(" {}", group.name))
            .add(Mark::Quiet, format!("  bytes, {}", group.about));
        c.line(place, 0, &head);
        let place = Rect { y: y + 1, height: rows - 1, ..place };
        let lines: Vec<Line> = who
            .iter()
            .filter(|w| !(group.pick)(w.lines).is_empty())
            .map(|w| Line {
                label: w.label.clone(),
                mark: w.mark,
                dots: (group.pick)(w.lines).cells(from, to, cells * 2),
                now: (group.pick)(w.lines).last(),
            })
            .collect();
        if lines.is_empty() {
            c.line(place, 0, &Text::of(Mark::Quiet, "   nobody follows anybody yet"));
        } else {
            let scale = match n {
                0 => Scale { from_zero: false, word: count },
                _ => Scale { from_zero: true, word: size },
            };
            plot::chart(c, place, &lines, &scale);
        }
        y += rows;
    }
    let left = format!("{:>1$}", format!("−{}", span(us(from, to))), plot::AXIS as usize + 5);
    let foot = Text::of(Mark::Quiet, left);
    let told = told(app, from, to);
    let middle = Text::of(Mark::Quiet, told);
    let ends = cells + plot::AXIS as usize - 3;
    let pad = (ends.saturating_sub(foot.width() + middle.width())) / 2 + foot.width();
    let line = foot.pad_then(pad, middle).pad_then(ends, Text::of(Mark::Quiet, "now"));
    c.line(Rect { y, height: 1, ..area }, 0, &line);
}
