//! The box of one instance: who it is, and the numbers that tell how it stands.

use super::super::then;
use super::forest::Forest;
use super::{NEW_ID_US, told};
use crate::lab::model::{Instance, Life, LinkStatus, LinkView};
use crate::observe::{ExitHow, Role};
use crate::tui::app::{App, Hit};
use crate::tui::reduce::link::Peer;
use crate::tui::text::{clip, clock, count, grouped, safe, size, wrap};
use crate::tui::theme::Mark;
use crate::tui::view::frame::{Canvas, Text};
use ratatui::layout::Rect;

/// A box with less room inside has its role in its title.
const TINY: usize = 17;
/// Bytes behind from which on a replica is called behind.
const LATE: u64 = 16 * 1024;

/// How somebody stands, in a mark and a sign for small rooms.
pub fn sign(app: &App, of: &Peer) -> (Mark, &'static str) {
    let model = &app.world.model;
    let ours = of.host.is_empty().then(|| model.instance(of.port)).flatten();
    match ours {
        Some(i) if !i.is_up() => (Mark::Broken, "╳"),
        Some(i) if i.role == Role::Master => (Mark::Master, "M"),
        Some(_) => (Mark::Replica, "r"),
        None => (Mark::Quiet, "·"),
    }
}

/// Whether it is a server that is none of the lab's.
pub fn is_guest(app: &App, of: &Peer) -> bool {
    let model = &app.world.model;
    !(of.host.is_empty()
        && (model.instance(of.port).is_some() || model.session.ports.contains(&of.port)))
}

/// How many lines the fullest box could have.
pub fn lines(app: &App) -> u16 {
    let all = || app.world.model.instances.values();
    let second = all().any(|i| !i.ids.replid2.is_zero());
    let backlog = all().any(|i| i.backlog.is_active());
    4 + u16::from(second) + u16::from(backlog)
}

/// Draws the box of node `n`.
pub fn draw(c: &mut Canvas, app: &App, forest: &Forest, frame: Rect, n: usize) {
    if frame.height < 2 || frame.width < 6 {
        return;
    }
    let node = &forest.nodes[n];
    let of = &node.peer;
    let model = &app.world.model;
    let Some(i) = of.host.is_empty().then(|| model.instance(of.port)).flatten() else {
        return stranger(c, app, &forest.links, frame, of);
    };
    let master = i.role == Role::Master;
    let mark = match (i.is_up(), master) {
        (false, _) => Mark::Broken,
        (true, true) => Mark::Master,
        (true, false) => Mark::Replica,
    };
    let low = frame.height <= 3;
    let room = frame.width as usize - 4;
    let mut title = Text::of(mark, format!(" {} ", i.port));
    let mut add = |text: Text| {
        if title.width() + text.width() <= room {
            title.0.extend(text.0);
        }
    };
    if let Life::Down { since, .. } = &i.life {
        let us = app.now.mono_us.saturating_sub(since.mono_us);
        add(Text::of(Mark::Broken, format!("╳ down {} ", clock(us))));
    }
    if model.frozen.contains(&i.port) {
        add(Text::of(Mark::Waiting, "‖ frozen "));
    }
    if let Some(waits) = model.time.waiting.iter().find(|w| told::is_inside(w, i.port)) {
        add(Text::of(Mark::Waiting, format!("⏸ {} ", waits.step.kind.name())));
    }
    if i.is_up() && (low || (!master && room + 1 < TINY)) {
        add(Text::of(mark, if master { "master " } else { "replica " }));
    }
    let border = match (i.is_up(), model.frozen.contains(&i.port)) {
        (false, _) => Mark::Quiet,
        (true, true) => Mark::Waiting,
        (true, false) => mark,
    };
    let inner = c.border(frame, &title, border, master && i.is_up());
    c.hits.push((frame, Hit::Node(i.port)));
    let text = Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), ..inner };
    let link = node.link.or(node.circle).map(|l| &forest.links[l]);
    let mut lines = about(c, app, i, link, (text.width as usize, text.height));
    if let Some(link) = node.circle.map(|l| &forest.links[l]) {
        let master = crate::tui::view::words::peer(&link.master).label();
        let long = format!("↺ a circle: follows {master}");
        let text = if crate::tui::text::width(&long) <= text.width as usize {
            long
        } else {
            format!("↺ {master}")
        };
        lines.insert(1.min(lines.len()), Text::of(Mark::Broken, text));
    }
    c.lines(text, &lines);
}

/// A port of the lab that nobody listens on yet, or a guest.
fn stranger(c: &mut Canvas, app: &App, links: &[LinkView], frame: Rect, of: &Peer) {
    if !is_guest(app, of) {
        let title = Text::of(Mark::Quiet, format!(" {} ", of.port));
        let inner = c.border(frame, &title, Mark::Quiet, false);
        c.line(inner, 0, &Text::of(Mark::Quiet, " not started"));
        return;
    }
    let name = clip(&of.label(), frame.width as usize - 6);
    let inner = c.guest(frame, &Text::of(Mark::Text, format!(" {name} ")));
    let text = Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), ..inner };
    let mut lines = guest(app, links, of, text.width as usize);
    if text.height == 1 {
        lines.drain(..lines.len().min(1));
    }
    if lines.is_empty() {
        lines.push(Text::of(Mark::Quiet, "outside the lab"));
    }
    c.lines(text, &lines);
}

/// What the lab's own instances know of a guest.
fn guest(app: &App, links: &[LinkView], of: &Peer, wide: usize) -> Vec<Text> {
    let mut lines = Vec::new();
    let named = |peer: &crate::lab::model::Peer| crate::tui::view::words::peer(peer) == *of;
    let what = |role: &str| {
        let long = format!("a {role} outside the lab");
        if crate::tui::text::width(&long) <= wide { long } else { format!("guest {role}") }
    };
    if let Some(link) = links.iter().find(|l| named(&l.replica)) {
        lines.push(Text::of(Mark::Quiet, what("replica")));
        if let Some((offset, _)) = link.down.and_then(|d| d.acked) {
            let offset = Text::of(Mark::Quiet, "ACKed ").add(Mark::Text, grouped(offset.0));
            lines.push(offset);
        }
        if let Some(state) = link.down.and_then(|d| d.state) {
            let state = crate::tui::view::words::replica_state_name(state);
            lines.push(Text::of(Mark::Quiet, clip(state, wide)));
        }
    }
    if let Some(link) = links.iter().find(|l| named(&l.master)) {
        lines.push(Text::of(Mark::Quiet, what("master")));
        let replica = crate::tui::view::words::peer(&link.replica);
        if let Some(i) = app.world.model.instance(replica.port).filter(|i| i.link_is_up()) {
            let offset = Text::of(Mark::Quiet, "sent up to ").add(Mark::Text, grouped(i.offset.0));
            lines.push(offset);
        }
    }
    lines
}

/// What a box says, the most important first.
fn about(
    c: &Canvas,
    app: &App,
    i: &Instance,
    link: Option<&LinkView>,
    (wide, room): (usize, u16),
) -> Vec<Text> {
    if let Life::Failed { reason, .. } = &i.life {
        let mut lines = vec![Text::of(Mark::Broken, "did not start")];
        let told = wrap(&safe(reason), wide).into_iter();
        lines.extend(told.map(|line| Text::of(Mark::Text, line)));
        return lines;
    }
    let mut lines = vec![role(c, i, link, wide).then(then::role_now(app, i))];
    let touched = app.world.touched.get(&i.port);
    let offset_new = touched.is_some_and(|t| c.fresh(t.offset_at));
    let keys_new = touched.is_some_and(|t| c.fresh(t.keys_at));
    let verb = if i.is_up() { "offset " } else { "last offset " };
    let offset = Text::of(Mark::Quiet, verb).add_fresh(Mark::Text, grouped(i.offset.0), offset_new);
    let offset =
        offset.then(then::now_beside(app, i.port, &grouped(i.offset.0), |i| grouped(i.offset.0)));
    let keys =
        Text::of(Mark::Quiet, "keys ").add_fresh(Mark::Text, count(i.keys_total()), keys_new);
    let all = count(i.keys_total());
    let keys = keys.then(then::now_beside(app, i.port, &all, |i| count(i.keys_total())));
    let ids_new = i.ids.since != i.life.since() && c.fresh(i.ids.since);
    let id = Text::of(Mark::Quiet, "replid ").add_fresh(Mark::Text, i.ids.replid.short(), ids_new);
    let short = i.ids.replid.short();
    let id = id.then(then::now_beside(app, i.port, &short, |i| i.ids.replid.short()));
    // A master that gets its first replica begins a history: its id is not the one of a moment ago.
    let new_history = i.role == Role::Master
        && i.ids.since != i.life.since()
        && i.ids.since.mono_us > 0
        && app.now.mono_us.saturating_sub(i.ids.since.mono_us) < NEW_ID_US;
    let second = (!i.ids.replid2.is_zero()).then(|| {
        let until = grouped(i.ids.second_offset.0);
        let id = i.ids.replid2.short();
        let until = match crate::tui::text::width(&until) + 20 <= wide {
            true => format!(" up to {until}"),
            false => format!(" <{until}"),
        };
        Text::of(Mark::Quiet, if wide < TINY { "2: " } else { "replid2 " })
            .add_fresh(Mark::Text, id, ids_new)
            .add(Mark::Quiet, until)
    });
    if room <= 2 {
        let role = match room {
            1 => state(c, i, link, wide),
            _ => lines.remove(0),
        };
        return scant(role, offset, keys, (wide, room));
    }
    if room == 3 {
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
            ids = begun(ids, i, wide, ids_new);
        }
        lines.push(ids);
        return lines;
    }
    lines.push(offset);
    lines.push(keys);
    lines.push(if new_history { begun(id, i, wide, ids_new) } else { id });
    lines.extend(second);
    if i.backlog.is_active() {
        let held = size(i.backlog.histlen);
        let whole = format!("{held} of {}", size(i.backlog.size));
        let fits = crate::tui::text::width(&whole) + 8 <= wide;
        let text = if fits { whole } else { held };
        lines.push(Text::of(Mark::Quiet, "backlog ").add(Mark::Text, text));
    }
    lines
}

/// An id that has just begun, with or without what it is.
fn begun(id: Text, i: &Instance, wide: usize, fresh: bool) -> Text {
    let told = " new history";
    let id = match id.width() + told.len() > wide {
        true => Text::new().add_fresh(Mark::Text, i.ids.replid.short(), fresh),
        false => id,
    };
    id.add(Mark::Difference, told)
}

/// One or two lines: how it stands, and where.
fn scant(role: Text, offset: Text, keys: Text, (wide, room): (usize, u16)) -> Vec<Text> {
    let numbers = match offset.width() + keys.width() + 2 <= wide {
        true => joined(offset.clone(), keys),
        false => offset.clone(),
    };
    if room == 2 {
        return vec![role, numbers];
    }
    if role.width() == 0 {
        return vec![numbers];
    }
    for tail in [numbers, offset] {
        if role.width() + 2 + tail.width() <= wide {
            return vec![joined(role, tail)];
        }
    }
    vec![role]
}

/// Its role and how it stands.
fn role(c: &Canvas, i: &Instance, link: Option<&LinkView>, wide: usize) -> Text {
    let new = i.role_since != i.life.since() && c.fresh(i.role_since);
    let (mark, name) = match i.role {
        Role::Master => (Mark::Master, "master"),
        Role::Replica => (Mark::Replica, "replica"),
    };
    // A very small box has its role in its title.
    if !i.is_up() || (wide < TINY && i.role == Role::Replica) {
        return state(c, i, link, wide);
    }
    let role = Text::new().add_fresh(mark, name, new);
    let state = state(c, i, link, wide.saturating_sub(role.width() + 3));
    if state.width() == 0 {
        return role;
    }
    if role.width() + 3 + state.width() > wide {
        return state;
    }
    let mut role = role.add(state.0.first().map_or(Mark::Quiet, |p| p.0), " · ");
    role.0.extend(state.0);
    role
}

/// How it stands, in words.
pub fn standing(i: &Instance, link: Option<&LinkView>) -> (Mark, String) {
    let (mark, long, _) = words(i, link);
    (mark, long)
}

/// How it stands, in so many cells.
fn state(c: &Canvas, i: &Instance, link: Option<&LinkView>, wide: usize) -> Text {
    let (mark, long, short) = words(i, link);
    if long.is_empty() {
        return Text::new();
    }
    let text = if crate::tui::text::width(&long) <= wide { long } else { short };
    let fresh = i.role == Role::Replica && i.is_up() && c.fresh(i.upstream.since);
    Text::new().add_fresh(mark, text, fresh)
}

/// How it stands, long and short.
fn words(i: &Instance, link: Option<&LinkView>) -> (Mark, String, String) {
    if !i.is_up() {
        let was = if i.role == Role::Master { "was a master" } else { "was a replica" };
        let how = match &i.life {
            Life::Down { how, .. } => match how {
                ExitHow::Shutdown { code: 0 } => " · shutdown".to_owned(),
                ExitHow::Shutdown { code } => format!(" · exit {code}"),
                ExitHow::Killed => " · killed".to_owned(),
                ExitHow::Panicked { .. } => " · panicked".to_owned(),
                ExitHow::Failed { .. } => " · failed".to_owned(),
            },
            _ => String::new(),
        };
        return (Mark::Quiet, format!("{was}{how}"), was.to_owned());
    }
    if i.role == Role::Master {
        if matches!(i.life, Life::Starting { .. }) {
            return (Mark::Waiting, "starting".into(), "starting".into());
        }
        return match &i.former_master {
            Some(former) => {
                (Mark::Quiet, format!("was {}'s replica", former.port), "was replica".into())
            }
            None => (Mark::Quiet, String::new(), String::new()),
        };
    }
    // What was written within the last moment is on its way, and no reason for alarm.
    let behind = link.is_some_and(|l| {
        l.down.is_some_and(|d| d.left > 0) || l.behind.is_some_and(|bytes| bytes > LATE)
    });
    let (mark, long, short) = match link.map(|l| l.status) {
        Some(LinkStatus::Online) if behind => (Mark::Waiting, "online, behind", "behind"),
        Some(LinkStatus::Online) => (Mark::Good, "in sync", "in sync"),
        Some(LinkStatus::Transfer)
            if link.and_then(|l| l.up?.rdb).is_some_and(|rdb| !rdb.is_running()) =>
        {
            (Mark::Rdb, "has the whole RDB", "has the RDB")
        }
        Some(LinkStatus::Transfer) => (Mark::Rdb, "receives the RDB", "gets the RDB"),
        Some(LinkStatus::Waiting) => (Mark::Waiting, "waits", "waits"),
        Some(LinkStatus::Handshake | LinkStatus::Connecting) => {
            (Mark::Handshake, "handshake", "handshake")
        }
        Some(LinkStatus::Down) if link.is_some_and(told::is_new) => {
            (Mark::Handshake, "connects", "connects")
        }
        Some(LinkStatus::Down) | None => (Mark::Broken, "link down", "link down"),
    };
    (mark, long.into(), short.into())
}

fn joined(mut a: Text, b: Text) -> Text {
    a.0.push((Mark::Text, "  ".into(), false));
    a.0.extend(b.0);
    a
}
