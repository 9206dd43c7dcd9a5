//! What can still be resumed: the window of the stream that a master keeps, and where each
//! replica stands in it.

use super::frame::{Canvas, Text};
use super::words::{short_id, verdict};
use crate::lab::model::{self, Instance, LinkStatus};
use crate::observe::{PsyncVerdict, Role};
use crate::tui::app::{App, Pane};
use crate::tui::text::{bar, count, grouped, size};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let model = &app.world.model;
    let chosen = app.link().filter(|k| k.master.host.is_empty()).map(|k| k.master.port);
    let mut ports: Vec<u16> = model.instances.keys().copied().collect();
    // The chosen link's master first.
    ports.sort_by_key(|p| (Some(*p) != chosen, *p));
    let mut lines = Vec::new();
    for port in ports {
        let Some(i) = model.instance(port) else { continue };
        if Some(port) != chosen && !i.backlog.is_active() {
            continue;
        }
        lines.extend(window(c, app, i, area.width as usize));
        lines.push(Text::new());
    }
    if lines.is_empty() {
        let text = "The first replica that asks for a sync makes its master keep one.";
        lines = vec![Text::of(Mark::Quiet, " No backlog yet.")];
        lines.extend(Text::wrapped(Mark::Quiet, " ", text, area.width as usize));
    }
    c.scrolled(app, Pane::Backlog, area, &lines);
}

fn window(c: &Canvas, app: &App, i: &Instance, wide: usize) -> Vec<Text> {
    let mark = match (i.is_up(), i.role) {
        (false, _) => Mark::Broken,
        (true, Role::Master) => Mark::Master,
        (true, Role::Replica) => Mark::Replica,
    };
    let head = Text::of(Mark::Text, " ")
        .add(mark, i.port.to_string())
        .add(Mark::Quiet, format!("  {}", i.ids.replid.short()));
    if !i.is_up() {
        let text = "a backlog lives in memory: what it held is gone";
        let mut lines = vec![head.add(Mark::Broken, "  ╳ down")];
        lines.extend(Text::wrapped(Mark::Quiet, "  ", text, wide));
        return lines;
    }
    let b = &i.backlog;
    if !b.is_active() {
        let mut lines = vec![head];
        lines.extend(Text::wrapped(Mark::Quiet, "  ", "no backlog: nothing can be resumed", wide));
        return lines;
    }
    let fresh = app.world.touched.get(&i.port).is_some_and(|t| c.fresh(t.offset_at));
    let mut lines = vec![head];
    let cells = wide.saturating_sub(4).clamp(6, 60);
    let used = b.histlen.max(u64::from(b.histlen > 0) * b.size / cells as u64);
    lines.push(Text::of(Mark::Stream, format!("  {}", bar(used, b.size, cells))));
    let held = format!("{} of {} used", size(b.histlen), size(b.size));
    lines.extend(Text::wrapped(Mark::Quiet, "  ", &held, wide));
    if b.histlen > b.size {
        let why = "more than its size: blocks that a slow replica still needs are kept";
        lines.extend(Text::wrapped(Mark::Waiting, "  ", why, wide));
    }
    let (first, next) = (grouped(b.first.0), grouped(b.last().0 + 1));
    lines.push(Text::of(Mark::Quiet, "  +CONTINUE to a PSYNC that asks"));
    let id = |id: &str| Text::of(Mark::Quiet, "   ").add(Mark::Text, id.to_owned());
    lines.push(id(&i.ids.replid.short()).add(Mark::Quiet, " from ").add_fresh(
        Mark::Good,
        format!("{first} … {next}"),
        fresh,
    ));
    if !i.ids.replid2.is_zero() {
        let until = i.ids.second_offset.0.min(b.last().0 + 1);
        lines.push(if until >= b.first.0 {
            id(&i.ids.replid2.short())
                .add(Mark::Quiet, " from ")
                .add(Mark::Good, format!("{first} … {}", grouped(until)))
        } else {
            id(&i.ids.replid2.short()).add(Mark::Quiet, " no more: it fell out")
        });
    }
    for other in app.world.model.instances.values().filter(|o| o.port != i.port) {
        lines.extend(peer(app, i, other, wide));
    }
    let n = &i.counters;
    let counted = format!(
        "syncs: {} full · {} partial · {} refused",
        count(n.sync_full),
        count(n.sync_partial_ok),
        count(n.sync_partial_err)
    );
    lines.extend(Text::wrapped(Mark::Quiet, "  ", &counted, wide));
    lines
}

/// The first line's text without its indent.
fn asks_head(line: &Text, indent: usize) -> String {
    let flat: String = line.0.iter().map(|p| p.1.as_str()).collect();
    flat.get(indent..).unwrap_or_default().to_owned()
}

/// What another instance would get if it sent its PSYNC to `i` now: the master's own judgement.
fn peer(app: &App, i: &Instance, other: &Instance, wide: usize) -> Vec<Text> {
    let linked = app.world.model.link_of(other.port);
    let linked = linked.filter(|l| l.master == model::Peer::Inside(i.port));
    let name = Text::of(Mark::Text, "  ").add(Mark::Replica, other.port.to_string());
    if !other.is_up() {
        return vec![name.add(Mark::Broken, " ╳ down").add(Mark::Quiet, ": asks nothing")];
    }
    if i.refuses_psync() {
        let mut lines = vec![name.add(Mark::Quiet, " would have to wait")];
        let why = format!("-NOMASTERLINK: {}'s own link is down", i.port);
        lines.extend(Text::wrapped(Mark::Waiting, "    ", &why, wide));
        return lines;
    }
    let d = i.would_judge(other);
    let asks = if d.asked_id.starts_with('?') {
        "? -1".to_owned()
    } else {
        format!("{} {}", short_id(&d.asked_id), grouped(d.asked_offset.0))
    };
    let asks = match linked.map(|l| l.status) {
        Some(LinkStatus::Online) => format!("if it lost its link: {asks}"),
        Some(_) => format!("asks {asks}"),
        None => format!("would ask {asks}"),
    };
    let indent = " ".repeat(name.width() + 1);
    let mut lines = Text::wrapped(Mark::Quiet, &indent, &asks, wide);
    if let Some(first) = lines.first_mut() {
        *first = name.add(Mark::Quiet, format!(" {}", asks_head(first, indent.len())));
    }
    let (mark, text) = verdict(&d);
    let sign = if matches!(d.verdict, PsyncVerdict::Continue { .. }) { "✓" } else { "╳" };
    lines.extend(Text::wrapped(mark, &format!("    {sign} "), &text, wide));
    lines
}
