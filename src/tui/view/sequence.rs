//! The conversation of one link: time runs down, the replica stands left, its master right.

mod arrow;
mod rows;

pub use rows::held_for;

use super::frame::{Canvas, Text};
use super::words::{replica_state_name, state_name};
use crate::tui::app::{App, Hit};
use crate::tui::reduce::row::Row;
use crate::tui::reduce::sequence::Sequence;
use crate::tui::text::{fit, fit_right, wrap};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// Where a row's columns lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    /// Time, left of everything.
    time: usize,
    /// The replica's state, if there is room for it.
    left: usize,
    /// Between the two life lines.
    middle: usize,
    /// The master's state, and `why?`.
    right: usize,
}

impl Columns {
    fn of(width: usize) -> Columns {
        let time = 7;
        let (left, right) = match width {
            0..=60 => (0, 4),
            61..=71 => (0, 11),
            _ => (11, 12),
        };
        // Two life lines with a blank outside of each.
        let middle = width.saturating_sub(time + left + right + 4);
        Columns { time, left, middle, right }
    }
}

/// `6381 ⇄ 6380`, and which link of how many.
pub fn title(app: &App) -> String {
    match app.link() {
        None => "Sequence".into(),
        Some(key) => {
            let all: Vec<_> = app.world.links.keys().collect();
            let at = all.iter().position(|k| **k == key).map_or(0, |i| i + 1);
            let how = if app.chosen.is_some() { "chosen, f follows" } else { "newest" };
            let which = if all.len() > 1 {
                format!(" · {how} · {at} of {}, n", all.len())
            } else {
                String::new()
            };
            format!("Sequence {} ⇄ {}{which}", key.replica.label(), key.master.label())
        }
    }
}

pub fn draw(c: &mut Canvas, app: &App, area: Rect, shown: u64) {
    let Some(seq) = app.link().and_then(|key| app.world.links.get(&key)) else {
        return empty(c, app, area);
    };
    let cols = Columns::of(area.width as usize);
    header(c, app, area, seq, cols);
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let room = body.height as usize;
    if room == 0 {
        return;
    }
    // From the row at the foot upwards, as many rows as fit.
    let end = match app.cursor {
        Some(cursor) => shown.min(foot_for(app, seq, cols, cursor, shown, room)),
        None => shown,
    };
    let mut drawn: Vec<(u64, Vec<Text>)> = Vec::new();
    let mut used = 0;
    let mut i = end.min(seq.end());
    while i > seq.dropped && used < room {
        i -= 1;
        let lines = row_lines(app, seq, i, cols);
        used += lines.len();
        drawn.push((i, lines));
    }
    let mut y = 0u16;
    let skip = used.saturating_sub(room);
    for (n, (index, lines)) in drawn.iter().rev().enumerate() {
        let cut = if n == 0 { skip } else { 0 };
        let top = y;
        for line in lines.iter().skip(cut) {
            c.line(body, y, line);
            y += 1;
        }
        let place = Rect { y: body.y + top, height: y - top, ..body };
        if app.cursor == Some(*index) {
            let mark = c.theme.of(Mark::Focus);
            c.put(place.x, place.y, place.right(), "▸", mark);
        }
        c.hits.push((place, Hit::Row(*index)));
    }
    let below = seq.end().saturating_sub(end);
    if app.cursor.is_some() && below > 0 {
        let text = format!(" {below} newer below · G ");
        let at = Rect {
            x: area.right().saturating_sub(text.chars().count() as u16 + 1),
            y: area.bottom() - 1,
            width: text.chars().count() as u16,
            height: 1,
        };
        c.line(at, 0, &Text(vec![(Mark::Key, text, true)]));
    }
}

/// One past the row at the foot, so that the cursor's row is to be seen, in the middle if may be.
fn foot_for(app: &App, seq: &Sequence, cols: Columns, cursor: u64, shown: u64, room: usize) -> u64 {
    let mut used = row_lines(app, seq, cursor, cols).len();
    let mut end = cursor + 1;
    while end < shown {
        used += row_lines(app, seq, end, cols).len();
        if used > room / 2 {
            break;
        }
        end += 1;
    }
    end
}

fn row_lines(app: &App, seq: &Sequence, index: u64, cols: Columns) -> Vec<Text> {
    let Some(at) = index.checked_sub(seq.dropped).and_then(|i| usize::try_from(i).ok()) else {
        return Vec::new();
    };
    let Some(row) = seq.rows.get(at) else { return Vec::new() };
    let before: Option<&Row> = at.checked_sub(1).and_then(|i| seq.rows.get(i));
    rows::lines(app, seq, row, before, cols)
}

fn header(c: &mut Canvas, app: &App, area: Rect, seq: &Sequence, cols: Columns) {
    let role = |port: u16, replica: bool| -> &'static str {
        use crate::observe::Role;
        match app.world.model.instance(port).map(|i| (i.is_up(), i.role)) {
            Some((false, _)) => "down",
            Some((true, Role::Master)) => "master",
            Some((true, Role::Replica)) if replica => "replica",
            Some((true, Role::Replica)) => "replica, too",
            None => "outside",
        }
    };
    let indent = cols.time + 1 + cols.left;
    let half = cols.middle / 2;
    let left = format!("{} {}", seq.key.replica.label(), role(seq.key.replica.port, true));
    let right = format!("{} {}", seq.key.master.label(), role(seq.key.master.port, false));
    let names = Text::of(Mark::Quiet, fit("   time", indent))
        .add(Mark::Replica, fit(&left, half + 1))
        .add(Mark::Master, fit_right(&right, cols.middle - half + 1));
    c.line(area, 0, &names);
    // Only its own side could tell the state of a replica outside the lab.
    let ours =
        seq.key.replica.host.is_empty() && app.world.model.instance(seq.key.replica.port).is_some();
    let replica = if ours { state_name(seq.replica_state) } else { "" };
    let master = seq.master_state.map_or("", replica_state_name);
    let states = Text::of(Mark::Quiet, " ".repeat(indent))
        .add(Mark::Quiet, fit(replica, half + 1))
        .add(Mark::Quiet, fit_right(master, cols.middle - half + 1));
    c.line(area, 1, &states);
}

fn empty(c: &mut Canvas, app: &App, area: Rect) {
    let (master, replica) = app.first_ports();
    let room = (area.width as usize).saturating_sub(4);
    let told = |text: &str| -> Vec<Text> {
        wrap(text, room).iter().map(|l| Text::of(Mark::Quiet, format!("  {l}"))).collect()
    };
    let mut lines = vec![Text::new()];
    lines.extend(told("Nobody follows anybody yet: nothing was said."));
    lines.push(Text::new());
    let up = |port: u16| app.world.model.instance(port).is_some_and(|i| i.is_up());
    if !up(master) || !up(replica) {
        // A command for a server that is not there would only be refused.
        lines.extend(told(
            "As soon as one server follows another, every message between them \
                           appears here.",
        ));
        return c.lines(area, &lines);
    }
    lines.extend(told("Type in the console:"));
    lines.push(Text::of(Mark::Key, format!("    redis-cli -p {replica}")));
    lines.push(Text::of(Mark::Key, format!("    SLAVEOF 127.0.0.1 {master}")));
    lines.push(Text::new());
    lines.extend(told("and every message of the synchronisation appears here."));
    c.lines(area, &lines);
}
