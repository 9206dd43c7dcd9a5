//! One event of the journal in a few words: who, and what happened there.

use super::frame::Text;
use super::words;
use crate::console::steps::break_name;
use crate::observe::{
    Addr, Body, ConsoleFact, Event, Fact, Fault, LabFact, LinkRef, RdbFraming, Role, Side, Source,
};
use crate::tui::text::{count, grouped, safe, size, span};
use crate::tui::theme::Mark;

/// The line for an event.
pub fn happened(event: &Event) -> Text {
    match (&event.body, event.source) {
        (Body::Console(fact), _) => console(fact),
        (Body::Lab(fact), _) => lab(fact),
        (Body::Fact(fact), Source::Instance(port)) => instance(port, fact),
        (Body::Fact(fact), _) => instance(0, fact),
    }
}

fn console(fact: &ConsoleFact) -> Text {
    match fact {
        ConsoleFact::Typed { prompt, line, .. } => {
            Text::of(Mark::Quiet, safe(prompt)).add(Mark::Focus, safe(line))
        }
        ConsoleFact::Answered { answer, .. } => {
            let first = answer.lines.first();
            let spans = first.into_iter().flat_map(|l| &l.0);
            let text: String = spans.map(|s| s.text.as_str()).collect();
            Text::of(Mark::Quiet, "answered ").add(Mark::Text, safe(text.trim()))
        }
        ConsoleFact::Done { .. } => Text::of(Mark::Quiet, "the line is done"),
    }
}

fn lab(fact: &LabFact) -> Text {
    let (mark, text) = match fact {
        LabFact::SessionBegan { .. } => (Mark::Lab, "the session begins".to_owned()),
        LabFact::InstanceUp { port, .. } => (Mark::Good, format!("{port} runs")),
        LabFact::InstanceFailed { port, reason } => {
            (Mark::Broken, format!("{port} did not start: {}", safe(reason)))
        }
        LabFact::InstanceDown { port, .. } => (Mark::Broken, format!("{port} is down")),
        LabFact::LinkThrottled { a, b, bytes_per_second: Some(rate) } => {
            (Mark::Waiting, format!("{a} ⇄ {b} throttled to {}/s", size(*rate)))
        }
        LabFact::LinkThrottled { a, b, .. } => (Mark::Good, format!("{a} ⇄ {b} throttled no more")),
        LabFact::LinkFault { a, b, fault, on } => {
            let what = match fault {
                Fault::Cut => "cut".to_owned(),
                Fault::HalfOpen => "half-open".to_owned(),
                Fault::Delay { us } => format!("delayed by {}", span(*us)),
            };
            match on {
                true => (Mark::Broken, format!("{a} ⇄ {b} {what}")),
                false => (Mark::Good, format!("{a} ⇄ {b} {what} no more")),
            }
        }
        LabFact::LinkDropped { a, b } => {
            (Mark::Broken, format!("{a} ⇄ {b}: the connection was dropped"))
        }
        LabFact::Frozen { port, on: true } => (Mark::Broken, format!("{port} is frozen")),
        LabFact::Frozen { port, on: false } => (Mark::Good, format!("{port} goes on")),
        LabFact::PortAdded { port } => (Mark::Lab, format!("{port} joins the lab")),
        LabFact::PortRemoved { port } => (Mark::Lab, format!("{port} leaves the lab")),
        LabFact::StepMode { on: true, hit: None } => (Mark::Waiting, "step mode on".to_owned()),
        LabFact::StepMode { on: true, hit: Some(on) } => {
            (Mark::Waiting, format!("the breakpoint at {} is hit", break_name(*on)))
        }
        LabFact::StepMode { on: false, .. } => (Mark::Lab, "step mode off".to_owned()),
        LabFact::StepWaits { id, port, step } => {
            let text = super::steps::step_words(*port, step);
            return Text::of(Mark::Waiting, format!("⏸ {id} waits: ")).then(text);
        }
        LabFact::StepTaken { id } => (Mark::Good, format!("step {id} is let through")),
        LabFact::StepGone { id } => (Mark::Quiet, format!("step {id} will not happen")),
        LabFact::BreakSet { on } => (Mark::Lab, format!("breakpoint at {}", break_name(*on))),
        LabFact::BreakCleared { on } => {
            (Mark::Lab, format!("no breakpoint at {} any more", break_name(*on)))
        }
        LabFact::Slowed { factor: 1 } => (Mark::Lab, "link time is real time again".to_owned()),
        LabFact::Slowed { factor } => (Mark::Waiting, format!("link time runs at 1/{factor}")),
        LabFact::LinkTimeHeld { on: true } => (Mark::Waiting, "link time stands still".to_owned()),
        LabFact::LinkTimeHeld { on: false } => (Mark::Lab, "link time runs".to_owned()),
        LabFact::PeerWaits { peer, bears_ms: Some(ms), .. } => {
            let peer = who(peer);
            (Mark::Waiting, format!("{peer} outside hears nothing, and bears it {} s", ms / 1000))
        }
        LabFact::PeerWaits { peer, .. } => {
            (Mark::Lab, format!("{} outside hears again", who(peer)))
        }
        LabFact::Bookmark { name } => (Mark::Difference, format!("⚑ {}", safe(name))),
        LabFact::DirMade { path } => (Mark::Quiet, format!("mkdir {}", safe(path))),
        LabFact::FileWritten { path, bytes, .. } => {
            (Mark::Quiet, format!("{} written, {}", safe(path), size(*bytes)))
        }
        LabFact::FileRemoved { path } => (Mark::Quiet, format!("{} removed", safe(path))),
        LabFact::GoalTicked { goal, .. } => (Mark::Good, format!("✓ goal {}", goal + 1)),
        LabFact::LessonDone { .. } => (Mark::Good, "✓ the lesson is done".to_owned()),
        LabFact::Lost { events } => {
            (Mark::Broken, format!("{} events were dropped here", count(*events)))
        }
    };
    Text::of(mark, text)
}

fn who(addr: &Addr) -> String {
    crate::tui::reduce::link::Peer::of(addr).label()
}

/// A message with both its ends: `6381 → 6380 `.
fn ends(port: u16, link: &LinkRef, said: bool) -> Text {
    let me = Text::of(mark_of(link.side), port.to_string());
    let peer = match link.side {
        Side::Master => Text::of(Mark::Replica, who(&link.peer)),
        Side::Replica => Text::of(Mark::Master, who(&link.peer)),
    };
    let (from, to) = if said { (me, peer) } else { (peer, me) };
    from.add(Mark::Quiet, " → ").then(to).add(Mark::Text, " ")
}

fn mark_of(side: Side) -> Mark {
    match side {
        Side::Master => Mark::Master,
        Side::Replica => Mark::Replica,
    }
}

fn instance(port: u16, fact: &Fact) -> Text {
    let head = Text::of(Mark::Text, format!("{port} "));
    let (mark, text) = match fact {
        Fact::Said { link, message, .. } | Fact::Heard { link, message, .. } => {
            let said = matches!(fact, Fact::Said { .. });
            let (mark, text) = words::message(message, 1);
            let tail = if said { " leaves" } else { " arrives" };
            return ends(port, link, said).add(mark, text).add(Mark::Quiet, tail);
        }
        Fact::Booted { .. } => (Mark::Lab, "boots".to_owned()),
        Fact::Ready { .. } => (Mark::Good, "accepts commands".to_owned()),
        Fact::Log { level, text, .. } => {
            (Mark::Quiet, format!("logs {} {}", level.mark(), safe(text)))
        }
        Fact::ConfigSet { name, value } => {
            (Mark::Lab, format!("{} is {}", safe(name), safe(value)))
        }
        Fact::ShuttingDown { .. } => (Mark::Broken, "shuts down".to_owned()),
        Fact::ClientConnected { .. } => (Mark::Quiet, "has a new client".to_owned()),
        Fact::ClientGone { .. } => (Mark::Quiet, "lost a client".to_owned()),
        Fact::Command { argv, error, .. } => match error {
            None => (Mark::Text, format!("runs {}", words::command(argv))),
            Some(why) => (Mark::Error, format!("refuses {}: {why}", words::command(argv))),
        },
        Fact::Refused { command, .. } => (Mark::Error, format!("refuses {command} by a rule")),
        Fact::RoleChanged { role: Role::Master, .. } => (Mark::Master, "is a master".to_owned()),
        Fact::RoleChanged { master, .. } => {
            let of = master.as_ref().map(who).unwrap_or_default();
            (Mark::Replica, format!("is a replica of {of}"))
        }
        Fact::IdsChanged { replid, cause, .. } => {
            (Mark::Difference, format!("replid {}: {}", replid.short(), words::id_cause(*cause)))
        }
        Fact::LinkState { to, .. } => {
            (Mark::Handshake, format!("link state {}", words::state_name(*to)))
        }
        Fact::LinkLost { link, cause } => {
            (Mark::Broken, format!("lost {}: {}", who(&link.peer), words::loss(cause)))
        }
        Fact::Passed { raw, .. } => (Mark::Quiet, format!("{} pass on its link", size(raw.len()))),
        Fact::ReplicaState { replica, to, .. } => {
            let word = words::replica_state_word(*to);
            (Mark::Handshake, format!("its replica {}: {word}", who(replica)))
        }
        Fact::PsyncDecision { decision, .. } => {
            let (mark, text) = words::verdict(decision);
            (mark, format!("decides: {text}"))
        }
        Fact::FullSyncWaits { replica, .. } => {
            (Mark::Waiting, format!("lets {} wait for its snapshot", who(replica)))
        }
        Fact::SnapshotBegan { offset, keys, .. } => {
            let at = grouped(offset.0);
            (Mark::Rdb, format!("snapshot at {at}, {} keys", count(*keys)))
        }
        Fact::SnapshotProgress { keys_done, keys_total, .. } => {
            (Mark::Rdb, format!("snapshot: {} of {} keys", count(*keys_done), count(*keys_total)))
        }
        Fact::SnapshotEnded { ok, bytes, .. } => {
            let how = if *ok { "done" } else { "failed" };
            (Mark::Rdb, format!("snapshot {how}, {}", size(*bytes)))
        }
        Fact::RdbSent { replica, sent, framing } => {
            (Mark::Rdb, format!("RDB to {}: {} sent", who(replica), of_all(*sent, *framing)))
        }
        Fact::RdbReceived { master, got, framing } => {
            (Mark::Rdb, format!("RDB from {}: {} here", who(master), of_all(*got, *framing)))
        }
        Fact::Held { replica, from, to, held_bytes } => {
            let n = size(u64::try_from(to.0 - from.0 + 1).unwrap_or(0));
            let (who, all) = (who(replica), size(*held_bytes));
            (Mark::Waiting, format!("holds {n} back for {who}: {all} in all"))
        }
        Fact::StreamSent { replica, upto, .. } => {
            (Mark::Stream, format!("stream to {} up to {}", who(replica), grouped(upto.0)))
        }
        Fact::Acked { replica, offset } => {
            (Mark::Ack, format!("{} acknowledged {}", who(replica), grouped(offset.0)))
        }
        Fact::BacklogMoved { size: 0, .. } => (Mark::Quiet, "has no backlog any more".to_owned()),
        Fact::BacklogMoved { first, histlen, .. } => {
            (Mark::Quiet, format!("backlog: {} from {}", size(*histlen), grouped(first.0)))
        }
        Fact::LoadBegan { from_link: true, .. } => (Mark::Rdb, "loads the RDB".to_owned()),
        Fact::LoadBegan { .. } => (Mark::Rdb, "loads its dump".to_owned()),
        Fact::RdbKey { key, .. } => (Mark::Rdb, format!("key {key} passes in the RDB")),
        Fact::LoadEnded { ok: true, keys, .. } => {
            (Mark::Good, format!("has loaded {} keys", count(*keys)))
        }
        Fact::LoadEnded { .. } => (Mark::Broken, "could not load it".to_owned()),
        Fact::Propagated { wire, from, .. } => {
            let what = words::write(wire);
            (Mark::Stream, format!("writes {what} into its stream at {}", grouped(from.0)))
        }
        Fact::Applied { wire, to, .. } => {
            (Mark::Stream, format!("applied {}, up to {}", words::write(wire), grouped(to.0)))
        }
        Fact::KeyWritten { key, kind, value, .. } => {
            (Mark::Text, format!("{key} = {}", kind.shown(value)))
        }
        Fact::KeyGone { key, .. } => (Mark::Text, format!("{key} is gone")),
        Fact::KeysSwept { .. } => (Mark::Text, "its keys are gone".to_owned()),
        Fact::DbsSwapped { a, b } => (Mark::Text, format!("db {a} and db {b} change places")),
        Fact::DbSize { db, keys, .. } => {
            (Mark::Quiet, format!("db {db} holds {} keys", count(*keys)))
        }
        Fact::Summary { commands, propagated, applied, .. } => {
            let n = (*commands).max(*propagated).max(*applied);
            (Mark::Stream, format!("{} commands, summed up", count(n)))
        }
        Fact::Paused { .. } => (Mark::Waiting, "lets its clients wait".to_owned()),
        Fact::Resumed { .. } => (Mark::Good, "serves its clients again".to_owned()),
        other => (Mark::Lab, name_of(other)),
    };
    head.add(mark, text)
}

/// A rarer fact by its name alone: `GoodReplicas { .. }` is `good replicas`.
fn name_of(fact: &Fact) -> String {
    let debug = format!("{fact:?}");
    let mut out = String::new();
    for c in debug.chars().take_while(|c| c.is_ascii_alphanumeric()) {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn of_all(done: u64, framing: RdbFraming) -> String {
    match framing {
        RdbFraming::Length(all) => format!("{} of {}", size(done), size(all)),
        RdbFraming::Eof => size(done),
    }
}
