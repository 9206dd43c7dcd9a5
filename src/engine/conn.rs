//! A connection as the engine keeps it: who it is, what it still has to read, what it still has to
//! write.

use super::replication::ReplicaLink;
use crate::wire::request::RequestParser;
use std::collections::VecDeque;
use std::sync::Arc;

/// Names one connection of one instance. Given by the engine, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What a connection is.
#[derive(Debug)]
pub enum Kind {
    /// A client that sends commands and reads replies.
    Normal,
    /// This instance's own connection to its master: commands come in, only ACKs go out.
    MasterLink,
    /// A replica of this instance (or `redis-cli --rdb`, `--replica`).
    Replica(Box<ReplicaLink>),
}

/// One connection. Its id is also the client id that CLIENT ID prints.
#[derive(Debug)]
pub struct Client {
    pub conn: ConnId,
    pub kind: Kind,
    /// `ip:port` of the peer, as CLIENT LIST prints it.
    pub addr: String,
    /// `ip:port` of our end.
    pub laddr: String,
    /// File descriptor to print in CLIENT LIST; a host fact, 0 if unknown.
    pub fd: i32,
    pub db: usize,
    /// 2 or 3.
    pub resp: u8,
    pub name: Vec<u8>,
    pub authenticated: bool,
    /// Receives every command that others send (MONITOR).
    pub monitor: bool,
    /// Monotonic microseconds.
    pub created_us: u64,
    pub last_interaction_us: u64,
    pub last_cmd: Option<&'static str>,
    pub query: QueryBuffer,
    pub out: Output,
    /// MULTI in progress.
    pub multi: Option<super::multi::Multi>,
    /// Keys under WATCH.
    pub watched: Vec<super::multi::Watched>,
    /// Waiting for something: WAIT, a shutdown, a paused server.
    pub blocked: Option<super::blocked::Blocked>,
    /// Replies still go out, then the connection is closed; no further command is read.
    pub close_after_reply: bool,
    /// CLIENT REPLY.
    pub reply_mode: ReplyMode,
    /// master_repl_offset after this client's last command: what WAIT waits for.
    pub woff: i64,
}

/// CLIENT REPLY's modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ReplyMode {
    #[default]
    On,
    Off,
    /// The next reply only.
    SkipNext,
    /// This reply.
    Skip,
}

/// What was read from the socket and not executed yet. The driver reads into the space it lends.
#[derive(Debug, Default)]
pub struct QueryBuffer {
    pub buf: Vec<u8>,
    /// Bytes of `buf` that were executed already.
    pub done: usize,
    /// Bytes of `buf` that hold data; the rest of its length is lent space.
    pub filled: usize,
    pub parser: RequestParser,
}

/// What waits to be written: first `head` (replies, in order), then shared pieces (an RDB), and
/// for a replica that is online the shared stream from its cursor on, which is not in here.
#[derive(Debug, Default)]
pub struct Output {
    pub head: Vec<u8>,
    /// Bytes of `head` that were written.
    pub head_done: usize,
    pub pieces: VecDeque<Arc<[u8]>>,
    /// Bytes of the first piece that were written.
    pub piece_done: usize,
}

impl Output {
    /// Bytes that wait here, the stream not counted.
    pub fn len(&self) -> usize {
        self.head.len() - self.head_done + self.pieces.iter().map(|p| p.len()).sum::<usize>()
            - self.piece_done
    }

    /// Whether nothing waits here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
