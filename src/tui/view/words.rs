//! Facts in the screen's words: short, in Redis's own terms.

use crate::console::why;
use crate::lab::model;
use crate::observe::Decision;
use crate::observe::{
    BreakOn, Failover, FailoverAbort, Fault, IdCause, LinkLoss, LinkState, Message, Now, Preview,
    RdbFraming, ReplicaState, Rule, SaveTarget, WaitReason,
};
use crate::tui::reduce::link::{LinkKey, Peer};
use crate::tui::text::{count, grouped, safe, size, span};
use crate::tui::theme::{Mark, mark_of};

/// The model's name for a peer, as a key of the sequence diagrams.
pub fn peer(of: &model::Peer) -> Peer {
    match of {
        model::Peer::Inside(port) => Peer::port(*port),
        model::Peer::Outside(addr) => Peer::of(addr),
    }
}

/// The key of a link of the model.
pub fn key_of(link: &model::LinkView) -> LinkKey {
    LinkKey::new(peer(&link.replica), peer(&link.master))
}

/// `8f3a…` for an id, whatever its length; `?` stays.
pub use why::decision::short_id;

/// Redis's name for the replica's state.
pub fn state_name(state: LinkState) -> &'static str {
    match state {
        LinkState::None => "none",
        LinkState::Connect => "connect",
        LinkState::Connecting => "connecting",
        LinkState::ReceivePingReply => "receive_ping_reply",
        LinkState::SendHandshake => "send_handshake",
        LinkState::ReceiveAuthReply => "receive_auth_reply",
        LinkState::ReceivePortReply => "receive_port_reply",
        LinkState::ReceiveIpReply => "receive_ip_reply",
        LinkState::ReceiveCapaReply => "receive_capa_reply",
        LinkState::SendPsync => "send_psync",
        LinkState::ReceivePsyncReply => "receive_psync_reply",
        LinkState::Transfer => "transfer",
        LinkState::Connected => "connected",
    }
}

/// Redis's name for the master's state of a replica.
pub fn replica_state_name(state: ReplicaState) -> &'static str {
    match state {
        ReplicaState::WaitBgsaveStart => "wait_bgsave_start",
        ReplicaState::WaitBgsaveEnd => "wait_bgsave_end",
        ReplicaState::SendBulk => "send_bulk",
        ReplicaState::Online => "online",
        ReplicaState::RdbTransmitted => "rdb_transmitted",
    }
}

/// The same in few cells, for the margin of a row.
pub fn replica_state_word(state: ReplicaState) -> &'static str {
    match state {
        ReplicaState::WaitBgsaveStart => "bgsave_start",
        ReplicaState::WaitBgsaveEnd => "bgsave_end",
        ReplicaState::SendBulk => "send_bulk",
        ReplicaState::Online => "online",
        ReplicaState::RdbTransmitted => "rdb_sent",
    }
}

/// The replica's state in at most eleven cells.
pub fn state_word(state: LinkState) -> &'static str {
    match state {
        LinkState::None => "",
        LinkState::SendHandshake => "handshake",
        LinkState::ReceivePingReply => "ping_reply",
        LinkState::ReceiveAuthReply => "auth_reply",
        LinkState::ReceivePortReply => "port_reply",
        LinkState::ReceiveIpReply => "ip_reply",
        LinkState::ReceiveCapaReply => "capa_reply",
        LinkState::ReceivePsyncReply => "psync_reply",
        other => state_name(other),
    }
}

/// What a client is told when a rule refuses its command: the setting, and the numbers.
pub fn refusal(rule: &Rule) -> String {
    match rule {
        Rule::ReadOnlyReplica => "replica-read-only".into(),
        Rule::NoReplicas { good, wanted, .. } => {
            format!("{good} of {wanted} good replicas: min-replicas-to-write")
        }
        Rule::MasterDown { .. } => "link down: replica-serve-stale-data".into(),
        Rule::Loading => "it is loading".into(),
        Rule::SaveFailed => "last save failed: stop-writes-on-bgsave-error".into(),
    }
}

/// A fault of a link, as it stands in the diagram while it lasts.
pub fn fault(fault: Fault) -> String {
    match fault {
        Fault::Cut => "cut".into(),
        Fault::Delay { us } => format!("delay {}", short_span(us)),
        Fault::HalfOpen => "half-open".into(),
    }
}

/// `200 ms`, `1.5 s`.
pub fn short_span(us: u64) -> String {
    if us < 1_000_000 { format!("{} ms", us / 1000) } else { span(us) }
}

/// What a breakpoint stops at, as `:break` takes it.
pub fn break_on(on: BreakOn) -> String {
    match on {
        BreakOn::Kind(kind) => kind.name().to_owned(),
        BreakOn::Port(port) => port.to_string(),
    }
}

/// How a FAILOVER stands.
pub fn failover(f: &Failover) -> String {
    match f {
        Failover::Asked { target, offset, .. } => {
            let to = target.as_ref().map_or("a replica".into(), |t| Peer::of(t).label());
            format!("FAILOVER to {to}: waits for its ACK {}", grouped(offset.0))
        }
        Failover::HandsOver { target, forced, .. } => {
            let how = if *forced { "by force, " } else { "" };
            format!("FAILOVER: {how}{} takes over", Peer::of(target).label())
        }
        Failover::Done { target } => {
            format!("FAILOVER done: {} is the master", Peer::of(target).label())
        }
        Failover::Aborted { why, .. } => match why {
            FailoverAbort::NeverCaughtUp { timeout_ms, .. } => {
                format!("FAILOVER aborted: no ACK of its offset in {timeout_ms} ms")
            }
            FailoverAbort::ByHand => "FAILOVER ABORT".into(),
            FailoverAbort::Rejected(line) => format!("FAILOVER refused: {}", safe(line)),
        },
        Failover::Requested { by } => format!("{} asks to take over", Peer::of(by).label()),
    }
}

/// What stands on an arrow.
pub fn message(m: &Message, times: u32) -> (Mark, String) {
    let text = match m {
        Message::Ping => "PING".into(),
        // With or without its first byte, as the reporter keeps it.
        Message::Pong(reply) if reply.starts_with(['+', '-']) => safe(reply),
        Message::Pong(reply) => format!("+{}", safe(reply)),
        Message::Auth { user: None } => "AUTH ***".into(),
        Message::Auth { user: Some(user) } => format!("AUTH {} ***", safe(user)),
        Message::ListeningPort(port) => format!("REPLCONF listening-port {port}"),
        Message::AnnounceIp(ip) => format!("REPLCONF ip-address {}", safe(ip)),
        Message::Capa(capa) => {
            let capa: Vec<String> = capa.iter().map(|c| format!("capa {}", safe(c))).collect();
            format!("REPLCONF {}", capa.join(" "))
        }
        Message::Ok => vec!["+OK"; times.clamp(1, 4) as usize].join(" "),
        Message::Psync { replid, offset, failover } => {
            let tail = if *failover { " FAILOVER" } else { "" };
            format!("PSYNC {} {}{tail}", short_id(replid), grouped(offset.0))
        }
        Message::Sync => "SYNC".into(),
        Message::FullResync { replid, offset } => {
            format!("+FULLRESYNC {} {}", replid.short(), grouped(offset.0))
        }
        Message::Continue { replid: None } => "+CONTINUE".into(),
        Message::Continue { replid: Some(id) } => format!("+CONTINUE {}", id.short()),
        Message::RdbBegin(RdbFraming::Length(n)) => format!("${n}"),
        Message::RdbBegin(RdbFraming::Eof) => "$EOF:…".into(),
        Message::RdbEnd { .. } => "end of the RDB".into(),
        Message::Ack { offset } => format!("REPLCONF ACK {}", grouped(offset.0)),
        Message::GetAck => "REPLCONF GETACK *".into(),
        Message::StreamPing => "PING".into(),
        Message::Newline => "\\n".into(),
        Message::Error(text) => safe(text),
        Message::Unexpected(text) => format!("unexpected: {}", safe(text)),
    };
    let text = text.trim_end().to_owned();
    let mark = match m {
        Message::RdbBegin(_) | Message::RdbEnd { .. } => Mark::Rdb,
        Message::Ack { .. } | Message::Newline => Mark::Ack,
        Message::StreamPing => Mark::Ack,
        Message::GetAck => Mark::Stream,
        Message::Error(_) | Message::Unexpected(_) => Mark::Broken,
        Message::Pong(reply) if reply.starts_with('-') => Mark::Broken,
        Message::Continue { .. } => Mark::Good,
        _ => Mark::Handshake,
    };
    (mark, text)
}

/// A command as it was typed, clipped by the caller.
pub fn command(wire: &[Preview]) -> String {
    let mut out = String::new();
    for arg in wire {
        if !out.is_empty() {
            out.push(' ');
        }
        let text = arg.to_string();
        if arg.is_empty() || text.contains(' ') {
            out.push_str(&format!("\"{text}\""));
        } else {
            out.push_str(&text);
        }
    }
    out
}

/// A command of the stream; the master's own PING, and one of which only the range is known, by
/// name.
pub fn write(wire: &[Preview]) -> String {
    match wire {
        [] => "a write".to_owned(),
        [one] if one.text().eq_ignore_ascii_case("ping") => "PING (keep-alive)".to_owned(),
        all => command(all),
    }
}

/// Why a replica waits, the setting named; `since` is when the wait began.
pub fn wait(reason: &WaitReason, since: Now, now: Now) -> String {
    let passed = now.link_us.saturating_sub(since.link_us);
    match reason {
        WaitReason::DisklessDelay { secs } => {
            let passed = (passed / 1_000_000).min(*secs);
            format!("waits {passed} of {secs} s: repl-diskless-sync-delay")
        }
        WaitReason::AttachedToRunning => {
            format!("waits {}: joins the BGSAVE that runs", span(passed))
        }
        WaitReason::OtherSnapshot => {
            format!("waits {}: another BGSAVE must end first", span(passed))
        }
    }
}

/// The same when the wait is over.
pub fn waited(reason: &WaitReason, us: u64) -> String {
    let s = us as f64 / 1e6;
    match reason {
        WaitReason::DisklessDelay { .. } => format!("waited {s:.1} s: repl-diskless-sync-delay"),
        WaitReason::AttachedToRunning => format!("waited {s:.1} s for the BGSAVE that ran"),
        WaitReason::OtherSnapshot => format!("waited {s:.1} s for another BGSAVE"),
    }
}

/// Why a link ended.
pub fn loss(loss: &LinkLoss) -> String {
    match loss {
        LinkLoss::PeerClosed => "the peer closed it".into(),
        LinkLoss::ConnectFailed(why) => format!("cannot connect: {}", safe(why)),
        LinkLoss::TimedOut { after_s, .. } => format!("silent for {after_s} s: repl-timeout"),
        LinkLoss::ClosedHere => "closed on purpose".into(),
        LinkLoss::Killed => "CLIENT KILL".into(),
        LinkLoss::OutputLimit { bytes, limit, .. } => {
            format!("buffer {} over {}: client-output-buffer-limit", size(*bytes), size(*limit))
        }
        LinkLoss::Protocol(what) => crate::console::why::lost::protocol(what),
        LinkLoss::LocalFile(what) => format!("no file for the RDB: {}", safe(what)),
        LinkLoss::SnapshotFailed => "the snapshot for it failed".into(),
        LinkLoss::Refused(line) => format!("refused: {}", safe(line)),
    }
}

/// What made the identifiers change.
pub fn id_cause(cause: IdCause) -> &'static str {
    match cause {
        IdCause::BacklogCreated => "first backlog, new history",
        IdCause::BacklogFreed => "backlog freed: repl-backlog-ttl",
        IdCause::FullSync => "taken from the master",
        IdCause::Continued => "+CONTINUE named a new id",
        IdCause::Promoted => "promoted: the old id is replid2 now",
        IdCause::Restored => "restored from the RDB",
        IdCause::Debug => "DEBUG CHANGE-REPL-ID",
    }
}

pub fn target(target: SaveTarget) -> &'static str {
    match target {
        SaveTarget::File => "→ dump file",
        SaveTarget::FileForReplicas => "→ file",
        SaveTarget::Sockets => "→ socket",
    }
}

/// The verdict on a PSYNC in a few words.
pub fn verdict(d: &Decision) -> (Mark, String) {
    let (label, text) = why::decision::verdict(d);
    (mark_of(label), text)
}

/// `1 write, 31 B`.
pub fn writes(n: u64, bytes: u64) -> String {
    format!("{} write{}, {}", count(n), if n == 1 { "" } else { "s" }, size(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_quoted_where_it_matters() {
        let wire = [Preview::of(b"SET"), Preview::of(b"a b"), Preview::of(b"")];
        assert_eq!(command(&wire), "SET \"a b\" \"\"");
    }
}
