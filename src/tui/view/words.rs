//! Facts in the screen's words: short, in Redis's own terms.

use crate::lab::model;
use crate::observe::Decision;
use crate::observe::{
    FullReason, IdCause, LinkLoss, LinkState, Message, Now, Preview, PsyncVerdict, RdbFraming,
    ReplicaState, SaveTarget, WaitReason,
};
use crate::tui::reduce::link::{LinkKey, Peer};
use crate::tui::text::{count, grouped, safe, size, span};
use crate::tui::theme::Mark;

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
pub fn short_id(id: &str) -> String {
    let id = safe(id);
    if id.chars().count() > 6 {
        format!("{}…", id.chars().take(4).collect::<String>())
    } else {
        id
    }
}

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
        ReplicaState::WaitBgsaveStart => "wait bgsave",
        ReplicaState::WaitBgsaveEnd => "bgsave runs",
        ReplicaState::SendBulk => "send_bulk",
        ReplicaState::Online => "online",
        ReplicaState::RdbTransmitted => "rdb done",
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
        LinkLoss::Protocol(what) => format!("protocol error: {}", safe(what)),
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
    match d.verdict {
        PsyncVerdict::Continue { bytes } => {
            (Mark::Good, format!("partial resync: {} of backlog", size(bytes)))
        }
        PsyncVerdict::Full(reason) => {
            let why = match reason {
                FullReason::Asked => "asked for".into(),
                FullReason::UnknownId => format!("{} is not my history", short_id(&d.asked_id)),
                FullReason::BeyondSecondOffset => {
                    format!("{} is past the fork", grouped(d.asked_offset.0))
                }
                FullReason::NoBacklog => "no backlog yet".into(),
                FullReason::BeforeBacklog => {
                    format!("{} fell out of the backlog", grouped(d.asked_offset.0))
                }
                FullReason::AheadOfMaster => {
                    format!("{} is ahead of me", grouped(d.asked_offset.0))
                }
            };
            (Mark::Waiting, format!("full resync: {why}"))
        }
    }
}

/// The comparisons that led to the verdict, in Redis's order: question, answer, and whether it
/// spoke for a partial resync.
pub fn comparisons(d: &Decision) -> Vec<(String, String, bool)> {
    let mut out = Vec::new();
    let asked = d.asked_offset.0;
    if d.asked_id.starts_with('?') {
        out.push(("does it ask for a full sync (`?`)?".into(), "yes".into(), false));
        return out;
    }
    let id = short_id(&d.asked_id);
    let mine = d.replid.matches(d.asked_id.as_bytes());
    let yes_no = |b: bool| if b { "yes" } else { "no" }.to_owned();
    out.push((format!("is {id} my replid {}?", d.replid.short()), yes_no(mine), mine));
    if !mine {
        if d.replid2.is_zero() {
            out.push((format!("is {id} my replid2?"), "no: I have none".into(), false));
            return out;
        }
        let second = d.replid2.matches(d.asked_id.as_bytes());
        out.push((format!("is {id} my replid2 {}?", d.replid2.short()), yes_no(second), second));
        if !second {
            return out;
        }
        let fits = d.asked_offset <= d.second_offset;
        let until = grouped(d.second_offset.0);
        out.push((
            format!("is {} ≤ {until}, where the histories part?", grouped(asked)),
            yes_no(fits),
            fits,
        ));
        if !fits {
            return out;
        }
    }
    match d.backlog {
        None => out.push(("is there a backlog?".into(), "no".into(), false)),
        Some((first, len)) => {
            let end = first + i64::try_from(len).unwrap_or(i64::MAX);
            let fits = d.asked_offset >= first && d.asked_offset <= end;
            let answer = if d.asked_offset < first {
                "no: too old".into()
            } else if d.asked_offset > end {
                "no: ahead of me".into()
            } else {
                yes_no(true)
            };
            out.push((
                format!(
                    "is {} in the backlog {} … {} (or the next byte)?",
                    grouped(asked),
                    grouped(first.0),
                    grouped(end.0 - 1)
                ),
                answer,
                fits,
            ));
        }
    }
    out
}

/// `1 write, 31 B`.
pub fn writes(n: u64, bytes: u64) -> String {
    format!("{} write{}, {}", count(n), if n == 1 { "" } else { "s" }, size(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Offset, ReplId};

    fn decision(asked: &str, offset: i64) -> Decision {
        Decision {
            asked_id: asked.repeat(40),
            asked_offset: Offset(offset),
            replid: ReplId([b'c'; 40]),
            replid2: ReplId([b'8'; 40]),
            second_offset: Offset(1413),
            backlog: Some((Offset(1), 1412)),
            master_offset: Offset(1412),
            verdict: PsyncVerdict::Continue { bytes: 0 },
        }
    }

    #[test]
    fn the_numbers_of_a_promotion_are_told_in_order() {
        let steps = comparisons(&decision("8", 1413));
        let answers: Vec<&str> = steps.iter().map(|(_, a, _)| a.as_str()).collect();
        assert_eq!(answers, ["no", "yes", "yes", "yes"]);
        assert!(steps[3].0.contains("1 … 1,412"), "{}", steps[3].0);
    }

    #[test]
    fn the_failing_comparison_is_the_last_one() {
        assert_eq!(comparisons(&decision("5", 1)).last().map(|s| s.2), Some(false));
        let mut d = decision("c", 2000);
        assert_eq!(comparisons(&d).last().map(|s| s.1.clone()), Some("no: ahead of me".into()));
        d.backlog = Some((Offset(5000), 10));
        assert_eq!(comparisons(&d).last().map(|s| s.1.clone()), Some("no: too old".into()));
    }

    #[test]
    fn commands_are_quoted_where_it_matters() {
        let wire = [Preview::of(b"SET"), Preview::of(b"a b"), Preview::of(b"")];
        assert_eq!(command(&wire), "SET \"a b\" \"\"");
    }
}
