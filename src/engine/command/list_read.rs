//! Lists looked at: LLEN, LINDEX, LRANGE, LPOS.

use super::args::NOT_AN_INTEGER;
use super::support::SYNTAX;
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, READONLY};
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, acl};
use crate::engine::types::List;
use crate::wire::listpack::{Entry, Needle};
use crate::wire::num::parse_i64;
use crate::wire::reply::ReplyWriter;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("llen", 2, llen, Group::List, "1.0.0")
        .flags(READONLY | FAST)
        .acl(acl::LIST)
        .keys(&[KeySpec::range("RO", 1, 0, 1)]),
    spec("lindex", 3, lindex, "1.0.0"),
    spec("lrange", 4, lrange, "1.0.0"),
    spec("lpos", -3, lpos, "6.0.6"),
];

const READ: &[KeySpec] = &[KeySpec::range("RO access", 1, 0, 1)];

const fn spec(
    name: &'static str,
    arity: i32,
    handler: Handler,
    since: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, arity, handler, Group::List, since)
        .flags(READONLY)
        .acl(acl::LIST)
        .keys(READ)
}

/// Writes an element as a reply.
#[inline]
pub(super) fn element(reply: &mut ReplyWriter, entry: Entry<'_>) {
    match entry {
        Entry::Int(n) => reply.bulk_int(n),
        Entry::Str(text) => reply.bulk(text),
    }
}

/// The position from the head that `index` stands for (negative: from the tail), if there is one.
pub(super) fn position(index: i64, len: usize) -> Option<usize> {
    let at = if index < 0 { index + len as i64 } else { index };
    usize::try_from(at).ok().filter(|at| *at < len)
}

/// The first position and the number of elements of `start..=end`, either of them negative from the
/// tail, as far as the list goes; `None` if that is nothing.
pub(super) fn span(start: i64, end: i64, len: usize) -> Option<(usize, usize)> {
    let len = len as i64;
    let from_tail = |n: i64| if n < 0 { n + len } else { n };
    let (start, end) = (from_tail(start).max(0), from_tail(end));
    if start > end || start >= len {
        return None;
    }
    Some((start as usize, (end.min(len - 1) - start + 1) as usize))
}

fn llen(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<List, _>(call.arg(1), |list, reply| {
        reply.int(list.map_or(0, List::len) as i64);
    });
}

fn lindex(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<List, _>(call.arg(1), |list, reply| {
        let Some(list) = list else { return reply.null() };
        let Some(index) = parse_i64(call.arg(2)) else { return reply.error(NOT_AN_INTEGER) };
        match position(index, list.len()).and_then(|at| list.get(at)) {
            Some(entry) => element(reply, entry),
            None => reply.null(),
        }
    });
}

fn lrange(e: &mut Engine, call: &Call<'_>) {
    let Some(start) = e.int_arg(call.arg(2)) else { return };
    let Some(end) = e.int_arg(call.arg(3)) else { return };
    let _ = e.reading::<List, _>(call.arg(1), |list, reply| {
        let Some((list, (start, n))) =
            list.and_then(|list| Some((list, span(start, end, list.len())?)))
        else {
            return reply.array(0);
        };
        reply.array(n);
        for entry in list.iter_from(start).take(n) {
            element(reply, entry);
        }
    });
}

/// LPOS's options.
struct Search {
    rank: i64,
    /// How many matches are wanted, 0 for all; without it the reply is no array.
    count: Option<i64>,
    /// Elements that are looked at, at most; 0 for all.
    max_len: i64,
}

fn lpos(e: &mut Engine, call: &Call<'_>) {
    let Some(Search { rank, count, max_len }) = lpos_options(e, call) else { return };
    let backward = rank < 0;
    // Like Redis, whose negation of the smallest number leaves it as it is.
    let rank = if backward { rank.wrapping_neg() } else { rank };
    let needle = Needle::new(call.arg(2));
    let _ = e.reading::<List, _>(call.arg(1), |list, reply| {
        let mut found: Vec<usize> = Vec::new();
        if let Some(list) = list {
            let len = list.len();
            let look = if max_len == 0 { len } else { len.min(max_len as usize) };
            let entries = if backward {
                list.iter_back_from(len.saturating_sub(1))
            } else {
                list.iter_from(0)
            };
            let mut matches = 0i64;
            for (i, _) in entries.take(look).enumerate().filter(|(_, x)| x.matches(&needle)) {
                matches += 1;
                if matches < rank {
                    continue;
                }
                found.push(if backward { len - 1 - i } else { i });
                let so_far = matches.wrapping_sub(rank).wrapping_add(1);
                if count.is_none_or(|count| count != 0 && so_far >= count) {
                    break;
                }
            }
        }
        if count.is_some() {
            reply.array(found.len());
            found.iter().for_each(|at| reply.int(*at as i64));
        } else {
            match found.first() {
                Some(at) => reply.int(*at as i64),
                None => reply.null(),
            }
        }
    });
}

fn lpos_options(e: &mut Engine, call: &Call<'_>) -> Option<Search> {
    let mut search = Search { rank: 1, count: None, max_len: 0 };
    let mut at = 3;
    while at < call.args.len() {
        let more = at + 1 < call.args.len();
        let value = call.arg(at + 1);
        if call.is(at, "RANK") && more {
            search.rank = e.int_arg(value)?;
            if search.rank == 0 {
                e.reply.error(
                    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the \
                     second ... or use negative to start from the end of the list",
                );
                return None;
            }
        } else if call.is(at, "COUNT") && more {
            search.count = Some(e.positive_arg(value, "ERR COUNT can't be negative")?);
        } else if call.is(at, "MAXLEN") && more {
            search.max_len = e.positive_arg(value, "ERR MAXLEN can't be negative")?;
        } else {
            e.reply.error(SYNTAX);
            return None;
        }
        at += 2;
    }
    Some(search)
}
