//! ZPOPMIN, ZPOPMAX, ZMPOP: the members of the least or greatest scores, taken out.

use super::support::SYNTAX;
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::keys_typed::WrongType;
use crate::engine::notify::class;
use crate::engine::types::ZSet;
use crate::wire::reply::ReplyWriter;

const KEYS: &[KeySpec] = &[KeySpec::range("RW access delete", 1, 0, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("zpopmin", -2, zpopmin, Group::SortedSet, "5.0.0")
        .flags(WRITE | FAST)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
    CommandSpec::new("zpopmax", -2, zpopmax, Group::SortedSet, "5.0.0")
        .flags(WRITE | FAST)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
    CommandSpec::new("zmpop", -4, zmpop, Group::SortedSet, "7.0.0")
        .flags(WRITE)
        .acl(acl::SORTEDSET)
        .keys(&[KeySpec::numkeys("RW access delete", 1)]),
];

/// Which end is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Which {
    Min,
    Max,
}

impl Which {
    /// The command that takes from this end: how a pop is propagated, and the event's name.
    pub(in crate::engine) fn command(self) -> &'static str {
        match self {
            Which::Min => "zpopmin",
            Which::Max => "zpopmax",
        }
    }
}

/// How the pairs are laid out in a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Layout {
    /// member, score, member, score
    Flat,
    /// [member, score], [member, score]
    Nested,
    /// key, member, score
    KeyFlat,
    /// key, [[member, score], ...]
    KeyNested,
}

impl Layout {
    fn announce(self, reply: &mut ReplyWriter, key: &[u8], n: usize) {
        match self {
            Layout::Flat => reply.array(2 * n),
            Layout::Nested => reply.array(n),
            Layout::KeyFlat => {
                reply.array(2 * n + 1);
                reply.bulk(key);
            }
            Layout::KeyNested => {
                reply.array(2);
                reply.bulk(key);
                reply.array(n);
            }
        }
    }
}

fn zpopmin(e: &mut Engine, call: &Call<'_>) {
    pop_command(e, call, Which::Min);
}

fn zpopmax(e: &mut Engine, call: &Call<'_>) {
    pop_command(e, call, Which::Max);
}

fn pop_command(e: &mut Engine, call: &Call<'_>, which: Which) {
    if call.args.len() > 3 {
        return e.reply.error(SYNTAX);
    }
    let (mut count, mut layout) = (1, Layout::Flat);
    if call.args.len() == 3 {
        let Some(n) = e.count_arg(call.arg(2)) else { return };
        count = n as usize;
        if e.reply.resp >= 3 {
            layout = Layout::Nested;
        }
    }
    if let Ok(None) = e.pop_zset(call.arg(1), which, count, layout) {
        e.reply.array(0);
    }
}

fn zmpop(e: &mut Engine, call: &Call<'_>) {
    let Some(asked) = read_mpop(e, call, 1) else { return };
    for key in asked.keys {
        match e.pop_zset(key, asked.which, asked.count, Layout::KeyNested) {
            Err(WrongType) => return,
            Ok(None) => {}
            Ok(Some(n)) => return propagate_pop(e, key, asked.which, Some(n)),
        }
    }
    e.reply.null_array();
}

/// What ZMPOP and BZMPOP ask for.
pub(super) struct Asked<'a> {
    pub(super) keys: &'a [&'a [u8]],
    pub(super) which: Which,
    pub(super) count: usize,
}

/// Reads `numkeys key [key ...] MIN|MAX [COUNT n]` from word `at` on; the error was replied if this
/// is not what stands there.
pub(super) fn read_mpop<'a>(e: &mut Engine, call: &Call<'a>, at: usize) -> Option<Asked<'a>> {
    let numkeys =
        e.int_arg_in(call.arg(at), 1, i64::MAX, Some("ERR numkeys should be greater than 0"))?;
    let first = at + 1;
    let end = usize::try_from(numkeys).ok().and_then(|n| n.checked_add(first));
    let Some(end) = end.filter(|end| *end < call.args.len()) else {
        e.reply.error(SYNTAX);
        return None;
    };
    let which = match () {
        () if call.is(end, "min") => Which::Min,
        () if call.is(end, "max") => Which::Max,
        () => {
            e.reply.error(SYNTAX);
            return None;
        }
    };
    let mut count = None;
    let mut at = end + 1;
    while at < call.args.len() {
        if count.is_some() || !call.is(at, "count") || at + 1 >= call.args.len() {
            e.reply.error(SYNTAX);
            return None;
        }
        let n = e.int_arg_in(
            call.arg(at + 1),
            1,
            i64::MAX,
            Some("ERR count should be greater than 0"),
        )?;
        count = Some(n as usize);
        at += 2;
    }
    Some(Asked { keys: &call.args[first..end], which, count: count.unwrap_or(1) })
}

/// Propagates a pop as ZPOPMIN or ZPOPMAX, with the number if one was asked for.
pub(super) fn propagate_pop(e: &mut Engine, key: &[u8], which: Which, count: Option<usize>) {
    let name = which.command().to_ascii_uppercase();
    match count {
        None => e.propagate_as(&[name.as_bytes(), key]),
        Some(n) => e.propagate_as(&[name.as_bytes(), key, n.to_string().as_bytes()]),
    }
}

impl Engine {
    /// Takes up to `count` members from one end of the zset under `key` and replies with them; how
    /// many they were. `None`: there is no such key, and nothing was replied.
    pub(in crate::engine) fn pop_zset(
        &mut self,
        key: &[u8],
        which: Which,
        count: usize,
        layout: Layout,
    ) -> Result<Option<usize>, WrongType> {
        let mut reply = self.lend_reply();
        let found = self.writing::<ZSet, _>(key, |zset| {
            let n = count.min(zset.len());
            layout.announce(&mut reply, key, n);
            for _ in 0..n {
                zset.pop(which == Which::Max, |member, score| {
                    if matches!(layout, Layout::Nested | Layout::KeyNested) {
                        reply.array(2);
                    }
                    reply.bulk(member);
                    reply.double(score);
                });
            }
            (n, zset.is_empty())
        });
        self.take_reply_back(reply);
        let Some((n, empty)) = found? else { return Ok(None) };
        if n > 0 {
            self.notify(class::ZSET, which.command(), self.db, key);
            if empty {
                self.remove_if_empty::<ZSet>(key);
                self.notify(class::GENERIC, "del", self.db, key);
            }
            self.touched(key);
            self.dirty += n as u64 - 1;
        }
        Ok(Some(n))
    }
}
