//! The line at the top that never goes away: where one is, every link in a word, the keys to know.

use super::frame::{Canvas, Text};
use super::status_time;
use super::topology::told;
use super::words::key_of;
use crate::lab::model::{Life, LinkStatus};
use crate::tui::app::{App, Hit};
use crate::tui::text::{clip, count, width};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let keys = if area.width >= 100 {
        vec![(Hit::Help, "?", " help  "), (Hit::Palette, "/", " palette ")]
    } else {
        vec![(Hit::Help, "?", " help ")]
    };
    let keys_width: usize = keys.iter().map(|(_, k, n)| width(k) + width(n)).sum();
    // What waits needs the room of the words beside the clock.
    let crowded = !app.live().model.time.waiting.is_empty() && area.width < 140;
    let time = status_time::time(app, if crowded { area.width.min(99) } else { area.width });
    let right = keys_width + time.width();
    let room_for = |left: &Text| (area.width as usize).saturating_sub(left.width() + right + 2);
    let line = match &app.notice {
        Some(notice) => {
            let left = place(app, 0);
            let room = room_for(&left);
            left.add(Mark::Quiet, " ").add(Mark::Lab, clip(notice, room.saturating_sub(1)))
        }
        None if app.back.is_some() => {
            let left = if area.width < 100 { Text::new() } else { place(app, 0) };
            let moment = moment(app, room_for(&left));
            left.then(moment)
        }
        None => present(app, area.width, room_for),
    };
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

/// What is now: what waits, and the links.
fn present(app: &App, wide: u16, room_for: impl Fn(&Text) -> usize) -> Text {
    let mut left = place(app, (wide as usize / 4).max(8));
    let whole = status_time::next(app, usize::MAX);
    let mut next = status_time::next(app, room_for(&left));
    let mut links = links_in(app, room_for(&left).saturating_sub(next.width()));
    // Steps and links matter more than the lesson's title, which the lesson itself tells.
    if next.width() < whole.width() || links.width() < links_in(app, usize::MAX).width() {
        left = place(app, 0);
        next = status_time::next(app, room_for(&left));
        links = links_in(app, room_for(&left).saturating_sub(next.width()));
    }
    if next.width() < whole.width() && wide < 100 {
        // What waits matters more than the program's name.
        left = match &app.progress {
            Some(p) => Text::of(Mark::Title, format!(" L{}", p.lesson().number)),
            None => Text::new(),
        };
        next = status_time::next(app, room_for(&left));
        links = links_in(app, room_for(&left).saturating_sub(next.width()));
    }
    let line = left.then(next).then(links);
    let dropped = status_time::dropped(app, room_for(&line));
    line.then(dropped)
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
            LinkStatus::Down if told::is_new(&link) => (Mark::Handshake, "┄┄▷".to_owned()),
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
