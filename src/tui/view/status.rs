//! The line at the top that never goes away: where one is, every link in a word, the keys to know.

use super::frame::{Canvas, Text};
use super::words::key_of;
use crate::lab::model::{Life, LinkStatus};
use crate::tui::app::{App, Hit};
use crate::tui::text::{clip, clock, count, width};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let mut left = place(app, (area.width as usize / 4).max(8));
    let keys = if area.width >= 100 {
        vec![(Hit::Help, "?", " help  "), (Hit::Palette, "/", " palette ")]
    } else {
        vec![(Hit::Help, "?", " help ")]
    };
    let keys_width: usize = keys.iter().map(|(_, k, n)| width(k) + width(n)).sum();
    let time = time(app, area.width);
    let right = keys_width + time.width();
    let room_for = |left: &Text| (area.width as usize).saturating_sub(left.width() + right + 2);
    // Links matter more than the lesson's title, which the lesson itself tells.
    let mut links = links_in(app, room_for(&left));
    if links.width() < links_in(app, usize::MAX).width() {
        left = place(app, 0);
        links = links_in(app, room_for(&left));
    }
    let room = room_for(&left);
    let mut line = left;
    if app.back.is_some() {
        line = place(app, 0);
        let moment = moment(app, room_for(&line));
        line = line.then(moment);
        if app.notice.is_none() {
            links = Text::new();
        } else {
            line = place(app, 0);
        }
    }
    match &app.notice {
        Some(notice) => {
            line = line.add(Mark::Quiet, " ").add(Mark::Lab, clip(notice, room.saturating_sub(1)));
        }
        None => line.0.extend(links.0),
    }
    c.line(area, 0, &line);
    let from = area.right().saturating_sub(right as u16);
    c.line(Rect { x: from, width: area.right() - from, ..area }, 0, &time);
    let mut x = area.right().saturating_sub(keys_width as u16);
    for (hit, key, name) in keys {
        let start = x;
        x = c.put(x, area.y, area.right(), key, c.theme.of(Mark::Key));
        x = c.put(x, area.y, area.right(), name, c.theme.of(Mark::Quiet));
        c.hits.push((Rect { x: start, width: x - start, height: 1, ..area }, hit));
    }
}

/// Where one is: the lesson's title in so many cells (0: its number) and its goals.
fn place(app: &App, title_cells: usize) -> Text {
    let left = Text::of(Mark::Focus, " synclab ").add(Mark::Quiet, "▏");
    let Some(p) = &app.progress else { return left.add(Mark::Title, "Free lab ") };
    let done = p.goals().iter().filter(|g| g.ticked).count();
    let title = match title_cells {
        0 => format!("L{}", p.lesson().number),
        cells => clip(&p.lesson().title, cells),
    };
    let all = p.goals().len();
    let left = left.add(Mark::Title, title).add(Mark::Text, "  ");
    match app.just_ticked() {
        Some(goal) => left
            .add_fresh(Mark::Good, format!(" ✓ goal {}/{all} ", goal + 1), true)
            .add(Mark::Text, " "),
        None => left.add(Mark::Good, format!("{done}/{all} goals ")),
    }
}

/// How time runs, and how long the session has lasted. Nothing is drawn for the clock's sake.
fn time(app: &App, wide: u16) -> Text {
    let began = app.world.model.session.began;
    let us = app.now.mono_us.saturating_sub(began.mono_us);
    if app.back.is_some() {
        return Text::new();
    }
    let text = match wide {
        0..=69 => return Text::new(),
        70..=99 => "▶ ",
        100..=119 => "▶ live  ",
        _ => "▶ live  link time ×1  ",
    };
    Text::of(Mark::Stream, text).add(Mark::Quiet, format!("{}  ", clock(us)))
}

/// Which moment is up, and what went on meanwhile.
fn moment(app: &App, room: usize) -> Text {
    let Some(back) = &app.back else { return Text::new() };
    let clock = app.back_clock().unwrap_or_default();
    let later = app.travel.end().saturating_sub(back.at);
    let meanwhile = app.travel.end().saturating_sub(back.entered);
    let events = |n: u64| format!("{} event{}", count(n), if n == 1 { "" } else { "s" });
    let head = Text::new().add_fresh(Mark::Difference, format!(" ◀ back at {clock} "), true);
    let rest = [
        format!(
            " {} before now · the servers go on: {} meanwhile",
            events(later),
            events(meanwhile)
        ),
        format!(" {} before now · {} meanwhile", events(later), count(meanwhile)),
        format!(" {} before now", count(later)),
    ];
    let rest = rest.into_iter().find(|r| head.width() + r.chars().count() <= room);
    head.add(Mark::Quiet, rest.unwrap_or_default())
}

/// Every link in a word, as many as there is room for.
fn links_in(app: &App, room: usize) -> Text {
    let mut out = Text::new();
    let down: Vec<String> = app
        .world
        .model
        .instances
        .values()
        .filter(|i| matches!(i.life, Life::Down { .. } | Life::Failed { .. }))
        .map(|i| i.port.to_string())
        .collect();
    if !down.is_empty() {
        out = out.add(Mark::Broken, format!(" ╳ {} down ", down.join(", ")));
    }
    for link in app.world.model.links() {
        let key = key_of(&link);
        let (mark, arrow) = match link.status {
            LinkStatus::Online => (Mark::Stream, "──▶".to_owned()),
            LinkStatus::Transfer => {
                let share = app
                    .world
                    .links
                    .get(&key)
                    .and_then(|s| s.running_transfer())
                    .and_then(|t| t.share());
                let percent =
                    share.map(|(d, a)| format!(" {} %", d as u128 * 100 / a.max(1) as u128));
                (Mark::Rdb, format!("══RDB{}═▶", percent.unwrap_or_default()))
            }
            LinkStatus::Waiting => (Mark::Waiting, "⏸".to_owned()),
            LinkStatus::Handshake | LinkStatus::Connecting => (Mark::Handshake, "┄┄▷".to_owned()),
            LinkStatus::Down => (Mark::Broken, "╳╌╳".to_owned()),
        };
        let next = Text::of(Mark::Master, format!(" {} ", key.master.label()))
            .add(mark, arrow)
            .add(Mark::Replica, format!(" {} ", key.replica.label()));
        if out.width() + next.width() > room {
            break;
        }
        out.0.extend(next.0);
    }
    out
}
