//! The bytes of every link, cut into messages, both ways, in the order in which they passed.
//!
//! Both ends of a link tell its bytes. Where the replica is one of ours it is believed, because it knows
//! the link from its first byte on and tells what has arrived; a master only of replicas outside.

pub mod cut;
pub mod stream;

use super::link::{LinkKey, Peer};
use super::row::{Dir, Row, RowKind};
use crate::observe::{
    Body, Event, Fact, Flow, LabFact, Message, Now, Offset, Passage, Preview, Raw, Side, Source,
};
use cut::Cutter;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use stream::Streams;

/// Messages kept of a link.
pub const KEPT: usize = 400;

/// What some bytes of a link are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A request, by its words; `whole` is false where some of its bytes were not kept.
    Request { words: Vec<Preview>, whole: bool },
    /// A status line, an error, a preamble: without its line end.
    Line(Preview),
    /// Line ends that keep the link alive, so many of them.
    Newlines(u32),
    /// Bytes of the RDB behind the first `from`, in so many pieces; `kept` of them were told.
    Rdb { from: u64, to: u64, pieces: u32 },
    /// The mark that closes the RDB.
    Mark,
    /// So many bytes passed and were not kept.
    Gap(u64),
    /// A new connection begins.
    Connection,
}

/// Some bytes of a link with their place and their meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes {
    pub at: Now,
    pub dir: Dir,
    /// Bytes of this connection that went the same way before.
    pub pos: u64,
    /// The offset of the first byte, if it is part of the stream.
    pub offset: Option<Offset>,
    /// How many bytes; as many of them as were kept are `raw`.
    pub len: u64,
    pub raw: Arc<[u8]>,
    pub what: What,
}

/// One link's bytes.
#[derive(Clone, Debug, Default)]
pub struct LinkBytes {
    pub list: VecDeque<Arc<Bytes>>,
    /// Messages that are gone from the front of the list.
    pub dropped: u64,
    told_by: Option<Side>,
    cutters: [Cutter; 2],
}

/// All links' bytes.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    by_key: BTreeMap<LinkKey, LinkBytes>,
    streams: Streams,
}

impl Wire {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        self.streams.apply(event);
        match (&event.body, event.source) {
            (Body::Fact(Fact::Passed { link, flow, at, part, raw }), Source::Instance(me)) => {
                let key = LinkKey::seen_by(me, link);
                let dir = match (link.side, flow) {
                    (Side::Master, Flow::Out) | (Side::Replica, Flow::In) => Dir::ToReplica,
                    _ => Dir::ToMaster,
                };
                let bytes = self.by_key.entry(key).or_default();
                bytes.passed(event.at, link.side, dir, *at, *part, raw);
            }
            // Nobody may take its port for it: another server's bytes are a master's to tell.
            (Body::Lab(LabFact::InstanceDown { port, .. }), _) => {
                let gone = Peer::port(*port);
                for (key, bytes) in &mut self.by_key {
                    if key.replica == gone {
                        bytes.told_by = None;
                    }
                }
            }
            _ => {}
        }
    }

    /// What passed on a link.
    pub fn link(&self, key: &LinkKey) -> Option<&LinkBytes> {
        self.by_key.get(key).filter(|bytes| !bytes.list.is_empty())
    }

    /// The stream that `peer` writes or executes, as commands: for links whose bytes are not kept.
    pub fn of(&self, peer: &Peer) -> Option<&VecDeque<stream::Piece>> {
        self.streams.of(peer)
    }
}

fn lane(dir: Dir) -> usize {
    match dir {
        Dir::ToMaster => 0,
        Dir::ToReplica => 1,
    }
}

impl LinkBytes {
    fn passed(&mut self, now: Now, side: Side, dir: Dir, at: u64, part: Passage, raw: &Raw) {
        match (self.told_by, side) {
            (Some(Side::Replica), Side::Master) => return,
            (Some(Side::Master), Side::Replica) => {
                // The other end began to tell: what it says is all of it.
                *self =
                    LinkBytes { dropped: self.dropped + self.list.len() as u64, ..Self::default() };
            }
            _ => {}
        }
        self.told_by = Some(side);
        let cutter = &mut self.cutters[lane(dir)];
        let next = cutter.next_pos();
        let mut new = Vec::new();
        if at < next {
            // Counted from the start again, both ways: that is another connection.
            self.cutters = Default::default();
            new.push(plain(now, dir, 0, 0, What::Connection));
        } else if at > next {
            cutter.cut_off(now, dir, &mut new);
            // The master's first bytes to a stranger are told by nobody.
            if next > 0 || side == Side::Replica {
                new.push(plain(now, dir, next, at - next, What::Gap(at - next)));
            }
        }
        self.cutters[lane(dir)].feed(now, dir, at, part, raw, &mut new);
        for message in new {
            self.push(message);
        }
    }

    fn push(&mut self, message: Bytes) {
        if let Some(last) = self.list.back_mut()
            && Arc::make_mut(last).absorb(&message)
        {
            return;
        }
        self.list.push_back(Arc::new(message));
        if self.list.len() > KEPT {
            self.list.pop_front();
            self.dropped += 1;
        }
    }

    /// The highest place among its bytes.
    pub fn end(&self) -> u64 {
        let place = |b: &Arc<Bytes>| b.offset.map_or(b.pos, |o| o.0.unsigned_abs()) + b.len;
        self.list.iter().map(place).max().unwrap_or_default()
    }

    /// The bytes that a row of the sequence stands for: their place in the list.
    pub fn of_row(&self, row: &Row) -> Option<usize> {
        let found = |wanted: &dyn Fn(&Bytes) -> bool| {
            let later = self.list.iter().position(|m| m.at.mono_us >= row.at.mono_us && wanted(m));
            // The row may have been told a moment after its bytes.
            later.or_else(|| self.list.iter().rposition(|m| wanted(m)))
        };
        match &row.kind {
            RowKind::Message { dir, message, .. } => found(&|m| m.dir == *dir && m.is(message)),
            RowKind::KeepAlive { last_ack: Some(offset), .. } => {
                found(&|m| m.is(&Message::Ack { offset: *offset }))
            }
            RowKind::KeepAlive { pings, .. } if pings.count() > 0 => {
                found(&|m| m.is(&Message::StreamPing))
            }
            RowKind::KeepAlive { .. } => found(&|m| matches!(m.what, What::Newlines(_))),
            RowKind::Rdb(_) | RowKind::Load { .. } => {
                found(&|m| matches!(m.what, What::Rdb { .. }))
            }
            RowKind::Write(w) => self.list.iter().rposition(|m| m.offset == Some(w.from)),
            RowKind::Replay { write, .. } => {
                self.list.iter().rposition(|m| m.offset == Some(write.from))
            }
            RowKind::Decision(_) => found(&|m| m.dir == Dir::ToMaster && m.begins(&["psync"])),
            _ => None,
        }
    }
}

fn plain(at: Now, dir: Dir, pos: u64, len: u64, what: What) -> Bytes {
    Bytes { at, dir, pos, offset: None, len, raw: Arc::from([]), what }
}

impl Bytes {
    /// Takes over what follows it, if both are one thing: pieces of an RDB, newlines.
    fn absorb(&mut self, next: &Bytes) -> bool {
        if self.dir != next.dir {
            return false;
        }
        match (&mut self.what, &next.what) {
            (What::Rdb { to, pieces, .. }, What::Rdb { from, to: until, pieces: more }) => {
                // Pieces in between may not have been told; they belong to it all the same.
                if *from < *to {
                    return false;
                }
                *to = *until;
                *pieces += more;
                self.len = next.pos + next.len - self.pos;
                true
            }
            (What::Newlines(n), What::Newlines(more)) if self.pos + self.len == next.pos => {
                *n += more;
                self.len += next.len;
                true
            }
            _ => false,
        }
    }

    /// Whether the request begins with these words.
    fn begins(&self, wanted: &[&str]) -> bool {
        let What::Request { words, .. } = &self.what else { return false };
        words.len() >= wanted.len()
            && words.iter().zip(wanted).all(|(w, want)| w.text().eq_ignore_ascii_case(want))
    }

    fn line(&self, begin: &str) -> bool {
        matches!(&self.what, What::Line(line) if line.text().starts_with(begin))
    }

    /// Whether these are the bytes of that message.
    fn is(&self, message: &Message) -> bool {
        match message {
            Message::Ping => self.offset.is_none() && self.begins(&["ping"]),
            Message::StreamPing => self.offset.is_some() && self.begins(&["ping"]),
            Message::Pong(_) => self.line("+PONG"),
            Message::Auth { .. } => self.begins(&["auth"]),
            Message::ListeningPort(_) => self.begins(&["replconf", "listening-port"]),
            Message::AnnounceIp(_) => self.begins(&["replconf", "ip-address"]),
            Message::Capa(_) => self.begins(&["replconf", "capa"]),
            Message::Ok => self.line("+OK"),
            Message::Psync { .. } => self.begins(&["psync"]),
            Message::Sync => self.begins(&["sync"]),
            Message::FullResync { .. } => self.line("+FULLRESYNC"),
            Message::Continue { .. } => self.line("+CONTINUE"),
            Message::RdbBegin(_) => self.line("$"),
            Message::RdbEnd { .. } => matches!(self.what, What::Mark | What::Rdb { .. }),
            Message::Ack { offset } => self.begins(&["replconf", "ack", &offset.0.to_string()]),
            Message::GetAck => self.begins(&["replconf", "getack"]),
            Message::Newline => matches!(self.what, What::Newlines(_)),
            Message::Error(_) => self.line("-"),
            Message::Unexpected(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
