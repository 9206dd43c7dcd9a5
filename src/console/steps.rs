//! The steps of replication in words, the same in every front-end.
//!
//! A step reads as who and what: `6381 → 6380` and `PSYNC ? -1`; what happens inside one instance
//! has that instance alone: `6380` and `judges the PSYNC of 6381`.

use super::units::{bytes, plural, signed};
use super::why::lost;
use crate::observe::{
    Addr, BreakOn, Flow, Label, LinkRef, Message, RdbFraming, SaveTarget, Step, StepKind, StepWhat,
};
use crate::wire::text::safe;

/// Who takes the step: `6381 → 6380` where something travels, `6380` where nothing does. `name`
/// says how a peer is called.
pub fn who(port: u16, step: &Step, name: &dyn Fn(&Addr) -> String) -> String {
    match (step.flow, &step.link) {
        (Flow::Out, Some(link)) => format!("{port} → {}", name(&link.peer)),
        (Flow::In, Some(link)) => format!("{} → {port}", name(&link.peer)),
        _ => port.to_string(),
    }
}

/// What the step is: the message in Redis's own words, or what the instance is about to do.
pub fn what(step: &Step, name: &dyn Fn(&Addr) -> String) -> String {
    let peer = || step.link.as_ref().map_or_else(|| "its peer".to_owned(), |l| name(&l.peer));
    match &step.what {
        StepWhat::Message(m) if step.flow == Flow::Here && step.kind == StepKind::Decision => {
            format!("judges {} of {}", message(m), peer())
        }
        StepWhat::Message(m) => message(m),
        StepWhat::Command { wire, .. } => {
            let words = super::narrate::command_words(wire);
            match step.kind {
                StepKind::Replay => format!("{words} (held back until now)"),
                _ => words,
            }
        }
        StepWhat::Rdb { from, of } => {
            let upto = from + step.bytes;
            let so_far = match of {
                Some(all) => format!("{} of {}", bytes(upto.min(*all)), bytes(*all)),
                None => format!("{} so far", bytes(upto)),
            };
            match step.kind {
                StepKind::RdbEnd => format!("last bytes of the RDB, {}", bytes(upto)),
                _ => format!("RDB piece, {so_far}"),
            }
        }
        StepWhat::Snapshot { target, offset } => {
            let to = match target {
                SaveTarget::File => "to its dump file",
                SaveTarget::FileForReplicas => "to a file, for its replicas",
                SaveTarget::Sockets => "straight to its replicas",
            };
            match step.kind {
                StepKind::SaveEnd => format!("ends the snapshot {to}"),
                _ => format!("freezes a snapshot at offset {} {to}", signed(offset.0)),
            }
        }
        StepWhat::End(cause) => {
            format!("learns that the link to {} ends: {}", peer(), lost::cause_text(cause))
        }
        StepWhat::Nothing => match step.kind {
            StepKind::Connect => format!("connects to {}", peer()),
            StepKind::Decision => format!("judges the PSYNC of {}", peer()),
            StepKind::SaveBegin => "freezes a snapshot for its replicas".into(),
            StepKind::SaveEnd => "ends the snapshot".into(),
            StepKind::Load => format!("loads what {} sent", peer()),
            StepKind::Online => format!("counts {} as online: the stream flows", peer()),
            StepKind::LinkEnd => format!("learns that the link to {} ends", peer()),
            StepKind::Promotion => "becomes a master".into(),
            kind => format!("{} ({})", kind.name(), about(kind)),
        },
    }
}

/// A message as it is on the wire, long ids cut: `PSYNC 8f3a… 1,240`.
pub fn message(m: &Message) -> String {
    match m {
        Message::Ping | Message::StreamPing => "PING".into(),
        // With or without its first byte, as the reporter keeps it.
        Message::Pong(text) if text.starts_with(['+', '-']) => safe(text).into(),
        Message::Pong(text) => format!("+{}", safe(text)),
        Message::Auth { user: None } => "AUTH ***".into(),
        Message::Auth { user: Some(user) } => format!("AUTH {} ***", safe(user)),
        Message::ListeningPort(port) => format!("REPLCONF listening-port {port}"),
        Message::AnnounceIp(ip) => format!("REPLCONF ip-address {}", safe(ip)),
        Message::Capa(capas) => {
            let all: String = capas.iter().map(|c| format!(" capa {}", safe(c))).collect();
            format!("REPLCONF{all}")
        }
        Message::Ok => "+OK".into(),
        Message::Psync { replid, offset, failover } => {
            let id = super::why::decision::short_id(replid);
            let tail = if *failover { " FAILOVER" } else { "" };
            format!("PSYNC {id} {}{tail}", signed(offset.0))
        }
        Message::Sync => "SYNC".into(),
        Message::FullResync { replid, offset } => {
            format!("+FULLRESYNC {} {}", replid.short(), signed(offset.0))
        }
        Message::Continue { replid: Some(id) } => format!("+CONTINUE {}", id.short()),
        Message::Continue { replid: None } => "+CONTINUE".into(),
        Message::RdbBegin(RdbFraming::Length(n)) => format!("RDB begins: ${n}"),
        Message::RdbBegin(RdbFraming::Eof) => "RDB begins: $EOF:…".into(),
        Message::RdbEnd { bytes: n } => format!("last bytes of the RDB, {}", bytes(*n)),
        Message::Ack { offset } => format!("REPLCONF ACK {}", signed(offset.0)),
        Message::GetAck => "REPLCONF GETACK *".into(),
        Message::Newline => "\\n".into(),
        Message::Error(text) => format!("-{}", safe(text.trim_start_matches('-'))),
        Message::Unexpected(text) => safe(text).into(),
    }
}

/// The meaning that the step has in every pane and line.
pub fn label(kind: StepKind) -> Label {
    match kind {
        StepKind::RdbBegin | StepKind::RdbPiece | StepKind::RdbEnd => Label::Rdb,
        StepKind::SaveBegin | StepKind::SaveEnd | StepKind::Load => Label::Rdb,
        StepKind::Replay | StepKind::Command => Label::Stream,
        StepKind::GetAck | StepKind::Ack => Label::Ack,
        StepKind::Online | StepKind::Continue => Label::Good,
        StepKind::LinkEnd => Label::Broken,
        StepKind::Promotion => Label::Master,
        _ => Label::Handshake,
    }
}

/// What steps of this kind are, in a few words: for completion and lists.
pub fn about(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Connect => "a replica dials its master",
        StepKind::Ping => "the handshake's PING",
        StepKind::Pong => "the reply to it",
        StepKind::Auth => "the replica logs in",
        StepKind::Replconf => "what the replica tells of itself",
        StepKind::Reply => "+OK to one line of the handshake",
        StepKind::Psync => "the replica asks to go on",
        StepKind::Decision => "the master judges PSYNC",
        StepKind::SaveBegin => "the snapshot is frozen",
        StepKind::SaveEnd => "its encoding is done",
        StepKind::FullResync => "+FULLRESYNC",
        StepKind::Continue => "+CONTINUE",
        StepKind::RdbBegin => "the RDB's first line",
        StepKind::RdbPiece => "bytes of the RDB",
        StepKind::RdbEnd => "the last bytes of the RDB",
        StepKind::Load => "the replica loads the RDB",
        StepKind::Online => "the master lets the stream flow",
        StepKind::Replay => "a write held back meanwhile is sent",
        StepKind::Command => "a command of the stream",
        StepKind::GetAck => "the master asks for an ACK",
        StepKind::Ack => "the replica acknowledges",
        StepKind::LinkEnd => "an end learns that the link is gone",
        StepKind::Promotion => "a replica becomes a master",
        StepKind::Other => "anything else on a link",
    }
}

/// What a breakpoint stops at: `psync: the replica asks to go on`, `every step of 6381`.
pub fn break_on(on: BreakOn) -> String {
    match on {
        BreakOn::Kind(kind) => format!("{}: {}", kind.name(), about(kind)),
        BreakOn::Port(port) => format!("every step of {port} and of its links"),
    }
}

/// The same as it is typed behind `:break`.
pub fn break_name(on: BreakOn) -> String {
    match on {
        BreakOn::Kind(kind) => kind.name().to_owned(),
        BreakOn::Port(port) => port.to_string(),
    }
}

/// How a peer is called where only its address is known: one of this machine by its port.
pub fn plain_name(addr: &Addr) -> String {
    match (addr.host.as_str(), addr.port) {
        (_, 0) => "a replica".to_owned(),
        ("127.0.0.1" | "localhost" | "::1" | "", port) => port.to_string(),
        _ => addr.to_string(),
    }
}

/// `1 step waits`, `3 steps wait`.
pub fn waiting(n: usize) -> String {
    format!("{} {}", plural(n as u64, "step"), if n == 1 { "waits" } else { "wait" })
}

/// The other end of a step's link, by its port: for colouring or for filters.
pub fn peer_port(link: Option<&LinkRef>) -> Option<u16> {
    link.map(|l| l.peer.port).filter(|p| *p > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{LinkLoss, Offset, Preview, Side};

    fn on(flow: Flow, kind: StepKind, what: StepWhat) -> Step {
        let link = LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 6380) };
        Step { kind, flow, link: Some(link), bytes: 100, what }
    }

    fn told(port: u16, step: &Step) -> String {
        format!("{}: {}", who(port, step, &plain_name), what(step, &plain_name))
    }

    #[test]
    fn steps_read_as_who_and_what() {
        let psync = Message::Psync { replid: "?".into(), offset: Offset(-1), failover: false };
        let step = on(Flow::Out, StepKind::Psync, StepWhat::Message(psync));
        assert_eq!(told(6381, &step), "6381 → 6380: PSYNC ? -1");
        let step = on(Flow::In, StepKind::Pong, StepWhat::Message(Message::Pong("PONG".into())));
        assert_eq!(told(6381, &step), "6380 → 6381: +PONG");
        let step = on(Flow::Here, StepKind::Connect, StepWhat::Nothing);
        assert_eq!(told(6381, &step), "6381: connects to 6380");
        let step = on(Flow::Out, StepKind::RdbPiece, StepWhat::Rdb { from: 924, of: Some(4096) });
        assert_eq!(told(6381, &step), "6381 → 6380: RDB piece, 1 KB of 4 KB");
        let wire = vec![Preview::of(b"SET"), Preview::of(b"name"), Preview::of(b"xd")];
        let command = StepWhat::Command { wire, from: Offset(1), to: Offset(31) };
        let step = on(Flow::Out, StepKind::Replay, command);
        assert_eq!(told(6381, &step), "6381 → 6380: SET name xd (held back until now)");
        let step = on(Flow::Here, StepKind::LinkEnd, StepWhat::End(LinkLoss::PeerClosed));
        let expected = "6381: learns that the link to 6380 ends: the other side closed it";
        assert_eq!(told(6381, &step), expected);
        let psync = Message::Psync { replid: "a".repeat(40), offset: Offset(1), failover: false };
        let step = on(Flow::Here, StepKind::Decision, StepWhat::Message(psync));
        assert_eq!(told(6381, &step), "6381: judges PSYNC aaaa… 1 of 6380");
        let step = Step::here(StepKind::Promotion, None, StepWhat::Nothing);
        assert_eq!(told(6381, &step), "6381: becomes a master");
    }

    #[test]
    fn every_kind_has_words() {
        for kind in StepKind::ALL {
            assert!(!about(kind).is_empty());
            let step = on(Flow::Here, kind, StepWhat::Nothing);
            assert!(!what(&step, &plain_name).is_empty());
            assert!(break_on(BreakOn::Kind(kind)).starts_with(kind.name()));
        }
    }
}
