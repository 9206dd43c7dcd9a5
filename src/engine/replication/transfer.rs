//! Cutting the RDB out of the bytes that follow +FULLRESYNC.
//!
//! In: bytes, split anywhere. Out: the preamble, runs of RDB bytes, the end. Bytes after the end
//! are left alone: they are the command stream. It knows nothing of what an RDB contains.

use super::lines::{MAX_LINE, first_line, shown};
use crate::observe::RdbFraming;

const MARK: usize = 40;

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A newline that keeps the link alive.
    Newline,
    Begin(RdbFraming),
    Data(&'a [u8]),
    /// The last byte of the RDB (and the closing mark) was read.
    End,
    /// The master gave up: its error line, without the dash.
    Refused(String),
    /// Something behind an RDB of no bytes: to Redis that is a link that ended too early.
    NotEmpty,
    /// Not a preamble at all.
    Garbage(String),
}

/// What the reader would meet next, with its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    Newline(usize),
    Preamble(RdbFraming, usize),
    Piece(usize),
    /// What closes the transfer is in it.
    Last(usize),
    /// It ends the transfer badly.
    Wrong(usize),
}

#[derive(Debug)]
enum State {
    Preamble,
    Length {
        left: u64,
    },
    /// The last bytes are kept back as long as they may be the mark.
    Marked {
        mark: [u8; MARK],
        kept: Vec<u8>,
    },
    Done,
}

/// One transfer, from its preamble to its end.
#[derive(Debug)]
pub struct Transfer {
    state: State,
}

impl Default for Transfer {
    fn default() -> Transfer {
        Transfer { state: State::Preamble }
    }
}

impl Transfer {
    /// Reads on. Calls `each` for every part and returns how many bytes were taken: all but an
    /// incomplete preamble, and nothing after the end, a refusal or garbage.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(Part<'_>)) -> usize {
        let mut at = 0;
        loop {
            match &mut self.state {
                State::Preamble => {
                    let Some((line, n)) = first_line(&bytes[at..]) else {
                        if bytes.len() - at > MAX_LINE {
                            each(Part::Garbage(shown(&bytes[at..])));
                            self.state = State::Done;
                        }
                        return at;
                    };
                    at += n;
                    match preamble(line) {
                        Ok(None) => each(Part::Newline),
                        Ok(Some((framing, state))) => {
                            each(Part::Begin(framing));
                            self.state = state;
                        }
                        Err(part) => {
                            each(part);
                            self.state = State::Done;
                        }
                    }
                }
                State::Length { left: 0 } => {
                    if at < bytes.len() {
                        each(Part::NotEmpty);
                        self.state = State::Done;
                    }
                    return at;
                }
                State::Length { left } => {
                    let n = (*left).min((bytes.len() - at) as u64) as usize;
                    if n > 0 {
                        each(Part::Data(&bytes[at..at + n]));
                        at += n;
                        *left -= n as u64;
                    }
                    if *left > 0 {
                        return at;
                    }
                    each(Part::End);
                    self.state = State::Done;
                }
                State::Marked { mark, kept } => {
                    let fresh = &bytes[at..];
                    at = bytes.len();
                    // The newest 40 bytes stay back; whatever is older is certainly RDB.
                    let older = (kept.len() + fresh.len()).saturating_sub(MARK);
                    let from_kept = older.min(kept.len());
                    if from_kept > 0 {
                        each(Part::Data(&kept[..from_kept]));
                        kept.drain(..from_kept);
                    }
                    if older > from_kept {
                        each(Part::Data(&fresh[..older - from_kept]));
                    }
                    kept.extend_from_slice(&fresh[older - from_kept..]);
                    // Only the very last bytes are compared: a master sends nothing behind the mark
                    // until it was acknowledged.
                    if kept.as_slice() == mark {
                        each(Part::End);
                        self.state = State::Done;
                    }
                    return at;
                }
                State::Done => return at,
            }
        }
    }

    /// What lies in front of [`push`](Transfer::push), so that it can be taken part by part; `None`
    /// if that cannot be told yet.
    pub fn ahead(&self, bytes: &[u8]) -> Option<Ahead> {
        let len = bytes.len();
        match &self.state {
            State::Preamble => match first_line(bytes) {
                None => (len > MAX_LINE).then_some(Ahead::Wrong(len)),
                Some((line, n)) => Some(match preamble(line) {
                    Ok(None) => Ahead::Newline(n),
                    Ok(Some((framing, _))) => Ahead::Preamble(framing, n),
                    Err(_) => Ahead::Wrong(n),
                }),
            },
            State::Done => None,
            _ if len == 0 => None,
            State::Length { left: 0 } => Some(Ahead::Wrong(len)),
            State::Length { left } if len as u64 >= *left => Some(Ahead::Last(*left as usize)),
            State::Length { .. } => Some(Ahead::Piece(len)),
            State::Marked { mark, kept } => {
                let fresh = &bytes[len.saturating_sub(MARK)..];
                let old = kept.len().saturating_sub(MARK - fresh.len());
                let ends = [&kept[old..], fresh].concat() == mark;
                Some(if ends { Ahead::Last(len) } else { Ahead::Piece(len) })
            }
        }
    }

    /// Whether the end (or a failure) was reached.
    #[cfg(test)]
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Whether the preamble was read.
    pub fn has_begun(&self) -> bool {
        !matches!(self.state, State::Preamble)
    }
}

/// How the RDB is framed that this line announces, if it is a preamble.
pub fn framing(line: &[u8]) -> Option<RdbFraming> {
    preamble(line).ok().flatten().map(|(framing, _)| framing)
}

fn preamble(line: &[u8]) -> Result<Option<(RdbFraming, State)>, Part<'static>> {
    let Some((first, rest)) = line.split_first() else { return Ok(None) };
    match first {
        b'-' => return Err(Part::Refused(shown(rest))),
        b'$' => {}
        _ => return Err(Part::Garbage(shown(line))),
    }
    if let Some(mark) = rest.strip_prefix(b"EOF:").and_then(|m| m.first_chunk::<MARK>()) {
        let state = State::Marked { mark: *mark, kept: Vec::with_capacity(2 * MARK) };
        return Ok(Some((RdbFraming::Eof, state)));
    }
    if rest.first() == Some(&b'-') {
        return Err(Part::Garbage(shown(line)));
    }
    // Digits as far as they go, as strtol takes them; none are 0.
    let end = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
    let left = std::str::from_utf8(&rest[..end]).ok().and_then(|t| t.parse().ok()).unwrap_or(0);
    Ok(Some((RdbFraming::Length(left), State::Length { left })))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` in runs of `step`; gives the RDB, the other parts, and what was left over.
    fn run(bytes: &[u8], step: usize) -> (Vec<u8>, Vec<String>, usize) {
        let mut t = Transfer::default();
        let (mut rdb, mut parts, mut pending, mut fed) = (Vec::new(), Vec::new(), Vec::new(), 0);
        while fed < bytes.len() && !t.is_done() {
            let n = step.min(bytes.len() - fed);
            pending.extend_from_slice(&bytes[fed..fed + n]);
            fed += n;
            let took = t.push(&pending, |part| match part {
                Part::Data(d) => rdb.extend_from_slice(d),
                other => parts.push(format!("{other:?}")),
            });
            pending.drain(..took);
        }
        (rdb, parts, pending.len() + bytes.len() - fed)
    }

    /// Feeds `bytes` in runs of `step`, taking what is told to be ahead and no more; gives the bytes
    /// of the RDB, and whether the last of them were told to be the last.
    fn ahead(bytes: &[u8], step: usize) -> (usize, bool) {
        let mut t = Transfer::default();
        let (mut got, mut last, mut pending, mut fed) = (0, false, Vec::new(), 0);
        while fed < bytes.len() && !t.is_done() {
            let n = step.min(bytes.len() - fed);
            pending.extend_from_slice(&bytes[fed..fed + n]);
            fed += n;
            while let Some(next) = t.ahead(&pending) {
                assert!(!last, "something is behind the last bytes");
                let n = match next {
                    Ahead::Newline(n) | Ahead::Preamble(_, n) | Ahead::Piece(n) => n,
                    Ahead::Wrong(n) => panic!("wrong: {n}"),
                    Ahead::Last(n) => {
                        last = true;
                        n
                    }
                };
                let mut ended = false;
                let took = t.push(&pending[..n], |part| match part {
                    Part::Data(d) => got += d.len(),
                    Part::End => ended = true,
                    _ => {}
                });
                assert_eq!((took, ended), (n, last));
                pending.drain(..took);
            }
        }
        (got, last)
    }

    #[test]
    fn both_framings_survive_any_split() {
        let body = b"REDIS0010 not really, but long enough to hold a mark of forty bytes";
        let mark = b"0123456789abcdef0123456789abcdef01234567";
        let plain = [b"\n\n$67\r\n".as_slice(), body, b"*1\r\n"].concat();
        let marked = [b"\n$EOF:".as_slice(), mark, b"\r\n", body, mark].concat();
        for step in 1..plain.len() + 1 {
            for bytes in [&plain, &marked] {
                assert_eq!(ahead(bytes, step), (body.len(), true), "step {step}");
            }
            let (rdb, parts, left) = run(&plain, step);
            assert_eq!((rdb.as_slice(), left), (&body[..], 4), "step {step}");
            assert_eq!(parts, ["Newline", "Newline", "Begin(Length(67))", "End"]);
            let (rdb, parts, left) = run(&marked, step);
            assert_eq!((rdb.as_slice(), left), (&body[..], 0), "step {step}");
            assert_eq!(parts, ["Newline", "Begin(Eof)", "End"]);
        }
    }

    #[test]
    fn an_rdb_of_no_bytes_never_ends() {
        assert_eq!(run(b"$0\r\n", 100).1, ["Begin(Length(0))"]);
        assert_eq!(run(b"$0\r\n*1", 100).1, ["Begin(Length(0))", "NotEmpty"]);
        assert_eq!(run(b"$12x\r\n", 3).1, ["Begin(Length(12))"], "digits as far as they go");
    }

    #[test]
    fn anything_else_ends_the_transfer() {
        assert_eq!(run(b"-ERR no\r\n", 3).1, ["Refused(\"ERR no\")"]);
        assert_eq!(run(b"+OK\r\n", 3).1, ["Garbage(\"+OK\")"]);
        assert_eq!(run(b"$-1\r\n", 3).1, ["Garbage(\"$-1\")"]);
        assert_eq!(run(&[b'a'; 2000], 100).1.len(), 1);
    }
}
