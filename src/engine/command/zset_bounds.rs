//! What the zset commands share: ranges of ranks, pairs as replies, the standing errors.

use crate::engine::Engine;
use crate::engine::keys_typed::{WRONG_TYPE, WrongType};
use crate::engine::keyspace::Value;
use crate::engine::types::ZSet;
use crate::wire::listpack::Entry;
use crate::wire::reply::ReplyWriter;
use std::ops::Range;
use std::sync::Arc;

pub(super) const NO_SCORE_RANGE: &str = "ERR min or max is not a float";
pub(super) const NO_LEX_RANGE: &str = "ERR min or max not valid string range item";

/// The ranks from `start` to `end`, both counted from the end if they are negative.
pub(super) fn ranks(start: i64, end: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let start = if start < 0 { len.saturating_add(start).max(0) } else { start };
    let end = if end < 0 { len.saturating_add(end) } else { end.min(len - 1) };
    if start > end || start >= len {
        return 0..0;
    }
    start as usize..end as usize + 1
}

/// Writes a member.
pub(super) fn member(reply: &mut ReplyWriter, member: Entry<'_>) {
    match member {
        Entry::Int(n) => reply.bulk_int(n),
        Entry::Str(bytes) => reply.bulk(bytes),
    }
}

/// Announces so many members. With scores RESP3 nests each pair, RESP2 puts all in a row.
pub(super) fn announce(reply: &mut ReplyWriter, n: usize, scores: bool) {
    reply.array(if scores && reply.resp < 3 { n.saturating_mul(2) } else { n });
}

/// Writes one member as it was announced.
pub(super) fn pair(reply: &mut ReplyWriter, name: Entry<'_>, score: f64, scores: bool) {
    if scores && reply.resp >= 3 {
        reply.array(2);
    }
    member(reply, name);
    if scores {
        reply.double(score);
    }
}

impl Engine {
    /// The zset under `key` for a command that reads it; `None`: there is none. The clone costs a
    /// reference count.
    pub(super) fn read_zset(&mut self, key: &[u8]) -> Result<Option<Arc<ZSet>>, WrongType> {
        match self.lookup_read(key) {
            None => Ok(None),
            Some(Value::ZSet(zset)) => Ok(Some(zset)),
            Some(_) => {
                self.reply.error(WRONG_TYPE);
                Err(WrongType)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ranks;

    #[test]
    fn ranks_count_from_either_end() {
        for (start, end, want) in [
            (0, -1, 0..5),
            (1, 2, 1..3),
            (-2, -1, 3..5),
            (-9, 9, 0..5),
            (3, 1, 0..0),
            (5, 9, 0..0),
            (0, -6, 0..0),
            (i64::MIN, i64::MAX, 0..5),
            (0, i64::MIN, 0..0),
        ] {
            assert_eq!(ranks(start, end, 5), want, "{start} {end}");
        }
        assert_eq!(ranks(0, -1, 0), 0..0);
    }
}
