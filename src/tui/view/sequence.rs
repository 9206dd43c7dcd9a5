//! What was said: one link's conversation, or that of all links with a life line for each server.
//! Time runs down; what waits to happen stands below what has happened.
//!
//! ```text
//! ┌ title ──────────────────────────────────────────────┐
//! │ who stands where, in what state                      │  single.rs, lanes.rs
//! │ faults of the link · slow motion · ● breakpoints     │  head.rs, if there are any
//! │ rows: arrows, remarks, the bytes' names              │  shape.rs, placed by single or lanes
//! │ ⋮ 12.4 s                                             │  pause.rs
//! │ ⏸ steps that wait                                    │  held.rs
//! └──────────────────────────────────────────────────────┘
//! ```

mod arrow;
mod head;
mod held;
mod lanes;
mod pause;
mod shape;
mod single;

pub use shape::held_for;

use super::frame::{Canvas, Text};
use crate::tui::app::{App, Hit, SCALES};
use crate::tui::reduce::link::LinkKey;
use crate::tui::reduce::merge::{Item, RowRef};
use crate::tui::text::{since_start, wrap};
use crate::tui::theme::Mark;
use lanes::Lanes;
use ratatui::layout::Rect;
use single::Columns;

/// `6381 ⇄ 6380`, and which link of how many.
pub fn title(app: &App) -> String {
    if app.diagram.all {
        return format!("Sequence · all {} links · a one", app.world.links.keys().count());
    }
    match app.link() {
        None => "Sequence".into(),
        Some(key) => {
            let all: Vec<_> = app.world.links.keys().collect();
            let at = all.iter().position(|k| **k == key).map_or(0, |i| i + 1);
            let how = if app.chosen.is_some() { "chosen, f follows" } else { "newest" };
            let which = if all.len() > 1 {
                format!(" · {how} · {at} of {}, n · a all", all.len())
            } else {
                String::new()
            };
            format!("Sequence {} ⇄ {}{which}", key.replica.label(), key.master.label())
        }
    }
}

/// How rows are placed.
enum Layout {
    One(Columns),
    All(Lanes),
}

impl Layout {
    fn of(app: &App, links: &[LinkKey], width: usize) -> Layout {
        match app.diagram.all {
            true => Layout::All(Lanes::of(app, links, width)),
            false => Layout::One(Columns::of(width)),
        }
    }

    fn row(&self, app: &App, item: &Item) -> Vec<Text> {
        match self {
            Layout::One(columns) => columns.row(app, item, None),
            Layout::All(lanes) => lanes.row(app, item, Some(app.world.model.session.began.link_us)),
        }
    }

    fn pause(&self, mark: Mark, text: &str) -> Text {
        match self {
            Layout::One(columns) => columns.pause(mark, text),
            Layout::All(lanes) => lanes.pause(mark, text),
        }
    }

    fn header(&self, app: &App, links: &[LinkKey]) -> Vec<Text> {
        match self {
            Layout::All(lanes) => lanes.header(app).to_vec(),
            Layout::One(columns) => match links.first().and_then(|key| app.world.links.get(key)) {
                Some(seq) => columns.header(app, seq).to_vec(),
                None => Vec::new(),
            },
        }
    }

    fn held(&self, held: held::Held) -> Vec<Text> {
        match self {
            Layout::One(columns) => columns.held(held.drawn, held.stop),
            Layout::All(lanes) => lanes.held(&held.link, &held.drawn, held.stop),
        }
    }
}

/// The time of a row: since its conversation began, or, with several links, since `began`.
fn time_of(item: &Item, began: Option<u64>) -> String {
    since_start(match began {
        None => item.row.since_start_us,
        Some(began) => item.row.at.link_us.saturating_sub(began),
    })
}

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let links = app.diagram_links();
    if links.is_empty() {
        return empty(c, app, area);
    }
    let layout = Layout::of(app, &links, area.width as usize);
    let mut head = layout.header(app, &links);
    head.extend(head::conditions(app, &links));
    c.lines(area, &head);
    let top = (head.len() as u16).min(area.height);
    let body = Rect { y: area.y + top, height: area.height - top, ..area };
    if body.height > 0 {
        rows(c, app, &layout, &links, body);
    }
}

/// The lines of a row, or those between two.
struct Block {
    row: Option<RowRef>,
    lines: Vec<Text>,
}

/// From the foot upwards, as many rows as fit.
fn rows(c: &mut Canvas, app: &App, layout: &Layout, links: &[LinkKey], body: Rect) {
    let room = body.height as usize;
    let us_a_line = SCALES[app.diagram.scale.min(SCALES.len() - 1)];
    let mut blocks: Vec<Block> = Vec::new();
    let mut used = 0;
    let all_shown = links.iter().all(|key| {
        let end = app.world.links.get(key).map_or(0, |s| s.end());
        app.diagram.ends.get(key).is_some_and(|shown| *shown >= end)
    });
    // What waits comes after everything that happened: not before that was played.
    if all_shown {
        for held in held::of(app, links) {
            let lines = layout.held(held);
            used += lines.len();
            blocks.push(Block { row: None, lines });
        }
        blocks.reverse();
    }
    let mut below: Option<Item> = None;
    // A selected row is to be seen, in the middle if may be: what lies below it may be dropped.
    let mut found = app.selected().is_none();
    for item in app.diagram_rows() {
        if used >= room && found {
            break;
        }
        if let Some(below) = below {
            let pause: Vec<Text> = pause::between(item.row, below.row, us_a_line)
                .iter()
                .map(|(mark, text)| layout.pause(*mark, text))
                .collect();
            used += pause.len();
            blocks.push(Block { row: None, lines: pause });
        }
        let lines = layout.row(app, &item);
        used += lines.len();
        blocks.push(Block { row: Some(item.name()), lines });
        below = Some(item);
        if !found && app.cursor.as_ref().is_some_and(|name| item.is(name)) {
            found = true;
            // Drop from the foot until the selected row stands in the middle.
            let half = room / 2;
            let mut drop = 0;
            while used > half + blocks[drop].lines.len() && drop + 1 < blocks.len() {
                used -= blocks[drop].lines.len();
                drop += 1;
            }
            blocks.drain(..drop);
        }
    }
    let mut y = 0u16;
    let mut skip = used.saturating_sub(room);
    for block in blocks.iter().rev() {
        let cut = skip.min(block.lines.len());
        skip -= cut;
        let top = y;
        for line in &block.lines[cut..] {
            c.line(body, y, line);
            y += 1;
        }
        let place = Rect { y: body.y + top, height: y - top, ..body };
        let Some(row) = &block.row else { continue };
        if app.cursor.as_ref() == Some(row) && place.height > 0 {
            let mark = c.theme.of(Mark::Focus);
            c.put(place.x, place.y, place.right(), "▸", mark);
        }
        c.hits.push((place, Hit::Row(row.clone())));
    }
    newer_below(c, app, body, blocks.iter().find_map(|b| b.row.as_ref()));
}

/// How many rows lie below the foot while a row is selected.
fn newer_below(c: &mut Canvas, app: &App, body: Rect, foot: Option<&RowRef>) {
    let (Some(_), Some(foot)) = (&app.cursor, foot) else { return };
    let below = app.diagram_rows().take_while(|item| !item.is(foot)).count();
    if below == 0 {
        return;
    }
    let text = format!(" {below} newer below · G ");
    let width = text.chars().count() as u16;
    let at =
        Rect { x: body.right().saturating_sub(width + 1), y: body.bottom() - 1, width, height: 1 };
    c.line(at, 0, &Text(vec![(Mark::Key, text, true)]));
}

/// The lines of the selected row, so wide.
pub fn selected_lines(app: &App, width: u16) -> Vec<Text> {
    let layout = Layout::of(app, &app.diagram_links(), width as usize);
    app.selected().map_or(Vec::new(), |item| layout.row(app, &item))
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
