//! Every event of the journal in words, one line each: line mode and the transcript read this.
//!
//! A message on a link is told once, though both ends report it: by the replica's end if the
//! replica is one of the lab's, by the master's end otherwise. Periodic PINGs and ACKs are folded
//! away, bursts of writes are summed up, and a retry that fails again and again is told once.

mod life;
mod link;
pub mod row;
mod rules;
mod state;
mod stream;
mod sync;
pub mod time;

pub use state::{NarrateState, words as command_words};

use crate::observe::{AnswerLine, Body, ConsoleFact, Event, Fact, Source};

/// The lines that tell one event; none for what is folded away or told by another event.
///
/// Events must come in the journal's order, each once, to the same state.
pub fn tell(event: &Event, state: &mut NarrateState) -> Vec<AnswerLine> {
    let mut out = Vec::new();
    if !state.holds_back(event) {
        // What waited in vain comes first.
        if state.waits_for.is_none() {
            for event in state.released() {
                tell_now(&event, state, &mut out);
            }
        }
        tell_now(event, state, &mut out);
    }
    for event in state.released() {
        tell_now(&event, state, &mut out);
    }
    out
}

/// The lines that still wait to be summed up, once nothing more happens.
pub fn settle(state: &mut NarrateState) -> Vec<AnswerLine> {
    let mut out = Vec::new();
    state.waits_for = None;
    for event in state.released() {
        tell_now(&event, state, &mut out);
    }
    for end in state.replicas.values_mut() {
        out.append(&mut end.online);
    }
    time::held(None, state, &mut out);
    stream::flush(state, &mut out);
    out
}

/// Whether [`tell`] needs this event at all: the others may be left away, and most are of these.
pub fn is_told(event: &Event) -> bool {
    !matches!(&event.body, Body::Fact(fact) if family(fact) == Family::Silent)
}

/// Puts a batch of events in the order of their times: two instances report on threads of their
/// own, and the answer to a message may stand in the journal before the message.
pub fn in_order(events: &mut [Event]) {
    events.sort_by_key(|e| e.at.wall_us);
}

/// Which part of the narration a fact belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Life,
    Link,
    Sync,
    Stream,
    Rules,
    /// Logs, keys and commands have panes of their own; progress is told by its end.
    Silent,
}

fn family(fact: &Fact) -> Family {
    match fact {
        Fact::Booted { .. }
        | Fact::Ready { .. }
        | Fact::ShuttingDown { .. }
        | Fact::RoleChanged { .. }
        | Fact::IdsChanged { .. }
        | Fact::KeysSwept { .. }
        | Fact::DbSize { .. } => Family::Life,
        Fact::LinkState { .. } | Fact::LinkLost { .. } | Fact::Said { .. } | Fact::Heard { .. } => {
            Family::Link
        }
        Fact::ReplicaState { .. }
        | Fact::PsyncDecision { .. }
        | Fact::FullSyncWaits { .. }
        | Fact::SnapshotBegan { .. }
        | Fact::SnapshotEnded { .. }
        | Fact::LoadBegan { .. }
        | Fact::LoadEnded { .. }
        | Fact::BacklogMoved { .. } => Family::Sync,
        Fact::Failover(_)
        | Fact::Paused { .. }
        | Fact::Resumed { .. }
        | Fact::Refused { .. }
        | Fact::GoodReplicas { .. }
        | Fact::SoftLimit { .. } => Family::Rules,
        Fact::Held { .. }
        | Fact::StreamSent { .. }
        | Fact::Propagated { .. }
        | Fact::Applied { .. }
        | Fact::Summary { .. } => Family::Stream,
        // Two data sets part: the one line of a log that nobody may miss.
        Fact::Log { text, .. } if rules::is_alarm(text) => Family::Rules,
        Fact::Log { .. }
        | Fact::ConfigSet { .. }
        | Fact::ClientConnected { .. }
        | Fact::ClientGone { .. }
        | Fact::Command { .. }
        | Fact::Passed { .. }
        | Fact::RdbItem { .. }
        | Fact::SnapshotProgress { .. }
        | Fact::RdbSent { .. }
        | Fact::RdbReceived { .. }
        | Fact::RdbKey { .. }
        | Fact::Acked { .. }
        | Fact::KeyWritten { .. }
        | Fact::KeyGone { .. }
        | Fact::DbsSwapped { .. } => Family::Silent,
    }
}

fn tell_now(event: &Event, state: &mut NarrateState, out: &mut Vec<AnswerLine>) {
    time::held(Some(&event.body), state, out);
    match (&event.body, event.source) {
        (Body::Lab(fact), _) => life::lab(event, fact, state, out),
        (Body::Fact(fact), Source::Instance(port)) => told(event, port, fact, state, out),
        (Body::Console(fact), _) => console(fact, state),
        _ => {}
    }
}

/// What is typed is shown by whoever runs it.
fn console(fact: &ConsoleFact, state: &mut NarrateState) {
    match fact {
        ConsoleFact::Typed { line, .. } => {
            let verb = verb_of(line);
            state.in_verb = verb.is_some();
            state.in_step = verb.is_some_and(|(name, rest)| name == "step" && rest != "on");
        }
        ConsoleFact::Answered { .. } => {}
        ConsoleFact::Done { .. } => (state.in_verb, state.in_step) = (false, false),
    }
}

/// `step` and `on` of `:step on`, also behind a prompt that was pasted with it.
fn verb_of(line: &str) -> Option<(String, String)> {
    use super::line::{At, Meaning, understand};
    match understand(line, At::Redis).meaning {
        Meaning::Verb { name, rest } => Some((name, rest)),
        _ => None,
    }
}

fn told(
    event: &Event,
    port: u16,
    fact: &Fact,
    state: &mut NarrateState,
    out: &mut Vec<AnswerLine>,
) {
    // A summed-up burst stands before whatever happens next.
    if !matches!(fact, Fact::Propagated { .. } | Fact::Applied { .. } | Fact::Summary { .. })
        && !state::is_quiet(fact)
    {
        stream::flush(state, out);
    }
    match family(fact) {
        Family::Life => life::instance(event, port, fact, state, out),
        Family::Link => link::tell(event, port, fact, state, out),
        Family::Sync => sync::tell(event, port, fact, state, out),
        Family::Stream => stream::tell(event, port, fact, state, out),
        Family::Rules => rules::tell(port, fact, state, out),
        Family::Silent => {}
    }
}

#[cfg(test)]
mod tests;
