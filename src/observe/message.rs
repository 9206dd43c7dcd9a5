use super::{Addr, Offset, ReplId};
use serde::{Deserialize, Serialize};

/// Which end of a replication link the reporting instance holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// It is the master of this link: the peer is its replica.
    Master,
    /// It is the replica of this link: the peer is its master.
    Replica,
}

/// A replication link as one end sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LinkRef {
    /// The reporting instance's end.
    pub side: Side,
    /// The other end. Seen from a master, the port is the one announced by `REPLCONF
    /// listening-port` (0 until then), so that it names an instance and not a socket.
    pub peer: Addr,
}

/// The replica's end of the handshake, state by state (Redis's `repl_state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Not a replica.
    None,
    /// Must connect.
    Connect,
    /// A non-blocking connect is under way.
    Connecting,
    /// PING was written.
    ReceivePingReply,
    /// About to write AUTH and the REPLCONFs.
    SendHandshake,
    ReceiveAuthReply,
    ReceivePortReply,
    ReceiveIpReply,
    ReceiveCapaReply,
    /// About to write PSYNC.
    SendPsync,
    ReceivePsyncReply,
    /// The RDB is being received or loaded.
    Transfer,
    /// In sync: the stream flows.
    Connected,
}

impl LinkState {
    /// The word that ROLE prints for this state.
    pub fn role_word(self) -> &'static str {
        match self {
            LinkState::None => "none",
            LinkState::Connect => "connect",
            LinkState::Connecting => "connecting",
            LinkState::Transfer => "sync",
            LinkState::Connected => "connected",
            _ => "handshake",
        }
    }
}

/// The master's state for one replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplicaState {
    /// A full sync is needed; no snapshot was started for it yet.
    WaitBgsaveStart,
    /// The snapshot is being made; the stream is held back meanwhile.
    WaitBgsaveEnd,
    /// The RDB file is being written to the socket.
    SendBulk,
    /// The stream flows (after a diskless transfer: once the first ACK came).
    Online,
    /// An rdb-only client has everything that it wanted.
    RdbTransmitted,
}

impl ReplicaState {
    /// The text that INFO prints for this state, if it lists the replica at all.
    pub fn info_word(self) -> Option<&'static str> {
        match self {
            ReplicaState::WaitBgsaveStart | ReplicaState::WaitBgsaveEnd => Some("wait_bgsave"),
            ReplicaState::SendBulk => Some("send_bulk"),
            ReplicaState::Online => Some("online"),
            ReplicaState::RdbTransmitted => None,
        }
    }
}

/// How the end of an RDB transfer is told on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RdbFraming {
    /// `$<len>`: a file of known size.
    Length(u64),
    /// `$EOF:<40 bytes>`: streamed, the mark closes it.
    Eof,
}

/// What bytes on a replication link are part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// The handshake, keep-alives, acknowledgements.
    Talk,
    /// The RDB: they begin behind so many of its bytes.
    Rdb { from: u64 },
    /// The mark that closes an RDB of unknown length.
    Mark,
    /// The command stream: the offset of the first byte.
    Stream { from: Offset },
}

/// One message on a replication link, apart from the stream of commands and the RDB's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// The handshake's PING, replica to master.
    Ping,
    /// The reply to PING, or what came instead.
    Pong(String),
    /// AUTH; the password is never recorded.
    Auth {
        user: Option<String>,
    },
    ListeningPort(u16),
    AnnounceIp(String),
    Capa(Vec<String>),
    /// `+OK` to one handshake command.
    Ok,
    /// `PSYNC <id or ?> <offset>`.
    Psync {
        replid: String,
        offset: Offset,
        /// With the word FAILOVER behind it: the peer is to become a master first.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        failover: bool,
    },
    /// The legacy SYNC.
    Sync,
    FullResync {
        replid: ReplId,
        offset: Offset,
    },
    /// `+CONTINUE`, with the id if the replica knows psync2.
    Continue {
        replid: Option<ReplId>,
    },
    /// The RDB's preamble.
    RdbBegin(RdbFraming),
    /// The last byte of the RDB (and the closing mark, if there is one).
    RdbEnd {
        bytes: u64,
    },
    /// `REPLCONF ACK`.
    Ack {
        offset: Offset,
    },
    /// `REPLCONF GETACK *`, part of the stream.
    GetAck,
    /// The periodic ping, part of the stream.
    StreamPing,
    /// A single newline that keeps the link alive.
    Newline,
    /// An error line, verbatim.
    Error(String),
    /// Anything that does not belong here, as a preview.
    Unexpected(String),
}
