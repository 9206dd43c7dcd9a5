//! What can still be resumed: the window of the stream that a master keeps, and where each
//! replica stands in it.

use super::frame::{Canvas, Text};
use super::words::key_of;
use crate::lab::model::Instance;
use crate::observe::Role;
use crate::tui::app::App;
use crate::tui::text::{bar, count, fit_right, grouped, size, width};
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
        lines = vec![
            Text::of(Mark::Quiet, " No backlog yet."),
            Text::of(Mark::Quiet, " The first replica that asks for a sync"),
            Text::of(Mark::Quiet, " makes its master keep one."),
        ];
    }
    c.lines(area, &lines);
}

fn window(c: &Canvas, app: &App, i: &Instance, wide: usize) -> Vec<Text> {
    let mark = if i.role == Role::Master { Mark::Master } else { Mark::Replica };
    let head = Text::of(Mark::Text, " ")
        .add(mark, i.port.to_string())
        .add(Mark::Quiet, format!("  {}", i.ids.replid.short()));
    let b = &i.backlog;
    if !b.is_active() {
        return vec![head.add(Mark::Quiet, "  no backlog: nothing can be resumed")];
    }
    let fresh = app.world.touched.get(&i.port).is_some_and(|t| c.fresh(t.offset_at));
    let mut lines = vec![head];
    let cells = wide.saturating_sub(4).clamp(6, 60);
    let used = b.histlen.max(u64::from(b.histlen > 0) * b.size / cells as u64);
    lines.push(Text::of(Mark::Stream, format!("  {}", bar(used, b.size, cells))));
    lines.push(Text::of(Mark::Quiet, format!("  {} of {} used", size(b.histlen), size(b.size))));
    let first = grouped(b.first.0);
    let next = grouped(b.last().0 + 1);
    lines.push(Text::of(Mark::Quiet, "  PSYNC is granted from ").add_fresh(
        Mark::Good,
        format!("{first} … {next}"),
        fresh,
    ));
    let label = 8;
    for link in app.world.model.links() {
        let key = key_of(&link);
        if key.master.port != i.port || !key.master.host.is_empty() {
            continue;
        }
        // What the replica would ask for if its link broke now.
        let replica =
            app.world.model.instance(key.replica.port).filter(|_| key.replica.host.is_empty());
        let acked = link.down.and_then(|d| d.acked).map(|(o, _)| o);
        let Some(offset) = replica.map(|r| r.offset).or(acked) else { continue };
        let ask = offset.0 + 1;
        let fits = ask >= b.first.0 && ask <= b.last().0 + 1;
        let behind = (i.offset - offset).max(0);
        let name = key.replica.label();
        lines.push(
            Text::of(Mark::Replica, fit_right(&name, label.max(width(&name) + 2)))
                .add(Mark::Text, format!(" at {}", grouped(offset.0)))
                .add(Mark::Quiet, format!(" · {} behind ", size(behind as u64)))
                .add(
                    if fits { Mark::Good } else { Mark::Broken },
                    if fits { "✓ partial" } else { "╳ full" },
                ),
        );
    }
    if !i.ids.replid2.is_zero() {
        lines.push(
            Text::of(Mark::Quiet, "  also as ")
                .add(Mark::Difference, i.ids.replid2.short())
                .add(Mark::Quiet, format!(" up to {}", grouped(i.ids.second_offset.0))),
        );
    }
    let n = &i.counters;
    lines.push(Text::of(
        Mark::Quiet,
        format!(
            "  syncs: {} full · {} partial · {} refused",
            count(n.sync_full),
            count(n.sync_partial_ok),
            count(n.sync_partial_err)
        ),
    ));
    lines
}
