//! Steps that wait, at the place where they will happen: below everything that has happened.

use super::super::frame::Text;
use super::super::words;
use super::arrow::Lean;
use super::shape::{Drawn, Note, Shape};
use crate::lab::model::Waiting;
use crate::observe::{BreakOn, Flow, Step, StepKind, StepWhat};
use crate::tui::app::App;
use crate::tui::reduce::link::{LinkKey, Peer};
use crate::tui::text::{grouped, size};
use crate::tui::theme::Mark;

/// A step that waits, and the link that it happens on.
pub struct Held {
    pub link: LinkKey,
    pub drawn: Drawn,
    /// A breakpoint holds it.
    pub stop: bool,
}

/// The steps that wait on these links, oldest first.
pub fn of(app: &App, links: &[LinkKey]) -> Vec<Held> {
    let time = &app.world.model.time;
    let next = time.waiting.first().map(|w| w.id);
    time.waiting
        .iter()
        .filter_map(|waiting| {
            let link = link_of(app, waiting, links)?;
            let step = &waiting.step;
            let stop = time.breaks.contains(&BreakOn::Kind(step.kind))
                || time.breaks.contains(&BreakOn::Port(waiting.port));
            let drawn = drawn(&link, waiting, next == Some(waiting.id));
            Some(Held { link, drawn, stop })
        })
        .collect()
}

/// The link of a step. One that concerns the whole instance is drawn at the first of its links.
fn link_of(app: &App, waiting: &Waiting, links: &[LinkKey]) -> Option<LinkKey> {
    let found = match &waiting.step.link {
        Some(link) => {
            let key = app.world.links.find(waiting.port, link);
            return links.contains(&key).then_some(key);
        }
        None => {
            let me = Peer::port(waiting.port);
            let as_replica = waiting.step.kind == StepKind::Promotion;
            let own = |k: &&LinkKey| if as_replica { k.replica == me } else { k.master == me };
            let any = |k: &&LinkKey| k.replica == me || k.master == me;
            links.iter().find(own).or_else(|| links.iter().find(any))
        }
    };
    found.cloned()
}

fn drawn(link: &LinkKey, waiting: &Waiting, next: bool) -> Drawn {
    let step = &waiting.step;
    let here = Peer::port(waiting.port);
    let at_replica = link.replica == here;
    let label = Text::of(Mark::Waiting, "⏸ ").add(Mark::Text, label(step));
    let shape = match step.flow {
        // What leaves goes away from the one who asks, what comes in goes towards it.
        Flow::Out => Shape::Held { to_master: at_replica, label },
        Flow::In => Shape::Held { to_master: !at_replica, label },
        Flow::Here => {
            let lean = if at_replica { Lean::Replica } else { Lean::Master };
            Shape::Remark(lean, label)
        }
    };
    let name = step.kind.name();
    let note = match next {
        true => Note { mark: Mark::Key, long: format!("▸{name}"), short: "next" },
        false => Note { mark: Mark::Waiting, long: name.to_owned(), short: "⏸" },
    };
    Drawn { shapes: vec![shape], note: Some(note) }
}

/// What will happen, in the words that it will have.
pub fn label(step: &Step) -> String {
    match &step.what {
        StepWhat::Message(message) => {
            let text = words::message(message, 1).1;
            // What is decided is not what travels.
            if step.kind == StepKind::Decision { format!("judges {text}") } else { text }
        }
        StepWhat::Command { wire, from, .. } => {
            format!("{} {} at {}", words::write(wire), size(step.bytes), grouped(from.0))
        }
        StepWhat::Rdb { from, of } => {
            let of = of.map_or(String::new(), |of| format!(" of {}", size(of)));
            match step.kind {
                StepKind::RdbEnd => format!("RDB: the last {}{of}", size(step.bytes)),
                _ => format!("RDB: {} behind {}{of}", size(step.bytes), size(*from)),
            }
        }
        StepWhat::Snapshot { target, offset } => {
            let verb = if step.kind == StepKind::SaveEnd { " is done" } else { "" };
            format!("BGSAVE {}{verb} at {}", words::target(*target), grouped(offset.0))
        }
        StepWhat::End(loss) => format!("learns: {}", words::loss(loss)),
        StepWhat::Nothing => bare(step.kind).to_owned(),
    }
}

fn bare(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Connect => "connects (TCP)",
        StepKind::Decision => "judges PSYNC: full or partial?",
        StepKind::SaveBegin => "freezes a snapshot",
        StepKind::SaveEnd => "the snapshot is encoded",
        StepKind::Load => "loads the RDB",
        StepKind::Online => "counts it as online",
        StepKind::LinkEnd => "learns of the link's end",
        StepKind::Promotion => "becomes a master",
        other => other.name(),
    }
}
