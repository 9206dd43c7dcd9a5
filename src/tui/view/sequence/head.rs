//! What stands above the rows, and marks that all of them share.

use super::super::frame::Text;
use super::super::words;
use crate::lab::model::Model;
use crate::observe::{BreakOn, Role};
use crate::tui::app::{App, SCALES, scale_name};
use crate::tui::reduce::link::{LinkKey, Peer};
use crate::tui::reduce::merge::Item;
use crate::tui::reduce::row::Row;
use crate::tui::text::{size, span};
use crate::tui::theme::Mark;

/// Whether a row changed less than a second ago.
pub fn is_fresh(app: &App, row: &Row) -> bool {
    row.changed.mono_us > 0
        && app.now.mono_us.saturating_sub(row.changed.mono_us) < super::super::FRESH_US
}

/// Whether a breakpoint stops at what this row is the trace of.
pub fn breaks_at(app: &App, item: &Item) -> bool {
    let breaks = &app.world.model.time.breaks;
    let kind = item.row.step_kind();
    kind.is_some_and(|kind| breaks.contains(&BreakOn::Kind(kind)))
}

/// What a server is, in a word.
pub fn role(app: &App, peer: &Peer, replica_here: bool) -> &'static str {
    let instance = match peer.host.is_empty() {
        true => app.world.model.instance(peer.port),
        false => None,
    };
    match instance.map(|i| (i.is_up(), i.role)) {
        Some((false, _)) => "down",
        Some((true, Role::Master)) => "master",
        Some((true, Role::Replica)) if replica_here => "replica",
        Some((true, Role::Replica)) => "replica, too",
        None => "outside",
    }
}

/// What is wrong with these links now, how time runs, and where it will stop: a line of its own,
/// if there is anything to say.
pub fn conditions(app: &App, links: &[LinkKey]) -> Option<Text> {
    let model = &app.world.model;
    let mut faults: Vec<String> = Vec::new();
    for key in links {
        let name = |text: String| match links.len() {
            1 => text,
            _ => format!("{} ⇄ {} {text}", key.replica.label(), key.master.label()),
        };
        faults.extend(of_link(model, key).into_iter().map(name));
    }
    let frozen = model.frozen.iter().filter(|p| {
        let peer = Peer::port(**p);
        links.iter().any(|k| k.master == peer || k.replica == peer)
    });
    faults.extend(frozen.map(|p| format!("{p} frozen")));
    let mut out = Text::new();
    let mut part = |mark: Mark, text: String| {
        let gap = if out.0.is_empty() { " " } else { " · " };
        let line = std::mem::take(&mut out);
        out = line.add(Mark::Quiet, gap).add(mark, text);
    };
    if let us @ 1.. = SCALES[app.diagram.scale.min(SCALES.len() - 1)] {
        part(Mark::Key, format!("a line is {}", scale_name(us)));
    }
    for text in faults {
        part(Mark::Broken, text);
    }
    let time = &model.time;
    if time.slow > 1 {
        part(Mark::Waiting, format!("link time at 1/{}", time.slow));
    }
    if time.stepping {
        // One line as long as step mode lasts: nothing jumps while steps come and go.
        let how = if time.held { "link time stands still" } else { "link time runs" };
        part(Mark::Waiting, format!("step mode: {how}"));
    } else if time.held {
        part(Mark::Waiting, "link time stands still".into());
    }
    for ((_, peer), (since, ms)) in &time.patience {
        let spent = app.now.mono_us.saturating_sub(since.mono_us);
        let left = (ms * 1000).saturating_sub(spent);
        part(
            Mark::Waiting,
            format!("{} bears the silence {} more", Peer::of(peer).label(), span(left)),
        );
    }
    if !time.breaks.is_empty() {
        let names: Vec<String> = time.breaks.iter().map(|b| words::break_on(*b)).collect();
        part(Mark::Key, format!("● stops at {}", names.join(", ")));
    }
    (!out.0.is_empty()).then_some(out)
}

fn of_link(model: &Model, key: &LinkKey) -> Vec<String> {
    let (a, b) = (key.master.port, key.replica.port);
    let pair = (a.min(b), a.max(b));
    let mut out = Vec::new();
    if let Some(faults) = model.faults.get(&pair) {
        if faults.cut {
            out.push("cut".to_owned());
        }
        if faults.half_open {
            out.push("half-open".to_owned());
        }
        if let Some(us) = faults.delay_us {
            out.push(format!("+{}", words::short_span(us)));
        }
    }
    if let Some(bound) = model.throttles.get(&pair) {
        out.push(format!("{}/s at most", size(*bound)));
    }
    out
}
