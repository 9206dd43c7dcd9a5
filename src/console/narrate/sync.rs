//! Full and partial syncs: the decision and its numbers, waits, snapshots, loading.

use super::row::Row;
use super::state::NarrateState;
use crate::console::units;
use crate::observe::{
    AnswerLine, Decision, Event, Fact, FullReason, Label, LinkState, PsyncVerdict, ReplicaState,
    SaveTarget, WaitReason,
};

pub(super) fn tell(
    event: &Event,
    port: u16,
    fact: &Fact,
    state: &mut NarrateState,
    out: &mut Vec<AnswerLine>,
) {
    match fact {
        Fact::PsyncDecision { replica, decision } => {
            let since = state.since_replica(replica.port, event);
            for (i, text) in judged(decision).into_iter().enumerate() {
                let since = since.filter(|_| i == 0);
                let who = if i == 0 { port.to_string() } else { String::new() };
                out.push(Row::new(since, who, Label::Handshake, text).line());
            }
        }
        Fact::FullSyncWaits { replica, reason } => {
            let (what, setting) = match reason {
                WaitReason::DisklessDelay { secs } => {
                    (format!("waits up to {secs} s"), "repl-diskless-sync-delay")
                }
                WaitReason::AttachedToRunning => {
                    ("joins the running snapshot".to_owned(), "the running snapshot")
                }
                WaitReason::OtherSnapshot => {
                    ("waits for another snapshot to end".to_owned(), "another snapshot")
                }
            };
            let since = state.since_replica(replica.port, event);
            let name = state.name(replica);
            let waits = &mut state.masters.entry(port).or_default().waits;
            waits.insert(replica.clone(), (setting.to_owned(), event.at.wall_us));
            let what = format!("sync of {name} {what}");
            out.push(
                Row::new(since, port.to_string(), Label::Waiting, what).remark(setting).line(),
            );
        }
        Fact::SnapshotBegan { target, offset, keys } => {
            state.masters.entry(port).or_default().snapshot_keys = Some(*keys);
            let to = match target {
                SaveTarget::File => "to the dump file",
                SaveTarget::FileForReplicas => "to the file for replicas",
                SaveTarget::Sockets => "straight to sockets",
            };
            let what = format!(
                "snapshot: {} at offset {}",
                units::plural(*keys, "key"),
                units::signed(offset.0)
            );
            let since = state.since_any(port, event);
            out.push(Row::new(since, port.to_string(), Label::Rdb, what).remark(to).line());
        }
        Fact::SnapshotEnded { target, ok, keys, bytes, took_us } => {
            let since = state.since_any(port, event);
            if !ok {
                out.push(
                    Row::new(since, port.to_string(), Label::Broken, "the snapshot failed").line(),
                );
            } else if *target != SaveTarget::Sockets {
                let what = format!(
                    "snapshot done: {}, {}",
                    units::plural(*keys, "key"),
                    units::bytes(*bytes)
                );
                let took = format!("in {}", units::span_us(*took_us));
                out.push(Row::new(since, port.to_string(), Label::Rdb, what).remark(took).line());
            }
        }
        Fact::LoadBegan { .. } => {}
        Fact::LoadEnded { ok, keys, expired, took_us, .. } => {
            let since = state.since_replica(port, event).filter(|us| *us < 600_000_000);
            if *ok {
                let expired = match expired {
                    0 => String::new(),
                    n => format!(", {} expired and left out", units::count(*n)),
                };
                let what = format!("loaded {}{expired}", units::plural(*keys, "key"));
                let took = format!("in {}", units::span_us(*took_us));
                out.push(Row::new(since, port.to_string(), Label::Rdb, what).remark(took).line());
            } else {
                let what = "loading failed, nothing is kept of it";
                out.push(Row::new(since, port.to_string(), Label::Broken, what).line());
            }
        }
        Fact::ReplicaState { replica, to: ReplicaState::Online, .. } => {
            let since = state.since_replica(replica.port, event);
            let name = state.name(replica);
            let master = state.masters.entry(port).or_default();
            master.holds.remove(replica);
            master.waits.remove(replica);
            let at = master.offset.map(|o| format!(" at {}", units::signed(o.0)));
            let held = master.held.remove(replica).filter(|h| h.count > 0);
            let mut lines = Vec::new();
            if let Some(held) = held {
                let what = format!(
                    "{} held back meanwhile, {}",
                    units::plural(held.count, "write"),
                    units::bytes(held.bytes)
                );
                let row = Row::new(since, format!("{port} → {name}"), Label::Stream, what);
                lines.push(row.remark(held.words.join(" · ")).line());
            }
            let what = format!("online{}", at.unwrap_or_default());
            let remark = format!("{port} streams to it now");
            lines.push(Row::new(since, name, Label::Good, what).remark(remark).line());
            // The master is done once its last byte is handed over; the replica may not have it yet.
            match state.replicas.get_mut(&replica.port) {
                Some(end) if end.state == Some(LinkState::Transfer) && !end.rdb_done => {
                    end.online = lines;
                }
                _ => out.append(&mut lines),
            }
        }
        Fact::ReplicaState { replica, to, .. } => {
            // From here on the stream is held back for it.
            if matches!(to, ReplicaState::WaitBgsaveEnd | ReplicaState::SendBulk) {
                state.masters.entry(port).or_default().holds.insert(replica.clone());
            }
        }
        Fact::BacklogMoved { first, size, .. } => {
            let since = state.since_any(port, event);
            let master = state.masters.entry(port).or_default();
            let had = std::mem::replace(&mut master.backlog, *size > 0);
            if had && *size == 0 {
                let what = "the backlog was freed: no partial resync from here";
                out.push(Row::new(None, port.to_string(), Label::Waiting, what).line());
            } else if !had && *size > 0 {
                let what = format!(
                    "keeps a backlog of {} from {} on",
                    units::bytes(*size),
                    units::signed(first.0)
                );
                out.push(Row::new(since, port.to_string(), Label::Lab, what).line());
            }
        }
        _ => {}
    }
}

/// The decision in words, with the numbers that made it. Also what `why?` opens on a screen.
fn judged(decision: &Decision) -> Vec<String> {
    let Decision {
        asked_id,
        asked_offset,
        replid,
        replid2,
        second_offset,
        backlog,
        master_offset,
        verdict,
    } = decision;
    let id: String = asked_id.chars().take(4).collect();
    let asked = units::signed(asked_offset.0);
    let second = || {
        if replid2.is_zero() {
            "I have no replid2".to_owned()
        } else {
            format!("nor my replid2 {}", replid2.short())
        }
    };
    let window = match backlog {
        Some((first, 0)) => {
            format!("the backlog is empty, its next byte is {}", units::signed(first.0))
        }
        Some((first, len)) => format!(
            "the backlog holds {} … {}",
            units::signed(first.0),
            units::signed(first.0 + *len as i64 - 1)
        ),
        None => "there is no backlog".to_owned(),
    };
    match verdict {
        PsyncVerdict::Continue { bytes } => {
            let whose = if replid.matches(asked_id.as_bytes()) {
                format!("{id}… is my replid")
            } else {
                format!("{id}… is my replid2, and {asked} ≤ {}", units::signed(second_offset.0))
            };
            vec![
                format!("partial resync: {whose}"),
                format!("{asked} can be served, {window}: {} follow", units::bytes(*bytes)),
            ]
        }
        PsyncVerdict::Full(reason) => {
            let text = match reason {
                FullReason::Asked => {
                    "full sync: the replica has no history to go on from".to_owned()
                }
                FullReason::UnknownId => {
                    format!("full sync: {id}… is not my replid {}, {}", replid.short(), second())
                }
                FullReason::BeyondSecondOffset => format!(
                    "full sync: {id}… is my replid2, but it ends at {} and {asked} was asked",
                    units::signed(second_offset.0)
                ),
                FullReason::NoBacklog => format!("full sync: {id}… fits, but there is no backlog"),
                FullReason::BeforeBacklog => {
                    format!("full sync: {asked} is gone already, {window}")
                }
                FullReason::AheadOfMaster => format!(
                    "full sync: {asked} lies ahead of all that I wrote (up to {})",
                    units::signed(master_offset.0)
                ),
            };
            vec![text]
        }
    }
}
