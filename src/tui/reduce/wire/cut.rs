//! Cutting one direction of a connection into messages. The bytes come in pieces that end anywhere.

use super::super::row::Dir;
use super::{Bytes, What};
use crate::observe::{Now, Offset, Passage, Preview, Raw};
use crate::wire::request::{Limits, Parsed, RequestParser};
use std::sync::Arc;

/// The beginning of a message that waits for its end; longer ones are shown as they are.
const WAITS: usize = 16 * 1024;

/// One direction.
#[derive(Clone, Debug, Default)]
pub struct Cutter {
    /// Bytes of a message that is not whole, and where it begins.
    tail: Vec<u8>,
    pos: u64,
    offset: Option<Offset>,
}

impl Cutter {
    /// Where the next bytes should begin.
    pub fn next_pos(&self) -> u64 {
        self.pos + self.tail.len() as u64
    }

    /// The rest of a half-read message will not come.
    pub fn cut_off(&mut self, now: Now, dir: Dir, out: &mut Vec<Bytes>) {
        let tail = std::mem::take(&mut self.tail);
        if !tail.is_empty() {
            let what = What::Request { words: beginning(&tail), whole: false };
            self.put(now, dir, &tail, tail.len() as u64, what, out);
        }
    }

    /// The next bytes; they begin at `pos`.
    pub fn feed(
        &mut self,
        now: Now,
        dir: Dir,
        pos: u64,
        part: Passage,
        raw: &Raw,
        out: &mut Vec<Bytes>,
    ) {
        let offset = match part {
            Passage::Stream { from } => Some(from),
            _ => None,
        };
        if self.offset.is_some() != offset.is_some() {
            self.cut_off(now, dir, out);
        }
        if self.tail.is_empty() {
            self.pos = pos;
            self.offset = offset;
        }
        match part {
            Passage::Rdb { from } => {
                let what = What::Rdb { from, to: from + raw.len(), pieces: 1 };
                self.put(now, dir, raw.bytes(), raw.len(), what, out);
            }
            Passage::Mark => self.put(now, dir, raw.bytes(), raw.len(), What::Mark, out),
            Passage::Talk | Passage::Stream { .. } => {
                self.tail.extend_from_slice(raw.bytes());
                self.cut(now, dir, out);
                if raw.is_cut() || self.tail.len() > WAITS {
                    let unseen = raw.len() - raw.bytes().len() as u64;
                    let tail = std::mem::take(&mut self.tail);
                    let what = match tail.is_empty() {
                        true => What::Gap(unseen),
                        false => What::Request { words: beginning(&tail), whole: false },
                    };
                    self.put(now, dir, &tail, tail.len() as u64 + unseen, what, out);
                }
            }
        }
    }

    /// Cuts whole messages off the front.
    fn cut(&mut self, now: Now, dir: Dir, out: &mut Vec<Bytes>) {
        let bytes = std::mem::take(&mut self.tail);
        let mut at = 0;
        while at < bytes.len() {
            let Some((n, what)) = first(&bytes[at..]) else { break };
            self.put(now, dir, &bytes[at..at + n], n as u64, what, out);
            at += n;
        }
        self.tail = bytes[at..].to_vec();
    }

    fn put(&mut self, at: Now, dir: Dir, raw: &[u8], len: u64, what: What, out: &mut Vec<Bytes>) {
        let raw: Arc<[u8]> = raw[..raw.len().min(Raw::MAX)].into();
        out.push(Bytes { at, dir, pos: self.pos, offset: self.offset, len, raw, what });
        self.pos += len;
        self.offset = self.offset.map(|o| Offset(o.0 + len as i64));
    }
}

/// The message at the front of `bytes`, if it is whole.
fn first(bytes: &[u8]) -> Option<(usize, What)> {
    match bytes {
        [b'\n', ..] => Some((1, What::Newlines(1))),
        [b'\r', b'\n', ..] => Some((2, What::Newlines(1))),
        [b'*', ..] => {
            let mut argv = Vec::new();
            match RequestParser::default().parse(bytes, &Limits::master(), &mut argv) {
                Ok(Parsed::Request { consumed }) => {
                    let words = argv.iter().map(|r| Preview::of(&bytes[r.clone()])).collect();
                    Some((consumed, What::Request { words, whole: true }))
                }
                Ok(Parsed::Empty { consumed }) if consumed > 0 => {
                    Some((consumed, What::Newlines(1)))
                }
                Ok(_) => None,
                // No request at all: shown as a line, so that what follows can be read.
                Err(_) => line(bytes),
            }
        }
        _ => line(bytes),
    }
}

fn line(bytes: &[u8]) -> Option<(usize, What)> {
    let end = bytes.iter().position(|b| *b == b'\n')?;
    let text = &bytes[..end];
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    Some((end + 1, What::Line(Preview::of(text))))
}

/// The words of a request as far as it goes.
fn beginning(bytes: &[u8]) -> Vec<Preview> {
    let mut words = Vec::new();
    let mut rest = bytes;
    // `*3` and then `$3`, word, `$4`, word …: the last word may be cut.
    while let Some(end) = rest.iter().position(|b| *b == b'\n') {
        let head = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = &rest[end + 1..];
        let Some(len) = head.strip_prefix(b"$") else { continue };
        let Some(len) = std::str::from_utf8(len).ok().and_then(|n| n.parse::<usize>().ok()) else {
            break;
        };
        words.push(Preview::part(&rest[..len.min(rest.len())], len as u64));
        rest = rest.get(len.saturating_add(2)..).unwrap_or_default();
    }
    words
}
