//! The last stretch of the streams, command by command: what is known of a stream where its bytes
//! were not kept.

use super::super::link::Peer;
use crate::observe::{Body, Event, Fact, Now, Offset, Preview, Source};
use std::collections::{BTreeMap, VecDeque};

/// Commands kept for a master.
pub const COMMANDS: usize = 500;

/// A command as it lies in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub at: Now,
    pub db: u32,
    pub wire: Vec<Preview>,
    pub from: Offset,
    pub to: Offset,
}

/// The streams, by the master that writes them (or the replica that executes an outside one).
#[derive(Clone, Debug, Default)]
pub struct Streams {
    by_port: BTreeMap<u16, VecDeque<Piece>>,
}

impl Streams {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        let (Source::Instance(port), Body::Fact(fact)) = (event.source, &event.body) else {
            return;
        };
        let (Fact::Propagated { db, wire, from, to } | Fact::Applied { db, wire, from, to }) = fact
        else {
            return;
        };
        let pieces = self.by_port.entry(port).or_default();
        if pieces.back().is_some_and(|last| last.from >= *from) {
            // Another history began, or the same command is told twice.
            pieces.retain(|p| p.to < *from);
        }
        let piece = Piece { at: event.at, db: *db, wire: wire.clone(), from: *from, to: *to };
        pieces.push_back(piece);
        if pieces.len() > COMMANDS {
            pieces.pop_front();
        }
    }

    /// The stream that `peer` writes or executes.
    pub fn of(&self, peer: &Peer) -> Option<&VecDeque<Piece>> {
        self.by_port.get(&peer.port).filter(|_| peer.host.is_empty())
    }
}

/// The command as RESP, if its previews are whole and plain; `None` when the bytes are not known.
pub fn resp_of(wire: &[Preview]) -> Option<Vec<u8>> {
    let mut out = format!("*{}\r\n", wire.len()).into_bytes();
    for arg in wire {
        let text = arg.text();
        if arg.is_cut() || text.len() as u64 != arg.len() || !text.is_ascii() {
            return None;
        }
        out.extend_from_slice(format!("${}\r\n{text}\r\n", arg.len()).as_bytes());
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_commands_have_their_bytes_back() {
        let wire = [Preview::of(b"SET"), Preview::of(b"name"), Preview::of(b"xd")];
        assert_eq!(
            resp_of(&wire).as_deref(),
            Some(&b"*3\r\n$3\r\nSET\r\n$4\r\nname\r\n$2\r\nxd\r\n"[..])
        );
        assert_eq!(resp_of(&[Preview::of(b"\xff")]), None);
        assert_eq!(resp_of(&[Preview::of(&[b'x'; 5000])]), None);
    }
}
