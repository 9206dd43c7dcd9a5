use super::{LinkLoss, LinkRef, Message, Offset, Preview, SaveTarget};
use serde::{Deserialize, Serialize};

/// The kinds of steps that replication is made of: what step mode holds one by one, and what a
/// breakpoint can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// A replica is about to dial its master.
    Connect,
    /// The handshake's PING.
    Ping,
    /// The reply to it.
    Pong,
    Auth,
    /// REPLCONF listening-port, ip-address, capa.
    Replconf,
    /// `+OK` (or an error) to one handshake command.
    Reply,
    /// PSYNC or SYNC on its way to the master.
    Psync,
    /// The master is about to judge PSYNC.
    Decision,
    /// A snapshot for replicas is about to be frozen.
    SaveBegin,
    /// That snapshot's encoding came to its end; what follows from it is about to happen.
    SaveEnd,
    /// `+FULLRESYNC`.
    FullResync,
    /// `+CONTINUE`.
    Continue,
    /// The RDB's preamble.
    RdbBegin,
    /// Bytes of the RDB.
    RdbPiece,
    /// The last bytes of the RDB, with the closing mark if there is one.
    RdbEnd,
    /// The replica is about to load what it received (or, without a disk, to load while it
    /// receives).
    Load,
    /// The master is about to count the replica as online and to let the stream flow.
    Online,
    /// A write that was held back during the transfer is about to be sent.
    Replay,
    /// A command of the stream.
    Command,
    /// REPLCONF GETACK, part of the stream.
    GetAck,
    /// REPLCONF ACK with an offset that is news.
    Ack,
    /// One end is about to learn that the link is gone, or to end it by a rule of its own.
    LinkEnd,
    /// A replica is about to become a master.
    Promotion,
    /// Anything else that is said on a link.
    Other,
}

impl StepKind {
    /// All kinds, in the order in which a full sync meets them.
    pub const ALL: [StepKind; 24] = [
        StepKind::Connect,
        StepKind::Ping,
        StepKind::Pong,
        StepKind::Auth,
        StepKind::Replconf,
        StepKind::Reply,
        StepKind::Psync,
        StepKind::Decision,
        StepKind::SaveBegin,
        StepKind::SaveEnd,
        StepKind::FullResync,
        StepKind::Continue,
        StepKind::RdbBegin,
        StepKind::RdbPiece,
        StepKind::RdbEnd,
        StepKind::Load,
        StepKind::Online,
        StepKind::Replay,
        StepKind::Command,
        StepKind::GetAck,
        StepKind::Ack,
        StepKind::LinkEnd,
        StepKind::Promotion,
        StepKind::Other,
    ];

    /// The name that `:break` takes.
    pub fn name(self) -> &'static str {
        match self {
            StepKind::Connect => "connect",
            StepKind::Ping => "ping",
            StepKind::Pong => "pong",
            StepKind::Auth => "auth",
            StepKind::Replconf => "replconf",
            StepKind::Reply => "reply",
            StepKind::Psync => "psync",
            StepKind::Decision => "decision",
            StepKind::SaveBegin => "save-begin",
            StepKind::SaveEnd => "save-end",
            StepKind::FullResync => "full-resync",
            StepKind::Continue => "continue",
            StepKind::RdbBegin => "rdb-begin",
            StepKind::RdbPiece => "rdb-piece",
            StepKind::RdbEnd => "rdb-end",
            StepKind::Load => "load",
            StepKind::Online => "online",
            StepKind::Replay => "replay",
            StepKind::Command => "command",
            StepKind::GetAck => "getack",
            StepKind::Ack => "ack",
            StepKind::LinkEnd => "link-end",
            StepKind::Promotion => "promotion",
            StepKind::Other => "other",
        }
    }

    /// The kind of this name, in any case, with or without the dash.
    pub fn parse(name: &str) -> Option<StepKind> {
        let plain = |s: &str| s.replace(['-', '_'], "").to_ascii_lowercase();
        let wanted = plain(name);
        StepKind::ALL.into_iter().find(|k| plain(k.name()) == wanted)
    }
}

/// Which way a step goes, seen from the instance that asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Bytes are about to leave on the link.
    Out,
    /// Bytes that came in on the link are about to be looked at.
    In,
    /// Nothing travels: it happens inside the instance.
    Here,
}

/// One thing with a name that is about to happen in replication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub kind: StepKind,
    pub flow: Flow,
    /// The link that it happens on, as the asking instance sees it. `None`: it concerns the
    /// instance as a whole (a snapshot for several replicas, a promotion).
    pub link: Option<LinkRef>,
    /// Bytes on the wire; 0 when nothing travels.
    pub bytes: u64,
    pub what: StepWhat,
}

/// What a step is about, as far as its kind does not say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepWhat {
    Nothing,
    Message(Message),
    /// A command of the stream: `from` is the offset of its first byte, `to` of its last.
    Command {
        wire: Vec<Preview>,
        from: Offset,
        to: Offset,
    },
    /// A piece of the RDB: it begins behind so many bytes, of so many in all where that is known.
    Rdb {
        from: u64,
        of: Option<u64>,
    },
    /// A snapshot that stands, or would stand, at this offset.
    Snapshot {
        target: SaveTarget,
        offset: Offset,
    },
    /// Why the link is about to end.
    End(LinkLoss),
}

impl Step {
    /// A step inside the instance.
    pub fn here(kind: StepKind, link: Option<LinkRef>, what: StepWhat) -> Step {
        Step { kind, flow: Flow::Here, link, bytes: 0, what }
    }
}

/// What a breakpoint stops at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakOn {
    /// Every step of this kind.
    Kind(StepKind),
    /// Every step of the instance on this port, and of its links.
    Port(u16),
}

#[cfg(test)]
mod tests {
    use super::StepKind;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in StepKind::ALL {
            assert_eq!(StepKind::parse(kind.name()), Some(kind));
        }
        assert_eq!(StepKind::parse("RDBEND"), Some(StepKind::RdbEnd));
        assert_eq!(StepKind::parse("rdb"), None);
        let mut names: Vec<_> = StepKind::ALL.map(StepKind::name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), StepKind::ALL.len());
    }
}
