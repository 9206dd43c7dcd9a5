//! Who follows whom: a box for every instance, replicas right of their master, chains further on.
//!
//! A master's box is as high as its replicas are together, so that every link starts at its edge
//! and runs straight. Whoever follows nobody (that we know) begins a row of its own; if nobody
//! follows anybody, the boxes stand side by side.

use super::frame::{Canvas, Text};
use super::topology_link;
use super::words::{self, peer};
use crate::lab::model::{Instance, Life, LinkStatus, LinkView, Model};
use crate::observe::Role;
use crate::tui::app::{App, Hit};
use crate::tui::reduce::link::Peer;
use crate::tui::text::{clock, count, grouped, safe, size, wrap};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of the smallest box: border, role, numbers, id.
const BOX: u16 = 5;

/// A box with less room inside has its role in its title.
const TINY: usize = 17;
/// Bytes behind from which on a replica is called behind.
const LATE: u64 = 16 * 1024;
/// How long a new id is called new.
pub const NEW_ID_US: u64 = 6_000_000;

/// The tree of who follows whom.
struct Tree<'a> {
    links: Vec<LinkView<'a>>,
    roots: Vec<Peer>,
    children: BTreeMap<Peer, Vec<usize>>,
}

impl<'a> Tree<'a> {
    fn of(model: &'a Model) -> Tree<'a> {
        let links = model.links();
        let mut children: BTreeMap<Peer, Vec<usize>> = BTreeMap::new();
        let mut nodes: BTreeSet<Peer> = model.instances.keys().map(|p| Peer::port(*p)).collect();
        nodes.extend(model.session.ports.iter().map(|p| Peer::port(*p)));
        let mut follows = BTreeSet::new();
        for (i, link) in links.iter().enumerate() {
            let (master, replica) = (peer(&link.master), peer(&link.replica));
            // Following itself, or each other, must not hide anybody.
            if reaches(&links, &children, &replica, &master) {
                continue;
            }
            nodes.insert(master.clone());
            nodes.insert(replica.clone());
            children.entry(master).or_default().push(i);
            follows.insert(replica);
        }
        let mut roots: Vec<Peer> = nodes.into_iter().filter(|n| !follows.contains(n)).collect();
        // Whoever has replicas comes first.
        roots.sort_by_key(|r| (!children.contains_key(r), r.clone()));
        Tree { links, roots, children }
    }

    fn depth(&self, of: &Peer) -> usize {
        let below = self.children.get(of).into_iter().flatten();
        1 + below.map(|i| self.depth(&peer(&self.links[*i].replica))).max().unwrap_or(0)
    }

    fn columns(&self) -> usize {
        self.roots.iter().map(|r| self.depth(r)).max().unwrap_or(1)
    }

    fn rows(&self, of: &Peer) -> u16 {
        let below = self.children.get(of).into_iter().flatten();
        let sum: u16 = below.map(|i| self.rows(&peer(&self.links[*i].replica))).sum();
        sum.max(BOX)
    }

    fn is_flat(&self) -> bool {
        self.children.is_empty()
    }
}

/// Whether `to` is reached from `from` by going down.
fn reaches(
    links: &[LinkView],
    children: &BTreeMap<Peer, Vec<usize>>,
    from: &Peer,
    to: &Peer,
) -> bool {
    from == to
        || children
            .get(from)
            .into_iter()
            .flatten()
            .any(|i| reaches(links, children, &peer(&links[*i].replica), to))
}

/// How many rows the picture wants.
pub fn height(app: &App, width: u16) -> u16 {
    let tree = Tree::of(&app.world.model);
    if tree.is_flat() {
        let per_row = (width / 26).max(1);
        let rows = (tree.roots.len() as u16).div_ceil(per_row).max(1);
        return rows * (BOX + 1);
    }
    let (lone, with): (Vec<_>, Vec<_>) =
        tree.roots.iter().partition(|r| !tree.children.contains_key(r));
    let stacked: u16 = with.iter().map(|r| tree.rows(r)).sum();
    stacked + if lone.is_empty() { 0 } else { BOX }
}

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let tree = Tree::of(&app.world.model);
    if tree.roots.is_empty() {
        c.line(area, 0, &Text::of(Mark::Quiet, " no instance yet"));
        return;
    }
    if tree.is_flat() {
        let per_row = (area.width / 26).max(1).min(tree.roots.len() as u16);
        return flat(c, app, area, &tree.roots, area.width / per_row);
    }
    let columns = tree.columns() as u16;
    let width = (area.width * 11 / (columns * 16).max(1)).clamp(16, 30).min(area.width);
    let gap = area.width.saturating_sub(columns * width).checked_div(columns - 1).unwrap_or(0);
    let mut y = area.y;
    let (lone, with): (Vec<_>, Vec<_>) =
        tree.roots.iter().cloned().partition(|r| !tree.children.contains_key(r));
    for root in &with {
        let place = Place { x: area.x, y, width, gap };
        y += node(c, app, area, &tree, root, place);
    }
    // Those without a link share a row at the foot.
    let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    if !lone.is_empty() {
        flat(c, app, rest, &lone, width + 1);
    }
}

#[derive(Clone, Copy)]
struct Place {
    x: u16,
    y: u16,
    width: u16,
    gap: u16,
}

fn node(c: &mut Canvas, app: &App, area: Rect, tree: &Tree, of: &Peer, at: Place) -> u16 {
    let rows = tree.rows(of);
    let frame = Rect { x: at.x, y: at.y, width: at.width, height: rows }.intersection(area);
    instance(c, app, frame, of);
    let mut y = at.y;
    for i in tree.children.get(of).into_iter().flatten() {
        let link = &tree.links[*i];
        let replica = peer(&link.replica);
        let next = Place { x: at.x + at.width + at.gap, y, ..at };
        let used = node(c, app, area, tree, &replica, next);
        let between =
            Rect { x: at.x + at.width, y: y + 1, width: at.gap, height: used.saturating_sub(1) }
                .intersection(area);
        if between.height > 0 {
            topology_link::draw(c, app, between, link);
            c.hits.push((between, Hit::Link(words::key_of(link))));
        }
        y += used;
    }
    rows
}

fn flat(c: &mut Canvas, app: &App, area: Rect, roots: &[Peer], width: u16) {
    let width = width.clamp(8, 39);
    let per_row = (area.width / width).max(1);
    for (i, root) in roots.iter().enumerate() {
        let (row, column) = (i as u16 / per_row, i as u16 % per_row);
        let frame = Rect {
            x: area.x + column * width,
            y: area.y + row * BOX,
            width: width.saturating_sub(1),
            height: BOX,
        };
        instance(c, app, frame.intersection(area), root);
    }
}

fn instance(c: &mut Canvas, app: &App, frame: Rect, of: &Peer) {
    if frame.height < 2 || frame.width < 6 {
        return;
    }
    let model = &app.world.model;
    let Some(i) = of.host.is_empty().then(|| model.instance(of.port)).flatten() else {
        let ours = of.host.is_empty() && model.session.ports.contains(&of.port);
        let (title, text) = if ours {
            (format!(" {} ", of.port), "not started")
        } else {
            (format!(" {} ", of.label()), "outside the lab")
        };
        let inner = c.border(frame, &Text::of(Mark::Quiet, title), Mark::Quiet, false);
        c.line(inner, 0, &Text::of(Mark::Quiet, format!(" {text}")));
        return;
    };
    let master = i.role == Role::Master;
    let mark = match (i.is_up(), master) {
        (false, _) => Mark::Broken,
        (true, true) => Mark::Master,
        (true, false) => Mark::Replica,
    };
    let mut title = Text::of(mark, format!(" {} ", i.port));
    if let Life::Down { since, .. } = &i.life {
        let us = app.now.mono_us.saturating_sub(since.mono_us);
        title = title.add(Mark::Broken, format!("╳ down {} ", clock(us)));
    }
    if i.is_up() && !master && (frame.width as usize) < TINY + 3 {
        title = title.add(mark, "replica ");
    }
    let border = if i.is_up() { mark } else { Mark::Quiet };
    let inner = c.border(frame, &title, border, master && i.is_up());
    let text = Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), ..inner };
    let lines = about(c, app, i, (text.width as usize, text.height));
    c.lines(text, &lines);
}

/// What a box says, the most important first.
fn about(c: &Canvas, app: &App, i: &Instance, (wide, room): (usize, u16)) -> Vec<Text> {
    if let Life::Failed { reason, .. } = &i.life {
        let mut lines = vec![Text::of(Mark::Broken, "did not start")];
        let told = wrap(&safe(reason), wide).into_iter();
        lines.extend(told.map(|line| Text::of(Mark::Text, line)));
        return lines;
    }
    let mut lines = vec![role(c, app, i, wide)];
    let touched = app.world.touched.get(&i.port);
    let offset_new = touched.is_some_and(|t| c.fresh(t.offset_at));
    let keys_new = touched.is_some_and(|t| c.fresh(t.keys_at));
    let verb = if i.is_up() { "offset " } else { "last offset " };
    let offset = Text::of(Mark::Quiet, verb).add_fresh(Mark::Text, grouped(i.offset.0), offset_new);
    let keys =
        Text::of(Mark::Quiet, "keys ").add_fresh(Mark::Text, count(i.keys_total()), keys_new);
    let ids_new = i.ids.since != i.life.since() && c.fresh(i.ids.since);
    let id = Text::of(Mark::Quiet, "replid ").add_fresh(Mark::Text, i.ids.replid.short(), ids_new);
    // A master that gets its first replica begins a history: its id is not the one of a moment ago.
    let new_history = i.role == Role::Master
        && i.ids.since != i.life.since()
        && i.ids.since.mono_us > 0
        && app.now.mono_us.saturating_sub(i.ids.since.mono_us) < NEW_ID_US;
    let second = (!i.ids.replid2.is_zero()).then(|| {
        let until = grouped(i.ids.second_offset.0);
        Text::of(Mark::Quiet, "replid2 ")
            .add_fresh(Mark::Text, i.ids.replid2.short(), ids_new)
            .add(Mark::Quiet, format!(" up to {until}"))
    });
    if room <= 3 {
        // Three lines have to do.
        let mut ids = id;
        if offset.width() + keys.width() + 2 <= wide {
            lines.push(joined(offset, keys));
        } else {
            lines.push(offset);
            ids = if keys.width() + ids.width() + 2 <= wide {
                joined(keys, ids)
            } else {
                keys.add(Mark::Quiet, " · ").add_fresh(Mark::Text, i.ids.replid.short(), ids_new)
            };
        }
        if !i.ids.replid2.is_zero() {
            let until = grouped(i.ids.second_offset.0);
            let second = format!("  2: {} <{until}", i.ids.replid2.short());
            if ids.width() + second.chars().count() > wide {
                ids = Text::new().add_fresh(Mark::Text, i.ids.replid.short(), ids_new);
            }
            ids = ids.add(Mark::Quiet, second);
        } else if new_history {
            let told = " new history";
            if ids.width() + told.len() > wide {
                ids = Text::new().add_fresh(Mark::Text, i.ids.replid.short(), ids_new);
            }
            ids = ids.add(Mark::Difference, told);
        }
        lines.push(ids);
        return lines;
    }
    lines.push(offset);
    lines.push(keys);
    lines.push(if new_history { id.add(Mark::Difference, " new history") } else { id });
    lines.extend(second);
    if i.backlog.is_active() {
        lines.push(
            Text::of(Mark::Quiet, "backlog ").add(
                Mark::Text,
                format!("{} of {}", size(i.backlog.histlen), size(i.backlog.size)),
            ),
        );
        if i.backlog.histlen > i.backlog.size {
            let why = "blocks a slow replica still needs are kept";
            lines.extend(Text::wrapped(Mark::Waiting, "  ", why, wide));
        }
    }
    lines
}

fn role(c: &Canvas, app: &App, i: &Instance, wide: usize) -> Text {
    if !i.is_up() {
        let was = if i.role == Role::Master { "was a master" } else { "was a replica" };
        let how = match &i.life {
            Life::Down { how, .. } => match how {
                crate::observe::ExitHow::Shutdown { code: 0 } => " · shutdown".to_owned(),
                crate::observe::ExitHow::Shutdown { code } => format!(" · exit {code}"),
                crate::observe::ExitHow::Killed => " · killed".to_owned(),
                crate::observe::ExitHow::Panicked { .. } => " · panicked".to_owned(),
                crate::observe::ExitHow::Failed { .. } => " · failed".to_owned(),
            },
            _ => String::new(),
        };
        return Text::of(Mark::Quiet, format!("{was}{how}"));
    }
    let new = i.role_since != i.life.since() && c.fresh(i.role_since);
    if i.role == Role::Master {
        let mut text = Text::new().add_fresh(Mark::Master, "master", new);
        if let Some(former) = &i.former_master {
            let whole = format!(" · was {}'s replica", former.port);
            let fits = text.width() + whole.chars().count() <= wide;
            text = text.add(Mark::Quiet, if fits { whole } else { " · was replica".into() });
        }
        if matches!(i.life, Life::Starting { .. }) {
            text = text.add(Mark::Waiting, " · starting");
        }
        return text;
    }
    // A very small box has its role in its title.
    let (text, dot) = if wide < TINY {
        (Text::new(), "")
    } else {
        (Text::new().add_fresh(Mark::Replica, "replica", new), " · ")
    };
    let new_state = c.fresh(i.upstream.since);
    let link = app.world.model.link_of(i.port);
    // What was written within the last moment is on its way, and no reason for alarm.
    let behind = link.as_ref().is_some_and(|l| {
        l.down.is_some_and(|d| d.left > 0) || l.behind.is_some_and(|bytes| bytes > LATE)
    });
    let state = |mark: Mark, long: &str, short: &str| {
        let fits = text.width() + dot.chars().count() + long.chars().count() <= wide;
        let told = if fits { long } else { short };
        text.clone().add_fresh(mark, format!("{dot}{told}"), new_state)
    };
    match link.map(|l| l.status) {
        Some(LinkStatus::Online) if behind => state(Mark::Waiting, "online, behind", "behind"),
        Some(LinkStatus::Online) => state(Mark::Good, "in sync", "in sync"),
        Some(LinkStatus::Transfer) => state(Mark::Rdb, "receives the RDB", "gets the RDB"),
        Some(LinkStatus::Waiting) => state(Mark::Waiting, "waits", "waits"),
        Some(LinkStatus::Handshake | LinkStatus::Connecting) => {
            state(Mark::Handshake, "handshake", "handshake")
        }
        Some(LinkStatus::Down) | None => state(Mark::Broken, "link down", "link down"),
    }
}

fn joined(mut a: Text, b: Text) -> Text {
    a.0.push((Mark::Text, "  ".into(), false));
    a.0.extend(b.0);
    a
}
