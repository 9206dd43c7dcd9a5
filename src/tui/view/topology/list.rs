//! The lines instead of boxes: everybody in one line each, under whom they follow.
//!
//! ```text
//!  6380 M                                        offset  1,271  keys 10,001
//!  ├══▶ 6381 r  ▓▓▓▓▓░░░ 61 % · 1.9 MB · 64 KB/s      0           0
//!  └──▶ 6382 r  in sync · 0 B behind               1,271      10,001
//!     └╳╌╳ 6383 r  link down 00:12                 1,240      10,000
//! ```

use super::card;
use super::forest::Forest;
use super::link;
use super::told::Told;
use crate::lab::model::LinkStatus;
use crate::tui::app::{App, Hit, Pane};
use crate::tui::text::{bar, clip, count, fit_right, grouped, size, width};
use crate::tui::theme::Mark;
use crate::tui::view::frame::{Canvas, Text};
use crate::tui::view::words;
use ratatui::layout::Rect;

/// Cells of the numbers' columns.
const OFFSET: usize = 14;
const KEYS: usize = 11;
const BACKLOG: usize = 19;
const REPLID: usize = 7;
/// From this width on there are all of them.
const ALL: usize = 110;

/// A node in its place: the branches before it, and where its arrow begins.
struct Row {
    node: usize,
    branch: String,
}

/// How many rows it wants, the head included.
pub fn rows(forest: &Forest) -> u16 {
    forest.nodes.len() as u16 + 1
}

pub fn draw(c: &mut Canvas, app: &App, area: Rect, forest: &Forest) {
    let wide = area.width as usize;
    // Deep trees are drawn narrower.
    let step = if forest.columns() * 3 > wide / 3 { 1 } else { 3 };
    let mut rows = Vec::new();
    for root in &forest.roots {
        below(forest, *root, String::new(), None, step, &mut rows);
    }
    let names: Vec<Text> = rows.iter().map(|r| name(app, forest, r)).collect();
    let left = names.iter().map(Text::width).max().unwrap_or(0) + 1;
    let numbers = OFFSET + KEYS + if wide >= ALL { BACKLOG + REPLID } else { 0 };
    let middle = wide.saturating_sub(left + numbers + 1);
    let mut head = Text::of(Mark::Quiet, " who");
    head = head.pad_then(left, Text::of(Mark::Quiet, "its link"));
    let mut columns = fit_right("offset", OFFSET) + &fit_right("keys", KEYS);
    if wide >= ALL {
        columns += &(fit_right("replid", REPLID) + &fit_right("backlog", BACKLOG));
    }
    c.line(area, 0, &head.pad_then(left + middle, Text::of(Mark::Quiet, columns)));
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let room = body.height as usize;
    let most = rows.len().saturating_sub(room);
    let skip = app.scroll.get(&Pane::Topology).copied().unwrap_or(0).min(most);
    app.scroll_most.borrow_mut().insert(Pane::Topology, most);
    for (y, (row, name)) in rows.iter().zip(names).enumerate().skip(skip).take(room) {
        let y = (y - skip) as u16;
        if y + 1 == body.height && skip < most {
            let more = format!(" … {} more: PgDn", most - skip + 1);
            c.line(body, y, &Text::of(Mark::Key, more));
            break;
        }
        line(c, app, forest, Rect { y: body.y + y, height: 1, ..body }, row, name, (left, middle));
    }
}

fn below(
    forest: &Forest,
    n: usize,
    stem: String,
    last: Option<bool>,
    step: usize,
    rows: &mut Vec<Row>,
) {
    let fork = match last {
        None => "",
        Some(false) => "├",
        Some(true) => "└",
    };
    rows.push(Row { node: n, branch: format!(" {stem}{fork}") });
    let next = match last {
        None => stem,
        Some(false) => stem + "│" + &" ".repeat(step - 1),
        Some(true) => stem + &" ".repeat(step),
    };
    let children = &forest.nodes[n].children;
    for (i, child) in children.iter().enumerate() {
        let last = i + 1 == children.len();
        below(forest, *child, next.clone(), Some(last), step, rows);
    }
}

/// The branch, the arrow, the name.
fn name(app: &App, forest: &Forest, row: &Row) -> Text {
    let node = &forest.nodes[row.node];
    let mut text = Text::of(Mark::Quiet, row.branch.clone());
    if let Some(link) = node.link.map(|l| &forest.links[l]) {
        let (mark, arrow) = arrow(link.status);
        text = text.add(mark, arrow).add(Mark::Text, " ");
    }
    let (mark, sign) = card::sign(app, &node.peer);
    let label = clip(&node.peer.label(), 21);
    if card::is_guest(app, &node.peer) {
        return text.add(Mark::Text, label).add(Mark::Quiet, " guest");
    }
    text.add(mark, format!("{label} {sign}"))
}

fn arrow(status: LinkStatus) -> (Mark, &'static str) {
    match status {
        LinkStatus::Online => (Mark::Stream, "──▶"),
        LinkStatus::Transfer => (Mark::Rdb, "══▶"),
        LinkStatus::Waiting => (Mark::Waiting, "╌⏸▷"),
        LinkStatus::Handshake | LinkStatus::Connecting => (Mark::Handshake, "┄┄▷"),
        LinkStatus::Down => (Mark::Broken, "╳╌╳"),
    }
}

fn line(
    c: &mut Canvas,
    app: &App,
    forest: &Forest,
    at: Rect,
    row: &Row,
    name: Text,
    (left, middle): (usize, usize),
) {
    let node = &forest.nodes[row.node];
    let link = node.link.map(|l| &forest.links[l]);
    let told = link.map(|l| Told::of(app, l));
    let model = &app.world.model;
    let ours = node.peer.host.is_empty().then(|| model.instance(node.peer.port)).flatten();
    let mut about = Text::new();
    let mut add = |mark: Mark, long: &str, short: &str, room: usize| {
        let gap = if about.width() > 0 { 3 } else { 0 };
        let Some(text) = [long, short].into_iter().find(|t| about.width() + gap + width(t) <= room)
        else {
            return;
        };
        if gap > 0 {
            about.0.push((Mark::Quiet, " · ".into(), false));
        }
        about.0.push((mark, text.to_owned(), false));
    };
    let room = middle.saturating_sub(1);
    if let Some(i) = ours {
        let (mark, state) = card::standing(i, link);
        let online = link.is_some_and(|l| l.status == LinkStatus::Online);
        if told.is_none() || online || !i.is_up() {
            add(mark, &state, &state, room);
        }
        if model.frozen.contains(&i.port) {
            add(Mark::Waiting, "‖ frozen", "‖", room);
        }
        if let Some(waits) = model.time.waiting.iter().find(|w| super::told::is_inside(w, i.port)) {
            add(Mark::Waiting, &format!("⏸ {}", waits.step.kind.name()), "⏸", room);
        }
    } else if !card::is_guest(app, &node.peer) {
        add(Mark::Quiet, "not started", "not started", room);
    }
    if let Some(link) = node.circle.map(|l| &forest.links[l]) {
        let master = words::peer(&link.master).label();
        add(Mark::Broken, &format!("↺ a circle: follows {master}"), &format!("↺ {master}"), room);
    }
    if let Some(told) = &told {
        if let Some((done, all)) = told.share {
            let percent = done as u128 * 100 / all.max(1) as u128;
            let text = format!("{} {percent} %", bar(done, all, 8));
            add(told.mark, &text, &format!("{percent} %"), room);
        } else if !told.label.is_empty() && !told.label.ends_with("stream") {
            add(told.mark, &told.label, &told.label, room);
        }
        for (mark, fault) in &told.faults {
            add(*mark, fault, fault, room);
        }
        for r in &told.remarks {
            add(r.mark, &r.long, &r.short, room);
        }
    }
    let mut text = name.pad_then(left, about);
    if let Some(i) = ours {
        let touched = app.world.touched.get(&i.port);
        let offset_new = touched.is_some_and(|t| c.fresh(t.offset_at));
        let keys_new = touched.is_some_and(|t| c.fresh(t.keys_at));
        text = text.pad_then(left + middle, Text::new());
        for (cells, number, new) in
            [(OFFSET, grouped(i.offset.0), offset_new), (KEYS, count(i.keys_total()), keys_new)]
        {
            let pad = cells.saturating_sub(width(&number));
            text = text.add(Mark::Text, " ".repeat(pad)).add_fresh(Mark::Text, number, new);
        }
        if at.width as usize >= ALL {
            text = text.add(Mark::Quiet, fit_right(&i.ids.replid.short(), REPLID));
            if i.backlog.is_active() {
                let b = &i.backlog;
                let told = format!("{} of {}", size(b.histlen), size(b.size));
                text = text.add(Mark::Quiet, fit_right(&told, BACKLOG));
            }
        }
    } else if let Some((offset, _)) = link.and_then(|l| l.down).and_then(|d| d.acked) {
        let number = Text::of(Mark::Text, fit_right(&grouped(offset.0), OFFSET));
        text = text.pad_then(left + middle, number);
    }
    c.line(at, 0, &text);
    if let (Some(told), Some(link)) = (&told, link) {
        if let Some(lane) = app.world.traffic.of(&told.key) {
            let x = at.x + width(&row.branch) as u16;
            link::moving(c, lane, (x, at.y), &[0, 1], link::travel_us(app, told));
        }
        c.hits.push((at, Hit::Link(words::key_of(link))));
    }
}
