//! What waits: each replica's output buffer against its limits, with the writes in it.

use super::{Seen, name_of, plain, port_of, table, wanted};
use crate::console::narrate::command_words;
use crate::console::units::{bytes, count, plural, signed, span_us};
use crate::lab::model::{Instance, LinkStatus, LinkView, Model, Peer};
use crate::observe::AnswerLine;

/// So many writes are named; the rest is counted.
const NAMED: usize = 20;

pub fn lines(model: &Model, seen: &Seen, only: &[u16]) -> Vec<AnswerLine> {
    let mut out = Vec::new();
    for link in model.links() {
        let Peer::Inside(port) = link.master else { continue };
        let Some(master) = model.instance(port).filter(|m| m.is_up()) else { continue };
        let live = link.down.is_some_and(|d| d.is_attached());
        if live && wanted(only, &[port, port_of(&link.replica)]) {
            out.extend(one(model, seen, master, &link).into_iter().map(plain));
        }
    }
    if out.is_empty() {
        out.push(plain("no replica is attached: there is no buffer"));
    }
    out
}

fn one(model: &Model, seen: &Seen, master: &Instance, link: &LinkView<'_>) -> Vec<String> {
    let Some(d) = link.down else { return Vec::new() };
    let kept = model.kept_by_steps(link);
    let waiting = d.held_bytes.max(d.left).max(kept.map_or(0, |(_, bytes)| bytes));
    let limit = match master.replica_buffer_limit() {
        Some(hard) => format!("hard limit {}", bytes(hard)),
        None => "no hard limit".to_owned(),
    };
    let soft = match master.replica_soft_limit() {
        Some((soft, s)) => format!("soft limit {} for {s} s", bytes(soft)),
        None => "no soft limit".to_owned(),
    };
    let name = name_of(&link.replica);
    let mut out =
        vec![format!("{} for {name}  {} waits; {limit}, {soft}", master.port, bytes(waiting))];
    if let Some(over) = &d.over_soft {
        let passed = model.now.link_us.saturating_sub(over.since.link_us);
        out.push(format!(
            "      over the soft limit of {} for {}; the link ends after {} s",
            bytes(over.limit),
            span_us(passed),
            over.patience_s
        ));
    }
    let why = match link.status {
        _ if kept.is_some() => "waits for a step of yours: :step or :run",
        LinkStatus::Online if waiting == 0 => "the stream flows: a write leaves at once",
        LinkStatus::Online => "the link takes no more at the moment",
        LinkStatus::Waiting if waiting == 0 => {
            "a write made before the snapshot begins is in the snapshot itself"
        }
        LinkStatus::Transfer | LinkStatus::Waiting => {
            "waits for the end of the RDB, and for the replica to have loaded it"
        }
        _ => "the link is not in sync",
    };
    out.push(format!("      {why}"));
    if waiting == 0 {
        return out;
    }
    let from = master.offset.0 - i64::try_from(waiting).unwrap_or(i64::MAX) + 1;
    let from = match kept {
        Some((first, _)) => first.0,
        None => d.held_span.map_or(from, |(first, _)| first.0.max(from)),
    };
    let writes: Vec<_> = seen.stream(master.port).filter(|w| w.to.0 >= from).collect();
    let skipped = writes.len().saturating_sub(NAMED);
    if skipped > 0 {
        out.push(format!("      … {} before these", plural(skipped as u64, "command")));
    }
    let rows: Vec<Vec<String>> = writes
        .iter()
        .skip(skipped)
        .map(|w| {
            vec![
                format!("      {}–{}", signed(w.from.0), signed(w.to.0)),
                bytes((w.to - w.from + 1).unsigned_abs()),
                table::clip(&command_words(&w.wire), 40),
            ]
        })
        .collect();
    out.extend(table::rows(&rows));
    if writes.is_empty() {
        let n = d.held_writes.max(1);
        out.push(format!("      {} writes that were not told one by one", count(n)));
    }
    out
}
