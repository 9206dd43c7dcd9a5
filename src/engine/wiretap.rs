//! The bytes of replication links, told as they pass: at a human's pace all of them, under load none.
//!
//! An ask costs a comparison when the answer is no. Once the allowance is used up it stays used up
//! until nobody has asked for a while, so that a steady load is told nothing at all and allocates
//! nothing for it. What was not told shows as a gap in [`Fact::Passed`]'s `at`.

use super::Engine;
use super::conn::{ConnId, Kind, Output};
use super::replication::{self, ReplicaLink};
use super::secrets::is_secret;
use crate::observe::{Fact, Flow, LinkRef, Offset, Passage, Raw, RdbFraming};
use crate::wire::request::{Limits, Parsed, RequestParser};
use std::borrow::Cow;
use std::io::IoSlice;

/// Facts about bytes that may be told in one burst, and in one turn.
const BURST: u32 = 1000;
const PER_TURN: u32 = 64;
/// So many come back in every [`CALM_US`] in which the allowance was enough.
const BACK: u32 = 100;
const CALM_US: u64 = 250_000;
/// Of one write to a socket so many facts are made at most; the last one says how much more there was.
const PIECES: usize = 8;
/// An RDB is told whole up to here, and then once in every [`RDB_EVERY`] bytes.
const RDB_WHOLE: u64 = 32 * 1024;
const RDB_EVERY: u64 = 64 * 1024;

/// The allowance.
#[derive(Debug)]
pub(crate) struct Tap {
    left: u32,
    turn: u32,
    /// When somebody asked in vain, or when the allowance grew last.
    since_us: u64,
}

impl Default for Tap {
    fn default() -> Tap {
        Tap { left: BURST, turn: PER_TURN, since_us: 0 }
    }
}

impl Tap {
    fn may_tell(&mut self, now_us: u64) -> bool {
        if self.left == 0 || self.turn == 0 {
            self.since_us = now_us;
            return false;
        }
        true
    }

    fn told(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.turn = self.turn.saturating_sub(1);
    }

    pub(crate) fn end_turn(&mut self, now_us: u64) {
        self.turn = PER_TURN;
        if self.left < BURST && now_us >= self.since_us + CALM_US {
            self.left = (self.left + BACK).min(BURST);
            self.since_us = now_us;
        }
    }
}

/// Whether RDB bytes from here on, so many of them, are worth telling.
fn samples(from: u64, len: u64) -> bool {
    from < RDB_WHOLE || from / RDB_EVERY != (from + len) / RDB_EVERY
}

impl Engine {
    /// Whether bytes that pass now would be told.
    pub(crate) fn tells_bytes(&mut self) -> bool {
        let now = self.now.mono_us;
        self.facts.tap.may_tell(now)
    }

    /// Tells `len` bytes that passed, of which the first are `raw`, in facts that hold as much of them
    /// as is reasonable.
    pub(crate) fn tell_bytes(
        &mut self,
        link: &LinkRef,
        flow: Flow,
        at: u64,
        part: Passage,
        raw: &[u8],
        len: u64,
    ) {
        let mut done = 0;
        for n in 0..PIECES {
            let rest = &raw[done..];
            if rest.is_empty() || !self.tells_bytes() {
                return;
            }
            // The last fact says how much there was, though it keeps the beginning only.
            let whole =
                n + 1 == PIECES || rest.len() <= Raw::MAX || matches!(part, Passage::Rdb { .. });
            let left = len - done as u64;
            let raw = if whole { Raw::part(rest, left) } else { Raw::of(&rest[..Raw::MAX]) };
            let part = match part {
                Passage::Stream { from } => Passage::Stream { from: Offset(from.0 + done as i64) },
                other => other,
            };
            self.facts.tap.told();
            self.fact(Fact::Passed { link: link.clone(), flow, at: at + done as u64, part, raw });
            if whole {
                return;
            }
            done += Raw::MAX;
        }
    }

    /// A whole message came in on a connection that may be a link; it began at `at`.
    pub(crate) fn message_passed(&mut self, conn: ConnId, at: u64, part: Passage, raw: &[u8]) {
        if raw.is_empty() || !self.tells_bytes() {
            return;
        }
        if let Some(link) = replication::link_of(self, conn) {
            let shown = masked(raw);
            self.tell_bytes(&link, Flow::In, at, part, &shown, raw.len() as u64);
        }
    }

    /// Bytes of the RDB came in, or left: told where that is worth it.
    pub(crate) fn rdb_passed(
        &mut self,
        link: &LinkRef,
        flow: Flow,
        at: u64,
        from: u64,
        raw: &[u8],
    ) {
        if samples(from, raw.len() as u64) {
            let len = raw.len() as u64;
            self.tell_bytes(link, flow, at, Passage::Rdb { from }, raw, len);
        }
    }

    /// A link's socket is about to take `n` bytes of what [`Engine::write_slices`] shows.
    pub(crate) fn tell_written(&mut self, conn: ConnId, n: usize) {
        let Some(link) = replication::link_of(self, conn) else { return };
        let Some(c) = self.clients.get(conn) else { return };
        let mut at = c.out.total;
        let mut left = n;
        let mut told: Vec<(u64, Passage, Vec<u8>, usize)> = Vec::new();
        let head = left.min(c.out.head.len() - c.out.head_done);
        if head > 0 {
            let (from, to) = (c.out.head_done, c.out.head_done + head);
            let shown = match c.kind {
                // The head is looked at as a whole: a password may leave in two pieces.
                Kind::MasterLink => masked(&c.out.head)[from..to].to_vec(),
                Kind::Replica(_) => c.out.head[from..to].to_vec(),
                Kind::Normal => without_answers(&c.out.head[from..to]),
            };
            told.push((at, Passage::Talk, shown, head));
            at += head as u64;
            left -= head;
        }
        if let Kind::Replica(l) = &c.kind {
            let mut from = rdb_sent(l, &c.out);
            let marked = has_mark(l);
            for (i, piece) in c.out.pieces.iter().enumerate() {
                let rest = if i == 0 { &piece[c.out.piece_done..] } else { &piece[..] };
                let rest = &rest[..rest.len().min(left)];
                if rest.is_empty() {
                    break;
                }
                let mark = marked && i + 1 == c.out.pieces.len();
                let part = if mark { Passage::Mark } else { Passage::Rdb { from } };
                if mark || samples(from, rest.len() as u64) {
                    told.push((at, part, rest[..rest.len().min(Raw::MAX)].to_vec(), rest.len()));
                }
                at += rest.len() as u64;
                from += rest.len() as u64;
                left -= rest.len();
            }
            if let Some(cursor) = l.cursor.filter(|_| left > 0) {
                let mut slices = [IoSlice::new(&[]); 8];
                let n = replication::stream_slices(self, conn, &mut slices, left as u64);
                let mut bytes = Vec::new();
                for slice in &slices[..n] {
                    let room = left.min(PIECES * Raw::MAX) - bytes.len();
                    bytes.extend_from_slice(&slice[..slice.len().min(room)]);
                }
                told.push((at, Passage::Stream { from: Offset(cursor) }, bytes, left));
            }
        }
        for (at, part, bytes, len) in told {
            self.tell_bytes(&link, Flow::Out, at, part, &bytes, len as u64);
        }
    }
}

/// Whether the last piece that waits for this replica is the mark that closes its RDB.
fn has_mark(link: &ReplicaLink) -> bool {
    link.rdb_queued && link.framing == Some(RdbFraming::Eof)
}

/// Bytes of the RDB that this replica's socket took.
fn rdb_sent(link: &ReplicaLink, out: &Output) -> u64 {
    (rdb_before(link, out, 0) + out.piece_done as u64).min(link.rdb_given)
}

/// Bytes of the RDB in front of the piece with this place in a replica's queue.
pub(crate) fn rdb_before(link: &ReplicaLink, out: &Output, place: usize) -> u64 {
    let rest: usize = out.pieces.range(place..).map(|p| p.len()).sum();
    let mark = if has_mark(link) { out.pieces.back().map_or(0, |p| p.len()) } else { 0 };
    link.rdb_given.saturating_sub(rest.saturating_sub(mark) as u64)
}

/// Hands the RDB bytes among the next `n` of a replica's output to `each`, without the mark.
pub(crate) fn rdb_in_output(
    link: &ReplicaLink,
    out: &Output,
    n: usize,
    mut each: impl FnMut(&[u8]),
) {
    let mut left = n.saturating_sub(out.head.len() - out.head_done);
    let marked = has_mark(link);
    for (i, piece) in out.pieces.iter().enumerate() {
        if marked && i + 1 == out.pieces.len() {
            return;
        }
        let rest = if i == 0 { &piece[out.piece_done..] } else { &piece[..] };
        let rest = &rest[..rest.len().min(left)];
        left -= rest.len();
        if rest.is_empty() {
            return;
        }
        each(rest);
    }
}

/// The same bytes with stars for every password in them: `raw` is one request after the other, the
/// last perhaps not whole.
fn masked(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Cow::Borrowed(raw);
    let mut at = 0;
    let mut ranges = Vec::new();
    while at < raw.len() {
        let mut parser = RequestParser::default();
        let consumed = match parser.parse(&raw[at..], &Limits::master(), &mut ranges) {
            Ok(Parsed::Request { consumed }) => {
                let words: Vec<&[u8]> = ranges.iter().map(|r| &raw[at..][r.clone()]).collect();
                for (i, range) in ranges.iter().enumerate() {
                    if is_secret(&words, i) {
                        out.to_mut()[at..][range.clone()].fill(b'*');
                    }
                }
                consumed
            }
            Ok(Parsed::Inline { consumed, args }) => {
                let words: Vec<&[u8]> = args.iter().map(|a| &a[..]).collect();
                if (0..words.len()).any(|i| is_secret(&words, i)) {
                    // Which bytes are the secret ones is not known: all but the line end go.
                    let end = at + consumed.saturating_sub(2);
                    out.to_mut()[at..end].fill(b'*');
                }
                consumed
            }
            Ok(Parsed::Empty { consumed }) => consumed,
            Ok(Parsed::Incomplete { .. }) | Err(_) => break,
        };
        if consumed == 0 {
            break;
        }
        at += consumed;
    }
    if at < raw.len() {
        hide_rest(&mut out, at);
    }
    out
}

/// The beginning of a request whose rest is not here: if it could hold a password, nothing is shown.
fn hide_rest(out: &mut Cow<'_, [u8]>, at: usize) {
    let rest = &out[at..];
    let lower = rest[..rest.len().min(64)].to_ascii_lowercase();
    let has = |word: &[u8]| lower.windows(word.len()).any(|w| w == word);
    if has(b"auth") || has(b"hello") || has(b"config") || has(b"migrate") {
        out.to_mut()[at..].fill(b'*');
    }
}

/// What a client that is no replica yet is told: status lines, but no values that it read.
fn without_answers(head: &[u8]) -> Vec<u8> {
    let mut lines = head.split_inclusive(|b| *b == b'\n');
    let plain = |line: &[u8]| matches!(line.first(), Some(b'+' | b'-' | b':' | b'\r' | b'\n'));
    if lines.all(plain) { head.to_vec() } else { vec![b'*'; head.len()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_become_stars_and_nothing_else_does() {
        let auth = b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n";
        let conf = b"*3\r\n$8\r\nREPLCONF\r\n$14\r\nlistening-port\r\n$4\r\n6381\r\n";
        let both = [&auth[..], conf].concat();
        let shown = masked(&both).into_owned();
        assert_eq!(shown.len(), both.len());
        assert!(shown.starts_with(b"*2\r\n$4\r\nAUTH\r\n$6\r\n******\r\n*3\r\n"));
        assert!(shown.ends_with(conf));
        assert_eq!(*masked(conf), conf[..]);
        for len in 0..auth.len() {
            let text = String::from_utf8_lossy(&masked(&auth[..len])).into_owned();
            for part in ["sec", "secret", "ret"] {
                assert!(!text.contains(part), "{len}: {text:?}");
            }
        }
        assert!(!masked(b"AUTH secret\r\n").windows(6).any(|w| w == b"secret"));
        assert_eq!(without_answers(b"+OK\r\n$3\r\nabc\r\n"), [b'*'; 14]);
        assert_eq!(without_answers(b"+OK\r\n-ERR no\r\n"), b"+OK\r\n-ERR no\r\n");
    }

    #[test]
    fn a_steady_load_is_told_nothing_until_it_stops() {
        let mut tap = Tap::default();
        let mut told = 0;
        for us in 0..2_000_000 {
            if tap.may_tell(us) {
                tap.told();
                told += 1;
            }
            tap.end_turn(us);
        }
        assert!(told <= BURST + BACK, "{told} told of two million");
        tap.end_turn(2_000_000 + CALM_US);
        assert!(tap.may_tell(2_000_000 + CALM_US), "calm again");
    }
}
