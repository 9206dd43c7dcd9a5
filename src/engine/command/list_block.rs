//! Lists that are waited for: BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH.

use super::list_move::{self, Ends, RIGHT_TO_LEFT, carry, ends_args};
use super::list_pop::{Many, many_args, pop_first_of, pop_one, pop_with_key, removed, taken, word};
use crate::engine::Engine;
use crate::engine::blocked_keys::{Served, WaitKind, Waiter};
use crate::engine::call::flags::{BLOCKING, DENYOOM, NOSCRIPT, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, acl};
use crate::engine::conn::ConnId;
use crate::engine::types::List;

pub(super) const SPECS: &[CommandSpec] = &[
    spec("blpop", -3, blpop, "2.0.0", NOSCRIPT).keys(POPPED),
    spec("brpop", -3, brpop, "2.0.0", NOSCRIPT).keys(POPPED),
    spec("blmpop", -5, blmpop, "7.0.0", 0).keys(&[KeySpec::numkeys("RW access delete", 2)]),
    spec("blmove", 6, blmove, "6.2.0", NOSCRIPT | DENYOOM).keys(list_move::KEYS),
    spec("brpoplpush", 4, brpoplpush, "2.2.0", NOSCRIPT | DENYOOM).keys(list_move::KEYS),
];

const POPPED: &[KeySpec] = &[KeySpec::range("RW access delete", 1, -2, 1)];

const fn spec(
    name: &'static str,
    arity: i32,
    handler: Handler,
    since: &'static str,
    flags: u32,
) -> CommandSpec {
    CommandSpec::new(name, arity, handler, Group::List, since)
        .flags(WRITE | BLOCKING | flags)
        .acl(acl::LIST)
}

/// What a client that waits for lists wants.
#[derive(Debug)]
enum Want {
    /// BLPOP, BRPOP.
    One { front: bool },
    /// BLMPOP.
    Many { front: bool, count: usize },
    /// BLMOVE; BRPOPLPUSH is propagated under its own name.
    Move { ends: Ends, to: Vec<u8>, rpoplpush: bool },
}

impl Waiter for Want {
    fn kind(&self) -> WaitKind {
        WaitKind::List
    }

    fn serve(&mut self, e: &mut Engine, _: ConnId, key: &[u8]) -> Served {
        let db = e.db;
        match self {
            Want::One { front } => {
                e.propagate_also(db, &[word(*front), key]);
                e.reply.array(2);
                e.reply.bulk(key);
                pop_one(e, key, *front);
                // Like Redis, this counts as no change: the push did.
                taken(e, key, *front);
                e.key_written(db, key);
            }
            Want::Many { front, count } => {
                let n = pop_with_key(e, key, *front, *count).to_string();
                e.propagate_also(db, &[word(*front), key, n.as_bytes()]);
            }
            Want::Move { ends, to, rpoplpush } => {
                if carry(e, key, to, *ends) {
                    e.key_written(db, key);
                    propagate_move(e, key, to, *ends, *rpoplpush);
                }
            }
        }
        Served::Yes
    }
}

fn propagate_move(e: &mut Engine, from: &[u8], to: &[u8], ends: Ends, rpoplpush: bool) {
    let db = e.db;
    if rpoplpush {
        return e.propagate_also(db, &[b"RPOPLPUSH", from, to]);
    }
    let side = |front: bool| -> &[u8] { if front { b"left" } else { b"right" } };
    let (there, here) = (side(ends.from_front), side(ends.to_front));
    e.propagate_also(db, &[b"LMOVE", from, to, there, here]);
}

fn blpop(e: &mut Engine, call: &Call<'_>) {
    pop_or_wait(e, call, true);
}

fn brpop(e: &mut Engine, call: &Call<'_>) {
    pop_or_wait(e, call, false);
}

fn pop_or_wait(e: &mut Engine, call: &Call<'_>, front: bool) {
    let Some((timeout, keys)) = call.args[1..].split_last() else { return };
    let Some(deadline) = e.deadline_arg(timeout) else { return };
    for key in keys {
        match e.holds::<List>(key) {
            Err(_) => return,
            Ok(false) => continue,
            Ok(true) => {}
        }
        e.reply.array(2);
        e.reply.bulk(key);
        pop_one(e, key, front);
        removed(e, key, front, 1);
        return e.propagate_as(&[word(front), key]);
    }
    if !e.may_wait(call.conn) {
        return e.reply.null_array();
    }
    e.block_on_keys(call, keys, deadline, Box::new(Want::One { front }));
}

fn blmpop(e: &mut Engine, call: &Call<'_>) {
    let Some(many) = many_args(e, call, 2) else { return };
    let Some(deadline) = e.deadline_arg(call.arg(1)) else { return };
    if pop_first_of(e, &many) {
        return;
    }
    if !e.may_wait(call.conn) {
        return e.reply.null_array();
    }
    let Many { keys, front, count } = many;
    e.block_on_keys(call, keys, deadline, Box::new(Want::Many { front, count }));
}

fn blmove(e: &mut Engine, call: &Call<'_>) {
    let Some(ends) = ends_args(e, call, 3) else { return };
    let Some(deadline) = e.deadline_arg(call.arg(5)) else { return };
    if move_or_wait(e, call, ends, deadline, false) {
        e.propagate_as(&[b"LMOVE", call.arg(1), call.arg(2), call.arg(3), call.arg(4)]);
    }
}

fn brpoplpush(e: &mut Engine, call: &Call<'_>) {
    let Some(deadline) = e.deadline_arg(call.arg(3)) else { return };
    if move_or_wait(e, call, RIGHT_TO_LEFT, deadline, true) {
        e.propagate_as(&[b"RPOPLPUSH", call.arg(1), call.arg(2)]);
    }
}

/// Whether an element was moved.
fn move_or_wait(
    e: &mut Engine,
    call: &Call<'_>,
    ends: Ends,
    deadline: Option<u64>,
    rpoplpush: bool,
) -> bool {
    let (from, to) = (call.arg(1), call.arg(2));
    let Ok(there) = e.holds::<List>(from) else { return false };
    if there {
        let moved = carry(e, from, to, ends);
        if moved {
            e.key_written(e.db, from);
            e.dirty += 1;
        }
        return moved;
    }
    if e.may_wait(call.conn) {
        let want = Want::Move { ends, to: to.to_vec(), rpoplpush };
        e.block_on_keys(call, &[from], deadline, Box::new(want));
    } else {
        e.reply.null();
    }
    false
}
