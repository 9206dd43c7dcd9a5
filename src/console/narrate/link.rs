//! Links: their states, each message of the handshake, and how they end.

use super::row::Row;
use super::state::{NarrateState, ReplicaEnd};
use crate::console::units;
use crate::console::why::lost::cause_text;
use crate::observe::{
    Addr, AnswerLine, Body, Event, Fact, Label, LinkLoss, LinkRef, LinkState, Message, RdbFraming,
    Side,
};

pub(super) fn tell(
    event: &Event,
    port: u16,
    fact: &Fact,
    state: &mut NarrateState,
    out: &mut Vec<AnswerLine>,
) {
    match fact {
        Fact::LinkState { master, from, to } => {
            moved(event, port, master, *from, *to, state, out);
        }
        Fact::LinkLost { link, cause } => lost(event, port, link, cause, state, out),
        Fact::Said { link, message, .. } => {
            message_told(event, port, link, message, true, state, out);
        }
        Fact::Heard { link, message, .. } => {
            message_told(event, port, link, message, false, state, out);
        }
        _ => {}
    }
}

fn moved(
    event: &Event,
    port: u16,
    master: &Addr,
    from: LinkState,
    to: LinkState,
    state: &mut NarrateState,
    out: &mut Vec<AnswerLine>,
) {
    let who = state.name(master);
    let end = state.replicas.entry(port).or_default();
    end.state = Some(to);
    end.master = Some(master.clone());
    match to {
        LinkState::Connecting => {
            *end = ReplicaEnd {
                master: end.master.take(),
                began_us: Some(event.at.wall_us),
                failures: end.failures,
                state: end.state,
                ..ReplicaEnd::default()
            };
            if end.failures == 0 {
                let row =
                    Row::new(Some(0), format!("{port} → {who}"), Label::Handshake, "connects");
                out.push(row.line());
            }
        }
        LinkState::Connected => {
            end.failures = 0;
            out.append(&mut end.online);
            let since = state.since_replica(port, event);
            let row = Row::new(since, port.to_string(), Label::Good, format!("in sync with {who}"));
            out.push(row.remark("link state connected").line());
        }
        _ => {
            if from.role_word() != to.role_word() {
                end.moved = Some(format!("state {} → {}", from.role_word(), to.role_word()));
            }
            if to == LinkState::ReceivePingReply {
                end.failures = 0;
            }
        }
    }
}

fn message_told(
    event: &Event,
    port: u16,
    link: &LinkRef,
    message: &Message,
    said: bool,
    state: &mut NarrateState,
    out: &mut Vec<AnswerLine>,
) {
    if link.side == Side::Replica {
        let peer = link.peer.clone();
        return tell_message(event, port, &port.to_string(), &peer, message, said, state, out);
    }
    if link.peer.port == 0 {
        // Who this is comes with REPLCONF listening-port; until then it may be one of ours.
        match message {
            Message::Psync { .. } | Message::Sync => {}
            _ => {
                let early = &mut state.masters.entry(port).or_default().early;
                if early.len() < 16 {
                    early.push(event.clone());
                }
                return;
            }
        }
    }
    let early = std::mem::take(&mut state.masters.entry(port).or_default().early);
    if state.reports(&link.peer) {
        return;
    }
    let me = Addr::new("127.0.0.1", port);
    let replica = state.name(&link.peer);
    for old in &early {
        // What the master said, the replica heard.
        let (message, said) = match &old.body {
            Body::Fact(Fact::Said { message, .. }) => (message, false),
            Body::Fact(Fact::Heard { message, .. }) => (message, true),
            _ => continue,
        };
        tell_message(old, link.peer.port, &replica, &me, message, said, state, out);
    }
    tell_message(event, link.peer.port, &replica, &me, message, !said, state, out);
}

/// Tells a message from the replica's point of view: `said` by the replica, or heard by it.
#[allow(clippy::too_many_arguments)]
fn tell_message(
    event: &Event,
    replica_port: u16,
    replica: &str,
    master: &Addr,
    message: &Message,
    said: bool,
    state: &mut NarrateState,
    out: &mut Vec<AnswerLine>,
) {
    let master_name = state.name(master);
    let since = state.since_replica(replica_port, event);
    let snapshot_keys = state.masters.get(&master.port).and_then(|m| m.snapshot_keys);
    let waited = waited(state, master.port, replica_port, event);
    let end = state.replicas.entry(replica_port).or_default();
    let (what, label, mut remark) = match message {
        // Folded: they come every second or every ten, and say nothing new.
        Message::Ack { .. } | Message::StreamPing | Message::Newline => return,
        Message::Ok => {
            end.oks += 1;
            return;
        }
        Message::Ping => ("PING".into(), Label::Handshake, String::new()),
        Message::Pong(text) => {
            let sign = if text.starts_with(['+', '-']) { "" } else { "+" };
            (format!("{sign}{text}"), Label::Handshake, String::new())
        }
        Message::Auth { user: None } => ("AUTH ***".into(), Label::Handshake, "masterauth".into()),
        Message::Auth { user: Some(user) } => {
            (format!("AUTH {user} ***"), Label::Handshake, "masteruser, masterauth".into())
        }
        Message::ListeningPort(p) => {
            (format!("REPLCONF listening-port {p}"), Label::Handshake, String::new())
        }
        Message::AnnounceIp(ip) => {
            (format!("REPLCONF ip-address {ip}"), Label::Handshake, String::new())
        }
        Message::Capa(capas) => {
            let text: String = capas.iter().map(|c| format!(" capa {c}")).collect();
            (format!("REPLCONF{text}"), Label::Handshake, String::new())
        }
        Message::Psync { replid, offset, failover: true } => {
            let id: String = replid.chars().take(4).collect();
            let what = format!("PSYNC {id}… {} FAILOVER", units::signed(offset.0));
            (what, Label::Handshake, "asks it to become the master".into())
        }
        Message::Psync { replid, offset, .. } if replid == "?" => (
            format!("PSYNC ? {offset}"),
            Label::Handshake,
            "has no history: asks for everything".into(),
        ),
        Message::Psync { replid, offset, .. } => {
            let id: String = replid.chars().take(4).collect();
            let what = format!("PSYNC {id}… {}", units::signed(offset.0));
            (what, Label::Handshake, "asks to go on from its own history".into())
        }
        Message::Sync => ("SYNC".into(), Label::Handshake, "the old way: everything".into()),
        Message::FullResync { replid, offset } => {
            let what = format!("+FULLRESYNC {} {}", replid.short(), units::signed(offset.0));
            (what, Label::Handshake, waited)
        }
        Message::Continue { replid } => {
            let id = replid.map(|id| format!(" {}", id.short())).unwrap_or_default();
            (format!("+CONTINUE{id}"), Label::Good, "partial resync: only what it missed".into())
        }
        Message::RdbBegin(framing) => {
            end.rdb_us = Some(event.at.wall_us);
            let (what, remark) = match framing {
                RdbFraming::Length(n) => {
                    (format!("RDB begins: ${n}"), format!("a file of {}", units::bytes(*n)))
                }
                RdbFraming::Eof => ("RDB begins: $EOF:…".into(), "streamed as it is made".into()),
            };
            (what, Label::Rdb, remark)
        }
        Message::RdbEnd { bytes } => {
            let keys = snapshot_keys.map(|k| format!(", {}", units::plural(k, "key")));
            let what = format!("RDB {}{}", units::bytes(*bytes), keys.unwrap_or_default());
            let took = end.rdb_us.take().and_then(|b| u64::try_from(event.at.wall_us - b).ok());
            let took = took.map(|us| format!("in {}", units::span_us(us))).unwrap_or_default();
            end.rdb_done = true;
            (what, Label::Rdb, took)
        }
        Message::GetAck => {
            ("REPLCONF GETACK *".into(), Label::Ack, "asks how far it has got".into())
        }
        Message::Error(text) => {
            (format!("-{}", text.trim_start_matches('-')), Label::Broken, String::new())
        }
        Message::Unexpected(text) => (text.clone(), Label::Broken, "does not belong here".into()),
    };
    if remark.is_empty()
        && let Some(moved) = end.moved.take()
    {
        remark = moved;
    }
    // The master's judgement of it may follow: see `NarrateState::holds_back`.
    end.asked |= matches!(message, Message::Psync { .. } | Message::Sync);
    let oks = std::mem::take(&mut end.oks);
    if oks > 0 {
        let what = vec!["+OK"; oks.min(4) as usize].join(" ");
        let who = format!("{master_name} → {replica}");
        out.push(Row::new(since, who, Label::Handshake, what).line());
    }
    let who = if said {
        format!("{replica} → {master_name}")
    } else {
        format!("{master_name} → {replica}")
    };
    out.push(Row::new(since, who, label, what).remark(remark).line());
    if matches!(message, Message::RdbEnd { .. })
        && let Some(end) = state.replicas.get_mut(&replica_port)
    {
        out.append(&mut end.online);
    }
}

/// `after 5 s: repl-diskless-sync-delay`, if the sync had to wait.
fn waited(state: &NarrateState, master: u16, replica: u16, event: &Event) -> String {
    let waits = state.masters.get(&master).map(|m| &m.waits);
    let wait = waits.and_then(|w| w.iter().find(|(addr, _)| addr.port == replica));
    match wait {
        Some((_, (why, since))) => {
            let us = u64::try_from(event.at.wall_us - since).unwrap_or(0);
            // The time beside it is exact.
            let us = if us < 2_000_000 { us / 100_000 * 100_000 } else { rounded_s(us) };
            format!("after {}: {why}", units::span_us(us))
        }
        None => String::new(),
    }
}

fn rounded_s(us: u64) -> u64 {
    (us + 500_000) / 1_000_000 * 1_000_000
}

fn lost(
    event: &Event,
    port: u16,
    link: &LinkRef,
    cause: &LinkLoss,
    state: &mut NarrateState,
    out: &mut Vec<AnswerLine>,
) {
    let peer = state.name(&link.peer);
    if link.side == Side::Master {
        // The replica's end tells it better, unless the reason lies here or that end is gone.
        let reason_is_here = matches!(
            cause,
            LinkLoss::TimedOut { .. }
                | LinkLoss::OutputLimit { .. }
                | LinkLoss::Killed
                | LinkLoss::SnapshotFailed
        );
        if let Some(m) = state.masters.get_mut(&port) {
            m.held.remove(&link.peer);
            m.holds.remove(&link.peer);
            m.waits.remove(&link.peer);
        }
        if !reason_is_here && (state.reports(&link.peer) || link.peer.port == 0) {
            return;
        }
        let what = format!("lost its replica {peer}: {}", cause_text(cause));
        out.push(Row::new(None, port.to_string(), Label::Broken, what).line());
        return;
    }
    let since = state.since_replica(port, event);
    let end = state.replicas.entry(port).or_default();
    (end.moved, end.oks, end.rdb_us) = (None, 0, None);
    end.online.clear();
    if let LinkLoss::ConnectFailed(_) | LinkLoss::Refused(_) = cause {
        end.failures += 1;
        // It tries again every second; one line is enough until something changes.
        if end.failures > 1 {
            return;
        }
    }
    let retries = !matches!(cause, LinkLoss::ClosedHere);
    let row = Row::new(
        since.filter(|us| *us < 60_000_000),
        format!("{port} ╳ {peer}"),
        if retries { Label::Broken } else { Label::Lab },
        format!("link ended: {}", cause_text(cause)),
    );
    out.push(row.remark(if retries { "it tries again every second" } else { "" }).line());
}
