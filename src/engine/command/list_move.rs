//! An element from one list to another: LMOVE, RPOPLPUSH.

use super::list_pop::{side_arg, taken};
use super::list_push::push_all;
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::List;

pub(super) const KEYS: &[KeySpec] =
    &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("lmove", 5, lmove, Group::List, "6.2.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::LIST)
        .keys(KEYS),
    CommandSpec::new("rpoplpush", 3, rpoplpush, Group::List, "1.2.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::LIST)
        .keys(KEYS),
];

/// From which end to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub from_front: bool,
    pub to_front: bool,
}

/// RPOPLPUSH's.
pub(super) const RIGHT_TO_LEFT: Ends = Ends { from_front: false, to_front: true };

/// The two words `LEFT|RIGHT` from word `at` on; `None` after the error was replied.
pub(super) fn ends_args(e: &mut Engine, call: &Call<'_>, at: usize) -> Option<Ends> {
    let from_front = side_arg(e, call.arg(at))?;
    let to_front = side_arg(e, call.arg(at + 1))?;
    Some(Ends { from_front, to_front })
}

fn lmove(e: &mut Engine, call: &Call<'_>) {
    let Some(ends) = ends_args(e, call, 3) else { return };
    move_or_null(e, call, ends);
}

fn rpoplpush(e: &mut Engine, call: &Call<'_>) {
    move_or_null(e, call, RIGHT_TO_LEFT);
}

fn move_or_null(e: &mut Engine, call: &Call<'_>, ends: Ends) {
    match e.holds::<List>(call.arg(1)) {
        Ok(true) => {
            if carry(e, call.arg(1), call.arg(2), ends) {
                e.key_written(e.db, call.arg(1));
                e.dirty += 1;
            }
        }
        Ok(false) => e.reply.null(),
        Err(_) => {}
    }
}

/// Moves an element of the list `from` and replies with it; false if `to` is of another type (the
/// error was replied).
pub(super) fn carry(e: &mut Engine, from: &[u8], to: &[u8], ends: Ends) -> bool {
    let Ok(there) = e.holds::<List>(to) else { return false };
    let popped = e.changing::<List, _>(from, |list| list.pop(ends.from_front, |x| x.to_vec()));
    let Some(element) = popped.flatten() else { return false };
    push_all(e, to, there, ends.to_front, &[&element]);
    e.key_written(e.db, to);
    e.notify(class::LIST, if ends.to_front { "lpush" } else { "rpush" }, e.db, to);
    e.reply.bulk(&element);
    taken(e, from, ends.from_front);
    true
}
