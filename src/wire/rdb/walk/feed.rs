//! The content of a string that is read bit by bit: as it stands in the file, or decompressed on
//! the way. Bounded: decompression looks back 8 KiB, and no further is remembered.

use super::item::{Clip, Item, What};
use super::tape::{Recorded, Tape, Walked};
use super::{WalkError, Why};
use crate::wire::lzf::{Expander, Op};

const PACKED: &str = "bytes of a compressed string";
const SOUND: &str = "a well-formed compressed string";

pub(super) struct Feed<'t> {
    tape: &'t Tape,
    /// Bytes read, and bytes in all.
    pos: u64,
    len: u64,
    source: Source,
    recorded: Recorded,
}

enum Source {
    Plain,
    Lzf { packed: u64, left: u64, expander: Expander, ready: usize },
}

impl<'t> Feed<'t> {
    pub fn plain(tape: &'t Tape, len: u64) -> Feed<'t> {
        Feed { tape, pos: 0, len, source: Source::Plain, recorded: Recorded::default() }
    }

    /// `packed` bytes in the file that become `len`.
    pub fn unpacking(tape: &'t Tape, packed: u64, len: u64) -> Feed<'t> {
        let expander = Expander::default();
        let source = Source::Lzf { packed, left: packed, expander, ready: 0 };
        Feed { tape, pos: 0, len, source, recorded: Recorded::default() }
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn left(&self) -> u64 {
        self.len - self.pos
    }

    /// How many bytes the content takes in the file, if it is compressed there.
    pub fn packed(&self) -> Option<u64> {
        match self.source {
            Source::Plain => None,
            Source::Lzf { packed, .. } => Some(packed),
        }
    }

    /// What stands here contradicts what was expected.
    pub fn corrupt(&self, expected: &'static str) -> WalkError {
        WalkError { at: self.tape.at(), why: Why::Corrupt { expected } }
    }

    /// Some of the next `max` bytes, at least one. Neither `max` nor what is left is 0.
    async fn some(&mut self, max: u64, mut each: impl FnMut(&[u8])) -> Walked<u64> {
        let recorded = &mut self.recorded;
        let n = match &mut self.source {
            Source::Plain => {
                let keep = |bytes: &[u8]| {
                    recorded.raw.add(bytes, Clip::RAW);
                    each(bytes);
                };
                self.tape.some(max, "the rest of a string", keep).await?
            }
            Source::Lzf { left, expander, ready, .. } => {
                if *ready == 0 {
                    *ready = unpack(self.tape, left, expander).await?;
                }
                let n = (*ready).min(usize::try_from(max).unwrap_or(usize::MAX));
                let bytes = expander.newest(*ready, n);
                recorded.raw.add(bytes, Clip::RAW);
                each(bytes);
                *ready -= n;
                n as u64
            }
        };
        self.pos += n;
        Ok(n)
    }

    /// The next `bytes.len()` bytes.
    pub async fn fill(&mut self, bytes: &mut [u8], expected: &'static str) -> Walked<()> {
        if self.left() < bytes.len() as u64 {
            return Err(self.corrupt(expected));
        }
        let mut done = 0;
        while done < bytes.len() {
            let left = (bytes.len() - done) as u64;
            self.some(left, |more| {
                bytes[done..done + more.len()].copy_from_slice(more);
                done += more.len();
            })
            .await?;
        }
        Ok(())
    }

    pub async fn array<const N: usize>(&mut self, expected: &'static str) -> Walked<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, expected).await?;
        Ok(bytes)
    }

    /// The next `len` bytes: their beginning.
    pub async fn text(&mut self, len: u64, expected: &'static str) -> Walked<Clip> {
        if self.left() < len {
            return Err(self.corrupt(expected));
        }
        let mut text = Clip::default();
        while text.len < len {
            let left = len - text.len;
            self.some(left, |bytes| text.add(bytes, Clip::TEXT)).await?;
        }
        Ok(text)
    }

    /// All was read: nothing may be left.
    pub async fn finish(&mut self) -> Walked<()> {
        let spare = match &self.source {
            Source::Plain => 0,
            Source::Lzf { left, ready, .. } => left + *ready as u64,
        };
        if self.left() > 0 || spare > 0 {
            return Err(self.corrupt("the end of a container"));
        }
        Ok(())
    }

    /// An entry begins here.
    pub fn begin(&mut self) {
        let at = match self.source {
            Source::Plain => self.tape.at(),
            Source::Lzf { .. } => self.pos,
        };
        self.recorded.begin(at);
    }

    /// Tells what the bytes since [`Feed::begin`] mean.
    pub async fn entry_is(&self, depth: u8, what: What) {
        let unpacked = matches!(self.source, Source::Lzf { .. });
        let (at, raw) = (self.recorded.at, self.recorded.raw.clone());
        self.tape.emit(Item { at, len: raw.len, raw, depth, unpacked, what }).await;
    }
}

/// One step of decompression; how many bytes it brought.
async fn unpack(tape: &Tape, left: &mut u64, expander: &mut Expander) -> Walked<usize> {
    let at = tape.at();
    let corrupt = || WalkError { at, why: Why::Corrupt { expected: SOUND } };
    let mut take = |n: u64| {
        *left = left.checked_sub(n).ok_or_else(corrupt)?;
        Ok(())
    };
    take(1)?;
    let control = tape.byte(PACKED).await?;
    match Op::of(control) {
        Op::Literals(n) => {
            take(n as u64)?;
            let mut done = 0;
            while done < n {
                let more = (n - done) as u64;
                done += tape.some(more, PACKED, |bytes| expander.literals(bytes)).await? as usize;
            }
            Ok(n)
        }
        Op::Copy { mut len, mut distance, longer } => {
            if longer {
                take(1)?;
                len += usize::from(tape.byte(PACKED).await?);
            }
            take(1)?;
            distance += usize::from(tape.byte(PACKED).await?);
            expander.copy(distance, len).map_err(|_| corrupt())?;
            Ok(len)
        }
    }
}
