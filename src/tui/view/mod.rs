//! Drawing: one file a region. Views read the app and draw; only the layout and the mouse's map of
//! the screen come back.
//!
//! ```text
//! ┌ status ─────────────────────────────────────────────────────────────────┐
//! │ lesson │ topology                                                        │
//! │        ├─────────────────────────────────────┬───────────────────────────┤
//! │        │ sequence of the chosen link         │ buffer wire backlog keys …│
//! ├────────┴─────────────────────────────────────┴───────────────────────────┤
//! │ console                                                                   │
//! └───────────────────────────────────────────────────────────────────────────┘
//! ```
//! At 80×24: status, one pane under its numbered tabs, console.

mod about;
mod backlog;
mod buffer;
mod charts;
mod console;
mod differences;
mod editor;
mod frame;
mod go_to;
mod happened;
mod help;
mod hex;
mod keys;
mod lesson;
mod logs;
mod palette;
mod plain;
mod plot;
mod quit;
mod rdb;
mod ring;
mod sequence;
mod start;
mod status;
mod status_time;
mod steps;
mod then;
mod timeline;
mod topology;
mod why;
mod whys;
mod wire;
mod words;

pub use plain::{
    differences_text, help_text, pane_text, row_text, steps_text, why_text, whys_text,
};
pub use topology::{NEW_ID_US, moves_for_us};

use super::app::{App, Focus, Pane, Popup, RIGHT_TABS, Screen, WhyBox};
use super::theme::Mark;
use frame::{Canvas, Text};
use ratatui::Frame;
use ratatui::layout::Rect;

#[cfg(test)]
pub use frame::CUT;

/// How long a change is marked.
pub const FRESH_US: u64 = 1_000_000;
/// Smaller than this, nothing useful fits.
const SMALLEST: (u16, u16) = (44, 12);
/// From here on the panes stand side by side.
const WIDE: (u16, u16) = (100, 30);
/// The diagram and the tabs beside it want so many columns together.
const SIDE_BY_SIDE: u16 = 84;

/// On a narrow screen, what the lesson keeps beside the editor: a line of the conf and its border.
const LESSON_BESIDE_EDITOR: u16 = 38;

/// Draws the whole screen, and remembers what lies where for the mouse.
pub fn draw(frame: &mut Frame, app: &mut App) {
    let area = frame.area();
    app.wide = area.width >= WIDE.0 && area.height >= WIDE.1;
    app.age_notice();
    if let Some(Popup::Help(at)) = app.popup {
        app.popup = Some(Popup::Help(at.min(help::last(app, area))));
    }
    if let Some(Popup::Differences(at)) = app.popup {
        app.popup = Some(Popup::Differences(at.min(differences::last(app, area))));
    }
    if let Some(Popup::Why(shown)) = &app.popup {
        let scroll = shown.scroll.min(why::last(app, area, &shown.of));
        app.popup = Some(Popup::Why(WhyBox { scroll, ..shown.clone() }));
    }
    app.play_rows();
    let mut hits = Vec::new();
    let mut c = Canvas { frame, theme: app.theme, now: app.now, hits: &mut hits };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        c.too_small(area, SMALLEST);
        app.hits = hits;
        return;
    }
    match app.screen {
        Screen::Lab => lab(&mut c, app, area),
        _ => start::draw(&mut c, app, area),
    }
    match &app.popup {
        None => {}
        Some(Popup::Help(at)) => help::draw(&mut c, app, area, *at),
        Some(Popup::Palette(state)) => palette::draw(&mut c, area, state),
        Some(Popup::Why(shown)) => why::draw(&mut c, app, area, shown),
        Some(Popup::Whys(chosen)) => whys::draw(&mut c, app, area, *chosen),
        Some(Popup::Editor(e)) => {
            let room = beside_lesson(&mut c, app, area);
            editor::draw(&mut c, room, e);
        }
        Some(Popup::Steps(chosen)) => steps::draw(&mut c, app, area, *chosen),
        Some(Popup::GoTo(input)) => go_to::draw(&mut c, app, area, input),
        Some(Popup::Differences(at)) => differences::draw(&mut c, app, area, *at),
        Some(Popup::Quit) => quit::draw(&mut c, app, area),
    }
    app.hits = hits;
}

/// Where the editor goes: in a lesson its text stays in sight, for it says what to write.
fn beside_lesson(c: &mut Canvas, app: &App, area: Rect) -> Rect {
    if app.progress.is_none() {
        return area;
    }
    let (_, rest) = split_top(area, 1);
    let width = if app.wide { lesson_width(rest) } else { LESSON_BESIDE_EDITOR };
    let (left, right) = split_left(rest, width.min(rest.width / 2));
    let left =
        if app.wide { split_top(left, left.height - console_height(app, rest)).0 } else { left };
    c.clear(if app.wide { left } else { rest });
    let inner = frame::titled(c, app, left, Pane::Lesson, "Lesson");
    lesson::draw_compact(c, app, inner);
    right
}

/// The lesson's share of a wide screen.
fn lesson_width(area: Rect) -> u16 {
    (area.width / 4).clamp(30, 44)
}

fn lab(c: &mut Canvas, app: &App, area: Rect) {
    let (status, rest) = split_top(area, 1);
    status::draw(c, app, status);
    let console_height = console_height(app, rest);
    let (middle, console) = split_top(rest, rest.height - console_height);
    let line = timeline::height(app).min(middle.height / 3);
    let (middle, strip) = split_top(middle, middle.height - line);
    timeline::draw(c, app, strip);
    if console_height > 0 {
        console::draw(c, app, console);
    }
    if !app.wide || app.zoom {
        narrow(c, app, middle);
    } else {
        wide(c, app, middle);
    }
    console::draw_offer(c, app, console);
}

fn console_height(app: &App, rest: Rect) -> u16 {
    match (app.zoom, app.wide) {
        // A zoomed pane has the whole screen while it has the keys.
        (true, _) if app.focus != Focus::Console => 0,
        (_, true) => (rest.height / 5).clamp(7, 12),
        (_, false) => 7.min(rest.height / 2),
    }
}

fn narrow(c: &mut Canvas, app: &App, area: Rect) {
    let inner = frame::tabbed(c, app, area, &Pane::NUMBERED, app.narrow, true);
    if app.zoom && app.focus != Focus::Console {
        let back = Text::of(Mark::Key, " z").add(Mark::Quiet, " brings the console back ");
        let foot = Rect { x: area.x + 2, y: area.bottom().saturating_sub(1), height: 1, ..area };
        c.line(Rect { width: area.width.saturating_sub(4), ..foot }, 0, &back);
    }
    pane(c, app, app.narrow, inner);
}

fn wide(c: &mut Canvas, app: &App, area: Rect) {
    let mut area = area;
    if app.progress.is_some() {
        let (left, rest) = split_left(area, lesson_width(area));
        let inner = frame::titled(c, app, left, Pane::Lesson, "Lesson");
        lesson::draw(c, app, inner);
        area = rest;
    }
    let most = area.height / 2;
    let wanted = topology::height(app, area.width.saturating_sub(2), most.saturating_sub(2)) + 2;
    let (top, below) = split_top(area, wanted.min(most).max(7));
    let inner = frame::titled(c, app, top, Pane::Topology, "Topology");
    topology::draw(c, app, inner);
    if below.width < SIDE_BY_SIDE {
        // Beside a lesson on a screen of middling width: the diagram needs all of it, and the tabs
        // take turns with it.
        let shown_here = if RIGHT_TABS.contains(&app.narrow) { app.narrow } else { Pane::Sequence };
        let tabs: Vec<Pane> = [Pane::Sequence].into_iter().chain(RIGHT_TABS).collect();
        let inner = frame::tabbed(c, app, below, &tabs, shown_here, true);
        return pane(c, app, shown_here, inner);
    }
    let right_width = (below.width * 3 / 8).clamp(35, 64);
    let (left, right) = split_left(below, below.width - right_width);
    let title = sequence::title(app);
    let inner = frame::titled(c, app, left, Pane::Sequence, &title);
    sequence::draw(c, app, inner);
    let inner = frame::tabbed(c, app, right, &RIGHT_TABS, app.tab, false);
    pane(c, app, app.tab, inner);
}

fn pane(c: &mut Canvas, app: &App, which: Pane, area: Rect) {
    let area = then::foot(c, app, which, area);
    match which {
        Pane::Lesson => lesson::draw(c, app, area),
        Pane::Topology => topology::draw(c, app, area),
        Pane::Sequence => sequence::draw(c, app, area),
        Pane::Buffer => buffer::draw(c, app, area),
        Pane::Wire => wire::draw(c, app, area),
        Pane::Rdb => rdb::draw(c, app, area),
        Pane::Backlog => backlog::draw(c, app, area),
        Pane::Keys => keys::draw(c, app, area),
        Pane::Logs => logs::draw(c, app, area),
        Pane::Charts => charts::draw(c, app, area),
        Pane::Console => {}
    }
}

/// The first `height` rows, and the rest.
fn split_top(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}

/// The first `width` columns, and the rest.
fn split_left(area: Rect, width: u16) -> (Rect, Rect) {
    let width = width.min(area.width);
    (Rect { width, ..area }, Rect { x: area.x + width, width: area.width - width, ..area })
}

/// Whether a pane has the keys.
fn focused(app: &App, pane: Pane) -> bool {
    match app.focus {
        Focus::Console => pane == Pane::Console,
        Focus::Pane(p) => p == pane,
    }
}
