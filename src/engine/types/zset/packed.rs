//! A small zset: member, score, member, score in a listpack, in order, in Redis's very bytes.

use super::range::LexRange;
use crate::wire::listpack::{Entry, Listpack, Pos};
use crate::wire::num::{fmt_f64_17g, parse_f64};
use std::cmp::Ordering;
use std::ops::Range;

/// Whole scores up to this, either way, are kept as integers.
const WHOLE_MOST: f64 = (i64::MAX / 2) as f64;

/// The score that an entry stands for. Text that is no number (only a crafted payload has such)
/// counts as 0.
pub(super) fn score_of(entry: Entry<'_>) -> f64 {
    match entry {
        Entry::Int(n) => n as f64,
        Entry::Str(text) => parse_f64(text).unwrap_or(0.0),
    }
}

/// The whole number that is kept instead of the score's text. Minus zero becomes zero by that.
fn whole(score: f64) -> Option<i64> {
    let n = score as i64;
    (score.abs() <= WHOLE_MOST && n as f64 == score).then_some(n)
}

/// Where a member stands, and its score.
pub(super) fn find(pack: &Listpack, member: &[u8]) -> Option<(Pos, f64)> {
    let at = pack.find(pack.first()?, member, 1)?;
    Some((at, score_of(pack.entry(pack.next(at)?))))
}

/// How many pairs stand before the member at this place.
pub(super) fn rank(pack: &Listpack, member: &[u8]) -> Option<usize> {
    let mut iter = pack.iter();
    let mut rank = 0;
    loop {
        if iter.next()?.is(member) {
            return Some(rank);
        }
        iter.next()?;
        rank += 1;
    }
}

/// Puts a pair behind the last one.
pub(super) fn push(pack: &mut Listpack, member: &[u8], score: f64) {
    pack.push_back(member);
    match whole(score) {
        Some(n) => pack.push_back_int(n),
        None => pack.push_back(fmt_f64_17g(score).as_bytes()),
    }
}

/// Puts a pair where it belongs; the member is not there.
pub(super) fn insert(pack: &mut Listpack, member: &[u8], score: f64) {
    let mut room = itoa::Buffer::new();
    let mut at = pack.first();
    while let Some(pos) = at {
        let Some(beside) = pack.next(pos) else { break };
        let stands = match score_of(pack.entry(beside)).partial_cmp(&score) {
            Some(Ordering::Equal) | None => pack.entry(pos).text(&mut room).cmp(member),
            Some(order) => order,
        };
        if stands.is_gt() {
            pack.insert_before(pos, member);
            let Some(beside) = pack.next(pos) else { return };
            match whole(score) {
                Some(n) => pack.insert_int_before(beside, n),
                None => pack.insert_before(beside, fmt_f64_17g(score).as_bytes()),
            }
            return;
        }
        at = pack.next(beside);
    }
    push(pack, member, score);
}

/// Takes the pair at `pos` out.
pub(super) fn remove(pack: &mut Listpack, pos: Pos) {
    pack.remove_n(pos, 2);
}

/// All pairs in order.
pub(super) fn pairs(pack: &Listpack) -> impl Iterator<Item = (Entry<'_>, f64)> {
    let mut iter = pack.iter();
    std::iter::from_fn(move || Some((iter.next()?, score_of(iter.next()?))))
}

/// The ranks of the members in a range. If the scores differ the order is not that of the members,
/// and what is found is what a walk from the first (or the last) finds, as in Redis.
pub(super) fn ranks_by_lex(pack: &Listpack, range: &LexRange<'_>, down: bool) -> Range<usize> {
    let mut rooms = (itoa::Buffer::new(), itoa::Buffer::new());
    let (Some((first, _)), Some((last, _))) = (pairs(pack).next(), pairs(pack).last()) else {
        return 0..0;
    };
    let apart = range.is_empty()
        || !range.above_min(last.text(&mut rooms.0))
        || !range.below_max(first.text(&mut rooms.1));
    if apart {
        return 0..0;
    }
    let inside: Vec<(bool, bool)> = pairs(pack)
        .map(|(member, _)| {
            let text = member.text(&mut rooms.0);
            (range.above_min(text), range.below_max(text))
        })
        .collect();
    if down {
        let end = inside.iter().rposition(|(_, below)| *below).map_or(0, |i| i + 1);
        let start = inside[..end].iter().rposition(|(above, _)| !above).map_or(0, |i| i + 1);
        start..end
    } else {
        let start = inside.iter().position(|(above, _)| *above).unwrap_or(inside.len());
        let more = inside[start..].iter().position(|(_, below)| !below);
        start..more.map_or(inside.len(), |i| start + i)
    }
}
