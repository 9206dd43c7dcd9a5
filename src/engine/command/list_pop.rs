//! Elements taken from an end: LPOP, RPOP, LMPOP.

use super::list_read::element;
use super::support::SYNTAX;
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::List;

pub(super) const SPECS: &[CommandSpec] = &[
    spec("lpop", lpop),
    spec("rpop", rpop),
    CommandSpec::new("lmpop", -4, lmpop, Group::List, "7.0.0")
        .flags(WRITE)
        .acl(acl::LIST)
        .keys(&[KeySpec::numkeys("RW access delete", 1)]),
];

const POPPED: &[KeySpec] = &[KeySpec::range("RW access delete", 1, 0, 1)];

const fn spec(name: &'static str, handler: Handler) -> CommandSpec {
    CommandSpec::new(name, -2, handler, Group::List, "1.0.0")
        .flags(WRITE | FAST)
        .acl(acl::LIST)
        .keys(POPPED)
}

fn lpop(e: &mut Engine, call: &Call<'_>) {
    pop(e, call, true);
}

fn rpop(e: &mut Engine, call: &Call<'_>) {
    pop(e, call, false);
}

fn pop(e: &mut Engine, call: &Call<'_>, front: bool) {
    let count = match call.args.len() {
        2 => None,
        3 => {
            let error = "ERR value is out of range, must be positive";
            let Some(count) = e.positive_arg(call.arg(2), error) else { return };
            Some(count as usize)
        }
        _ => {
            let name = call.spec.name;
            return e.reply.error(format!("ERR wrong number of arguments for '{name}' command"));
        }
    };
    let key = call.arg(1);
    match (e.holds::<List>(key), count) {
        (Err(_), _) => {}
        (Ok(false), None) => e.reply.null(),
        (Ok(false), Some(_)) => e.reply.null_array(),
        (Ok(true), Some(0)) => e.reply.array(0),
        (Ok(true), None) => {
            pop_one(e, key, front);
            removed(e, key, front, 1);
        }
        (Ok(true), Some(count)) => {
            let n = pop_many(e, key, front, count);
            removed(e, key, front, n);
        }
    }
}

/// Takes one element out and writes it as the reply; the caller tells of it.
pub(super) fn pop_one(e: &mut Engine, key: &[u8], front: bool) {
    let mut reply = e.lend_reply();
    e.changing::<List, _>(key, |list| list.pop(front, |entry| element(&mut reply, entry)));
    e.take_reply_back(reply);
}

/// Takes `count` elements out, or all, and writes them as an array; how many it were.
pub(super) fn pop_many(e: &mut Engine, key: &[u8], front: bool, count: usize) -> usize {
    let mut reply = e.lend_reply();
    let n = e.changing::<List, _>(key, |list| {
        let n = count.min(list.len());
        reply.array(n);
        if front {
            list.iter().take(n).for_each(|entry| element(&mut reply, entry));
            list.remove_range(0, n);
        } else {
            let last = list.len().saturating_sub(1);
            list.iter_back_from(last).take(n).for_each(|entry| element(&mut reply, entry));
            list.remove_range(list.len() - n, n);
        }
        n
    });
    e.take_reply_back(reply);
    n.unwrap_or(0)
}

/// Elements were taken from an end: tells of it, and removes an empty list.
pub(super) fn removed(e: &mut Engine, key: &[u8], front: bool, n: usize) {
    taken(e, key, front);
    e.key_written(e.db, key);
    e.dirty += n as u64;
}

/// The events of that, and the removal of an empty list.
pub(super) fn taken(e: &mut Engine, key: &[u8], front: bool) {
    e.notify(class::LIST, if front { "lpop" } else { "rpop" }, e.db, key);
    if e.remove_if_empty::<List>(key) {
        e.notify(class::GENERIC, "del", e.db, key);
    }
}

/// The word that propagates a pop.
pub(super) fn word(front: bool) -> &'static [u8] {
    if front { b"LPOP" } else { b"RPOP" }
}

/// `LEFT` or `RIGHT`: whether it is the head; `None` after the error was replied.
pub(super) fn side_arg(e: &mut Engine, arg: &[u8]) -> Option<bool> {
    if arg.eq_ignore_ascii_case(b"left") {
        return Some(true);
    }
    if arg.eq_ignore_ascii_case(b"right") {
        return Some(false);
    }
    e.reply.error(SYNTAX);
    None
}

/// What LMPOP and BLMPOP ask for.
pub(super) struct Many<'a> {
    pub keys: &'a [&'a [u8]],
    pub front: bool,
    pub count: usize,
}

/// Reads `numkeys key [key ...] LEFT|RIGHT [COUNT count]` from word `at` on; `None` after the error
/// was replied.
pub(super) fn many_args<'a>(e: &mut Engine, call: &Call<'a>, at: usize) -> Option<Many<'a>> {
    let error = "ERR numkeys should be greater than 0";
    let n = e.int_arg_or(call.arg(at), error)?;
    let Some(n) = usize::try_from(n).ok().filter(|n| *n > 0) else {
        e.reply.error(error);
        return None;
    };
    let side = at.saturating_add(n).saturating_add(1);
    if side >= call.args.len() {
        e.reply.error(SYNTAX);
        return None;
    }
    let front = side_arg(e, call.arg(side))?;
    let mut count = None;
    let mut option = side + 1;
    while option < call.args.len() {
        if count.is_some() || !call.is(option, "COUNT") || option + 1 >= call.args.len() {
            e.reply.error(SYNTAX);
            return None;
        }
        let error = "ERR count should be greater than 0";
        let n = e.int_arg_or(call.arg(option + 1), error)?;
        if n < 1 {
            e.reply.error(error);
            return None;
        }
        count = Some(n as usize);
        option += 2;
    }
    Some(Many { keys: &call.args[at + 1..side], front, count: count.unwrap_or(1) })
}

/// Takes from the first of the keys that is there. Whether the command is answered.
pub(super) fn pop_first_of(e: &mut Engine, many: &Many<'_>) -> bool {
    for key in many.keys {
        match e.holds::<List>(key) {
            Err(_) => return true,
            Ok(false) => continue,
            Ok(true) => {}
        }
        let n = pop_with_key(e, key, many.front, many.count);
        let count = n.to_string();
        e.propagate_as(&[word(many.front), key, count.as_bytes()]);
        return true;
    }
    false
}

/// Takes elements out, replies with the key and them, and tells of it; how many it were.
pub(super) fn pop_with_key(e: &mut Engine, key: &[u8], front: bool, count: usize) -> usize {
    e.reply.array(2);
    e.reply.bulk(key);
    let n = pop_many(e, key, front, count);
    removed(e, key, front, n);
    n
}

fn lmpop(e: &mut Engine, call: &Call<'_>) {
    let Some(many) = many_args(e, call, 1) else { return };
    if !pop_first_of(e, &many) {
        e.reply.null_array();
    }
}
