//! Fields as numbers: HINCRBY, HINCRBYFLOAT.

use super::hash_change::change;
use super::support::NOT_A_FLOAT;
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::{Container, Hash};
use crate::wire::listpack::Entry;
use crate::wire::num::{LongDouble, fmt_human_long_double, parse_long_double};

const COUNTED: &[KeySpec] = &[KeySpec::range("RW access update", 1, 0, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("hincrby", 4, hincrby, Group::Hash, "2.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::HASH)
        .keys(COUNTED),
    CommandSpec::new("hincrbyfloat", 4, hincrbyfloat, Group::Hash, "2.6.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::HASH)
        .keys(COUNTED),
];

/// What `read` makes of a field's value; `None` if there is no such key or field.
fn field<R>(e: &Engine, key: &[u8], field: &[u8], read: impl FnOnce(Entry<'_>) -> R) -> Option<R> {
    let entry = e.keyspace.db(e.db).get(key)?;
    Hash::of(entry.value())?.get(field).map(read)
}

fn hincrby(e: &mut Engine, call: &Call<'_>) {
    let (key, name) = (call.arg(1), call.arg(2));
    let Some(by) = e.int_arg(call.arg(3)) else { return };
    let Ok(there) = e.holds::<Hash>(key) else { return };
    let Some(old) = field(e, key, name, |value| value.int()).unwrap_or(Some(0)) else {
        return e.reply.error("ERR hash value is not an integer");
    };
    let Some(new) = old.checked_add(by) else {
        return e.reply.error("ERR increment or decrement would overflow");
    };
    let mut digits = itoa::Buffer::new();
    let text = digits.format(new).as_bytes();
    change(e, key, there, |hash, limits| hash.set(name, text, limits));
    e.reply.int(new);
    e.touched(key);
    e.notify(class::HASH, "hincrby", e.db, key);
}

fn hincrbyfloat(e: &mut Engine, call: &Call<'_>) {
    let (key, name) = (call.arg(1), call.arg(2));
    let Some(by) = parse_long_double(call.arg(3)) else { return e.reply.error(NOT_A_FLOAT) };
    if !by.is_finite() {
        return e.reply.error("ERR value is NaN or Infinity");
    }
    let Ok(there) = e.holds::<Hash>(key) else { return };
    let old = field(e, key, name, |value| value.with_text(parse_long_double));
    let Some(old) = old.unwrap_or(Some(LongDouble::ZERO)) else {
        return e.reply.error("ERR hash value is not a float");
    };
    let Some(new) = old.checked_add(by).filter(|new| new.is_finite()) else {
        return e.reply.error("ERR increment would produce NaN or Infinity");
    };
    let text = fmt_human_long_double(&new);
    change(e, key, there, |hash, limits| hash.set(name, text.as_bytes(), limits));
    e.reply.bulk_str(&text);
    e.touched(key);
    e.notify(class::HASH, "hincrbyfloat", e.db, key);
    // The sum may come out differently on another machine, so replicas get the result.
    e.propagate_as(&[b"HSET", key, name, text.as_bytes()]);
}
