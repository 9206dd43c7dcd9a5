//! The stream of commands: what was propagated, what is held back, what a replica applied.

use super::row::Row;
use super::state::{Burst, NarrateState, words};
use crate::console::units;
use crate::observe::{AnswerLine, Event, Fact, Label, Offset};

/// So many commands a second are told one by one; the rest is summed up.
const TOLD: u32 = 5;
const SECOND_US: i64 = 1_000_000;
/// The words of so many held writes are kept.
const WORDS: usize = 3;
/// So many commands of a stream are remembered, to name a held one.
const RECENT: usize = 16;

pub(super) fn tell(
    event: &Event,
    port: u16,
    fact: &Fact,
    state: &mut NarrateState,
    out: &mut Vec<AnswerLine>,
) {
    match fact {
        Fact::Propagated { wire, from, to, .. } => {
            let text = words(wire);
            let master = state.masters.entry(port).or_default();
            master.offset = Some(*to);
            if master.recent.len() >= RECENT {
                master.recent.remove(0);
            }
            master.recent.push((*from, *to, text.clone()));
            // The periodic PING of the stream is folded, like the ACK. What is held back for
            // somebody is told with how much waits there.
            if is_upkeep(&text) || !master.holds.is_empty() {
                return;
            }
            if counts_as_told(event, port, *to, (*to - *from + 1).unsigned_abs(), state, out) {
                let row = Row::new(None, format!("{port} stream"), Label::Stream, text);
                out.push(row.remark(range(*from, *to)).line());
            }
        }
        Fact::Applied { wire, from, to, .. } => {
            let text = words(wire);
            // The lab's own masters have told it already.
            let ours = state
                .replicas
                .get(&port)
                .and_then(|r| r.master.as_ref())
                .is_some_and(|m| state.reports(m));
            if ours || is_upkeep(&text) {
                return;
            }
            if counts_as_told(event, port, *to, (*to - *from + 1).unsigned_abs(), state, out) {
                let master = state.replicas.get(&port).and_then(|r| r.master.clone());
                let from_whom = master.map_or_else(String::new, |m| state.name(&m) + " ");
                let row = Row::new(None, format!("{from_whom}→ {port}"), Label::Stream, text);
                out.push(row.remark(range(*from, *to)).line());
            }
        }
        Fact::Summary { propagated, propagated_bytes, applied, offset, .. } => {
            if *propagated > 0 {
                let master = state.masters.entry(port).or_default();
                master.offset = Some(*offset);
            }
            let ours = state.replicas.get(&port).and_then(|r| r.master.as_ref());
            let n = match (*propagated, *applied) {
                (0, n) if !ours.is_some_and(|m| state.reports(m)) => n,
                (n, _) => n,
            };
            if n > 0 {
                begin(event, port, state, out);
                state.burst.told = TOLD;
                state.burst.more += n;
                state.burst.more_bytes += propagated_bytes;
                state.burst.upto = Some(*offset);
            }
        }
        Fact::Held { replica, from, to, held_bytes } => {
            let since = state.since_replica(replica.port, event);
            let name = state.name(replica);
            let master = state.masters.entry(port).or_default();
            let covered = |(f, t, _): &&(Offset, Offset, String)| f <= to && t >= from;
            let mut words: Vec<String> =
                master.recent.iter().filter(covered).map(|(.., w)| w.clone()).collect();
            let known = !words.is_empty();
            words.retain(|w| !is_upkeep(w) && !is_select(w));
            let held = master.held.entry(replica.clone()).or_default();
            held.bytes = *held_bytes;
            // A PING or a SELECT of the stream takes room, but nobody wrote it.
            if known && words.is_empty() {
                return;
            }
            held.count += (words.len() as u64).max(1);
            let tell = held.words.len() < WORDS;
            let room = WORDS.saturating_sub(held.words.len());
            held.words.extend(words.iter().take(room).cloned());
            if tell {
                let what = format!(
                    "+ {}",
                    if words.is_empty() { "writes".into() } else { words.join(" · ") }
                );
                let remark = format!(
                    "{}, held for {name}: {}",
                    range(*from, *to),
                    units::bytes(*held_bytes)
                );
                out.push(
                    Row::new(since, port.to_string(), Label::Waiting, what).remark(remark).line(),
                );
            }
        }
        _ => {}
    }
}

/// What an instance sends by itself.
fn is_upkeep(text: &str) -> bool {
    text.eq_ignore_ascii_case("PING") || text.to_ascii_uppercase().starts_with("REPLCONF ")
}

fn is_select(text: &str) -> bool {
    text.to_ascii_uppercase().starts_with("SELECT ")
}

fn range(from: Offset, to: Offset) -> String {
    format!("offset {}–{}", units::signed(from.0), units::signed(to.0))
}

/// Starts a new burst if another instance speaks or a second has passed.
fn begin(event: &Event, port: u16, state: &mut NarrateState, out: &mut Vec<AnswerLine>) {
    let b = &state.burst;
    if b.port != port || event.at.wall_us - b.began_us >= SECOND_US {
        flush(state, out);
        state.burst = Burst { port, began_us: event.at.wall_us, ..Burst::default() };
    }
}

fn counts_as_told(
    event: &Event,
    port: u16,
    upto: Offset,
    bytes: u64,
    state: &mut NarrateState,
    out: &mut Vec<AnswerLine>,
) -> bool {
    begin(event, port, state, out);
    let b = &mut state.burst;
    b.told += 1;
    if b.told <= TOLD {
        return true;
    }
    b.more += 1;
    b.more_bytes += bytes;
    b.upto = Some(upto);
    false
}

/// Sums up what a burst left untold.
pub(super) fn flush(state: &mut NarrateState, out: &mut Vec<AnswerLine>) {
    let b = &mut state.burst;
    if b.more > 0 {
        let what = format!("… and {} more, {}", units::count(b.more), units::bytes(b.more_bytes));
        let upto = b.upto.map(|o| format!("up to offset {}", units::signed(o.0)));
        let row = Row::new(None, format!("{} stream", b.port), Label::Stream, what);
        out.push(row.remark(upto.unwrap_or_default()).line());
    }
    (b.more, b.more_bytes, b.upto) = (0, 0, None);
}
