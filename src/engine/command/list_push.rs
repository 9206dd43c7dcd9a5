//! Elements added at an end: LPUSH, RPUSH, LPUSHX, RPUSHX.

use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::{Container, List};

pub(super) const SPECS: &[CommandSpec] = &[
    spec("lpush", lpush, "1.0.0"),
    spec("rpush", rpush, "1.0.0"),
    spec("lpushx", lpushx, "2.2.0"),
    spec("rpushx", rpushx, "2.2.0"),
];

const PUSHED: &[KeySpec] = &[KeySpec::range("RW insert", 1, 0, 1)];

const fn spec(name: &'static str, handler: Handler, since: &'static str) -> CommandSpec {
    CommandSpec::new(name, -3, handler, Group::List, since)
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::LIST)
        .keys(PUSHED)
}

fn lpush(e: &mut Engine, call: &Call<'_>) {
    push(e, call, true, false);
}

fn rpush(e: &mut Engine, call: &Call<'_>) {
    push(e, call, false, false);
}

fn lpushx(e: &mut Engine, call: &Call<'_>) {
    push(e, call, true, true);
}

fn rpushx(e: &mut Engine, call: &Call<'_>) {
    push(e, call, false, true);
}

fn push(e: &mut Engine, call: &Call<'_>, front: bool, only_existing: bool) {
    let (key, elements) = (call.arg(1), call.args.get(2..).unwrap_or_default());
    let Ok(there) = e.holds::<List>(key) else { return };
    if !there && only_existing {
        return e.reply.int(0);
    }
    let len = push_all(e, key, there, front, elements);
    e.reply.int(len as i64);
    e.touched(key);
    e.dirty += elements.len() as u64 - 1;
    e.notify(class::LIST, if front { "lpush" } else { "rpush" }, e.db, key);
}

/// Adds elements to a list, which is made if it is not there; how long it is then.
pub(super) fn push_all(
    e: &mut Engine,
    key: &[u8],
    there: bool,
    front: bool,
    elements: &[&[u8]],
) -> usize {
    let large = e.keys.list_large;
    let add = |list: &mut List| {
        for element in elements {
            list.push(front, element, large);
        }
        list.len()
    };
    if there {
        return e.changing(key, add).unwrap_or(0);
    }
    let mut list = List::new(e.config.list_max_listpack_size);
    let len = add(&mut list);
    e.store(key, list.into_value());
    len
}
