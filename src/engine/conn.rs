//! A connection as the engine keeps it: who it is, what it still has to read, what it still has to
//! write.

use super::replication::ReplicaLink;
use crate::observe::Now;
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
    /// CLIENT NO-EVICT.
    pub no_evict: bool,
    /// Monotonic microseconds.
    pub created_us: u64,
    pub last_interaction_us: u64,
    /// Full name of the last command (`config|get`).
    pub last_cmd: Option<&'static str>,
    pub query: QueryBuffer,
    pub out: Output,
    /// MULTI in progress.
    pub multi: Option<super::multi::Multi>,
    /// Channels and patterns that it listens to: such a client may do little else in RESP2.
    pub subscriptions: Option<Box<super::pubsub::Subscriptions>>,
    /// CLIENT TRACKING.
    pub tracking: Option<Box<super::tracking::TrackingClient>>,
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
    /// Since when the output is beyond the soft limit (monotonic microseconds).
    pub soft_limit_since_us: Option<u64>,
}

impl Client {
    /// A new client in database 0 that speaks RESP2.
    pub fn new(conn: ConnId, addr: String, laddr: String, fd: i32, now: Now) -> Client {
        Client {
            conn,
            kind: Kind::Normal,
            addr,
            laddr,
            fd,
            db: 0,
            resp: 2,
            name: Vec::new(),
            authenticated: false,
            monitor: false,
            no_evict: false,
            created_us: now.mono_us,
            last_interaction_us: now.mono_us,
            last_cmd: None,
            query: QueryBuffer::default(),
            out: Output::default(),
            multi: None,
            subscriptions: None,
            tracking: None,
            watched: Vec::new(),
            blocked: None,
            close_after_reply: false,
            reply_mode: ReplyMode::On,
            woff: 0,
            soft_limit_since_us: None,
        }
    }

    /// Whether this is our connection to the master.
    pub fn is_master_link(&self) -> bool {
        matches!(self.kind, Kind::MasterLink)
    }

    /// Whether its next command waits for the end of a pause.
    pub fn paused_here(&self) -> bool {
        self.blocked == Some(super::blocked::Blocked::Paused)
    }

    /// Whether this is a replica of ours.
    pub fn is_replica(&self) -> bool {
        matches!(self.kind, Kind::Replica(_))
    }
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
    /// Bytes that were executed since the connection began.
    pub total: u64,
    /// At least so many further bytes belong to the request that is being read.
    pub need: usize,
    /// The most that waited since the last look at it.
    pub peak: usize,
    pub parser: RequestParser,
}

/// Space lent at a time, unless a large argument needs more.
const LENT: usize = 16 * 1024;
/// A buffer that grew beyond this is given back when it is empty.
const KEPT: usize = 64 * 1024;

impl QueryBuffer {
    /// The bytes that wait.
    pub fn waiting(&self) -> &[u8] {
        &self.buf[self.done..self.filled]
    }

    /// Space for the next read; the driver says afterwards how much of it was filled.
    pub fn space(&mut self) -> &mut [u8] {
        self.tidy();
        let free = self.buf.len() - self.filled;
        // A half-read large argument multiplies the buffer: big values come in few reads. But
        // it never becomes larger than the argument.
        let enough = match self.need {
            2.. if self.filled >= LENT => self.need.min(LENT),
            _ => LENT,
        };
        if free < enough {
            let want = self.need.min((4 * self.filled).min(1 << 20)).max(LENT.min(enough));
            self.buf.resize(self.filled + want, 0);
        }
        &mut self.buf[self.filled..]
    }

    /// Gives back all but `size` bytes, which hold what waits.
    pub fn shrink(&mut self, size: usize) {
        self.tidy();
        self.buf.truncate(size.max(self.filled));
        self.buf.shrink_to_fit();
    }

    /// Forgets `n` waiting bytes.
    pub fn consume(&mut self, n: usize) {
        let done = self.done.saturating_add(n).min(self.filled);
        self.need = 0;
        self.total += (done - self.done) as u64;
        self.done = done;
    }

    /// Moves what waits to the front.
    fn tidy(&mut self) {
        if self.done == self.filled {
            self.done = 0;
            self.filled = 0;
            if self.buf.len() > KEPT {
                self.buf = Vec::new();
            }
        } else if self.done > 0 {
            self.buf.copy_within(self.done..self.filled, 0);
            self.filled -= self.done;
            self.done = 0;
        }
    }
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
    /// Bytes written since the connection began, those of the stream among them.
    pub total: u64,
}

impl Output {
    /// Bytes that wait here, the stream not counted.
    pub fn len(&self) -> usize {
        self.head.len() - self.head_done + self.pieces.iter().map(|p| p.len()).sum::<usize>()
            - self.piece_done
    }

    /// Whether nothing waits here.
    pub fn is_empty(&self) -> bool {
        self.head.len() == self.head_done && self.pieces.is_empty()
    }

    /// Takes `n` written bytes off the front; answers how many of them were not ours.
    pub fn wrote(&mut self, mut n: usize) -> usize {
        self.total += n as u64;
        let head = n.min(self.head.len() - self.head_done);
        self.head_done += head;
        n -= head;
        if self.head_done == self.head.len() {
            self.head_done = 0;
            if self.head.capacity() > KEPT {
                self.head = Vec::new();
            } else {
                self.head.clear();
            }
        }
        while n > 0 {
            let Some(piece) = self.pieces.front() else { break };
            let left = piece.len() - self.piece_done;
            if n < left {
                self.piece_done += n;
                return 0;
            }
            n -= left;
            self.piece_done = 0;
            self.pieces.pop_front();
        }
        n
    }
}
