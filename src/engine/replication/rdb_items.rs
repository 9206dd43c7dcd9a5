//! The records of an RDB as it passes on a link, told one by one.
//!
//! The first ones of a transfer only: behind them the bytes are counted, and of those the last few kept,
//! because the end mark and the checksum are worth seeing whatever the length.

use crate::observe::{Fact, LinkRef, Raw, RdbSum, RdbWhat, rdb_raw};
use crate::wire::rdb::walk::{Grain, Walker};

/// Records told of a transfer.
const TOLD: u32 = 1000;
/// End mark and checksum.
const TAIL: usize = 9;

/// One transfer's records.
#[derive(Debug)]
pub(super) struct RdbItems {
    walker: Option<Walker>,
    told: u32,
    /// Bytes so far, and where nobody looked any further.
    got: u64,
    stopped_at: Option<u64>,
    /// The last bytes.
    tail: [u8; TAIL],
}

impl Default for RdbItems {
    fn default() -> RdbItems {
        RdbItems {
            walker: Some(Walker::new(Grain::Records)),
            told: 0,
            got: 0,
            stopped_at: None,
            tail: [0; TAIL],
        }
    }
}

impl RdbItems {
    /// The next bytes of the RDB; what there is to tell goes to `tell`.
    pub fn push(&mut self, link: &LinkRef, bytes: &[u8], mut tell: impl FnMut(Fact)) {
        self.got += bytes.len() as u64;
        match bytes.last_chunk::<TAIL>() {
            Some(last) => self.tail = *last,
            None => {
                self.tail.rotate_left(bytes.len());
                self.tail[TAIL - bytes.len()..].copy_from_slice(bytes);
            }
        }
        // Small steps, so that little is copied for nothing when enough is told.
        for piece in bytes.chunks(4096) {
            let Some(walker) = &mut self.walker else { return };
            walker.push(piece);
            loop {
                match walker.next() {
                    Ok(Some(item)) => {
                        let Some(what) = RdbWhat::of(&item.what) else { continue };
                        let raw = rdb_raw(&item);
                        tell(Fact::RdbItem { link: link.clone(), at: item.at, raw, what });
                        self.told += 1;
                        if self.told >= TOLD {
                            self.stopped_at = Some(item.at + item.len);
                            self.walker = None;
                            return;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        let what = RdbWhat::broken(&error);
                        let raw = Raw::default();
                        tell(Fact::RdbItem { link: link.clone(), at: error.at, raw, what });
                        self.walker = None;
                        return;
                    }
                }
            }
        }
    }

    /// The RDB is whole: its end is told even if nobody looked at its middle.
    pub fn end(&mut self, link: &LinkRef, mut tell: impl FnMut(Fact)) {
        let Some(from) = self.stopped_at.take() else { return };
        let Some(end) = self.got.checked_sub(TAIL as u64).filter(|end| *end >= from) else {
            return;
        };
        let mut item = |at, bytes: &[u8], what| {
            let raw = Raw::of(bytes);
            tell(Fact::RdbItem { link: link.clone(), at, raw, what });
        };
        item(from, &[], RdbWhat::Untold { bytes: end - from });
        let (mark, sum) = self.tail.split_at(1);
        if mark == [0xff] {
            item(end, mark, RdbWhat::Eof);
            let number = u64::from_le_bytes(sum.try_into().unwrap_or_default());
            let verdict = if number == 0 { RdbSum::Absent } else { RdbSum::Unchecked };
            item(end + 1, sum, RdbWhat::Checksum { sum: number, verdict });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Addr, Side};
    use crate::wire::rdb::{Options, Writer};

    fn told(keys: u32, step: usize) -> Vec<Fact> {
        let mut w = Writer::new(Options::default());
        w.header();
        w.select_db(0);
        for n in 0..keys {
            w.string_key(format!("k{n}").as_bytes(), b"v", None);
        }
        w.eof();
        let link = LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 6380) };
        let (mut items, mut facts) = (RdbItems::default(), Vec::new());
        for piece in w.take().chunks(step) {
            items.push(&link, piece, |fact| facts.push(fact));
        }
        items.end(&link, |fact| facts.push(fact));
        facts
    }

    #[test]
    fn a_short_file_is_told_whole_and_a_long_one_by_its_ends() {
        let facts = told(3, 5);
        assert_eq!(facts.len(), 7, "header, database, three keys, end, checksum");
        let last = |facts: &[Fact]| match facts.last() {
            Some(Fact::RdbItem { at, raw, what: RdbWhat::Checksum { verdict, .. }, .. }) => {
                (*at, raw.len(), *verdict)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(last(&facts).2, RdbSum::Right);
        for step in [7, 100_000] {
            let facts = told(5000, step);
            assert_eq!(facts.len(), TOLD as usize + 3);
            assert_eq!(last(&facts).2, RdbSum::Unchecked);
            let mut at = 0;
            for fact in &facts {
                let Fact::RdbItem { at: here, raw, what, .. } = fact else { panic!("{fact:?}") };
                assert_eq!(*here, at, "end to end");
                at += match what {
                    RdbWhat::Untold { bytes } => *bytes,
                    _ => raw.len(),
                };
            }
        }
    }
}
