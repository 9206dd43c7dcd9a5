//! BZPOPMIN, BZPOPMAX, BZMPOP: a pop that waits until there is something to take.

use super::zset_pop::{Layout, Which, propagate_pop, read_mpop};
use crate::engine::Engine;
use crate::engine::blocked_keys::{Served, WaitKind, Waiter};
use crate::engine::call::flags::{BLOCKING, FAST, NOSCRIPT, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::conn::ConnId;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("bzpopmin", -3, bzpopmin, Group::SortedSet, "5.0.0")
        .flags(WRITE | NOSCRIPT | FAST | BLOCKING)
        .acl(acl::SORTEDSET)
        .keys(&[KeySpec::range("RW access delete", 1, -2, 1)]),
    CommandSpec::new("bzpopmax", -3, bzpopmax, Group::SortedSet, "5.0.0")
        .flags(WRITE | NOSCRIPT | FAST | BLOCKING)
        .acl(acl::SORTEDSET)
        .keys(&[KeySpec::range("RW access delete", 1, -2, 1)]),
    CommandSpec::new("bzmpop", -5, bzmpop, Group::SortedSet, "7.0.0")
        .flags(WRITE | BLOCKING)
        .acl(acl::SORTEDSET)
        .keys(&[KeySpec::numkeys("RW access delete", 2)]),
];

/// What a client waits for: so many members from one end.
#[derive(Clone, Copy, Debug)]
struct Pop {
    which: Which,
    /// `None`: one, and the shorter forms of the reply and of what is propagated.
    count: Option<usize>,
}

impl Pop {
    /// Takes from the zset under `key` and replies; how many were taken. `None`: nothing is there.
    fn take(self, e: &mut Engine, key: &[u8]) -> Result<Option<usize>, ()> {
        let layout = match self.count {
            Some(_) => Layout::KeyNested,
            None => Layout::KeyFlat,
        };
        e.pop_zset(key, self.which, self.count.unwrap_or(1), layout).map_err(|_| ())
    }
}

impl Waiter for Pop {
    fn kind(&self) -> WaitKind {
        WaitKind::ZSet
    }

    fn serve(&mut self, e: &mut Engine, _: ConnId, key: &[u8]) -> Served {
        match self.take(e, key) {
            Ok(Some(n)) if n > 0 => {
                let name = self.which.command().to_ascii_uppercase();
                let db = e.db;
                match self.count {
                    None => e.propagate_also(db, &[name.as_bytes(), key]),
                    Some(_) => {
                        e.propagate_also(db, &[name.as_bytes(), key, n.to_string().as_bytes()])
                    }
                }
                Served::Yes
            }
            _ => Served::No,
        }
    }
}

fn bzpopmin(e: &mut Engine, call: &Call<'_>) {
    pop_one(e, call, Which::Min);
}

fn bzpopmax(e: &mut Engine, call: &Call<'_>) {
    pop_one(e, call, Which::Max);
}

fn pop_one(e: &mut Engine, call: &Call<'_>, which: Which) {
    let [_, keys @ .., timeout] = call.args else { return };
    pop_or_wait(e, call, keys, timeout, Pop { which, count: None });
}

fn bzmpop(e: &mut Engine, call: &Call<'_>) {
    let Some(asked) = read_mpop(e, call, 2) else { return };
    let pop = Pop { which: asked.which, count: Some(asked.count) };
    pop_or_wait(e, call, asked.keys, call.arg(1), pop);
}

fn pop_or_wait(e: &mut Engine, call: &Call<'_>, keys: &[&[u8]], timeout: &[u8], pop: Pop) {
    let Some(deadline_us) = e.deadline_arg(timeout) else { return };
    for key in keys {
        match pop.take(e, key) {
            Err(()) => return,
            Ok(None) => {}
            Ok(Some(n)) => return propagate_pop(e, key, pop.which, pop.count.map(|_| n)),
        }
    }
    if e.may_wait(call.conn) {
        e.block_on_keys(call, keys, deadline_us, Box::new(pop));
    } else {
        e.reply.null_array();
    }
}
