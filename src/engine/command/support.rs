//! What the key commands share: Redis's standing errors, and checks of arguments.

use crate::engine::Engine;
use crate::engine::call::Call;
use crate::wire::listpack::Entry;
use crate::wire::reply::ReplyWriter;

pub(super) use super::args::{NOT_AN_INTEGER, SYNTAX};
pub(super) const NOT_A_FLOAT: &str = "ERR value is not a valid float";
pub(super) const WRONG_TYPE: &str =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
pub(super) const NO_SUCH_KEY: &str = "ERR no such key";
pub(super) const SAME_OBJECT: &str = "ERR source and destination objects are the same";
pub(super) const DB_OUT_OF_RANGE: &str = "ERR DB index is out of range";

/// The number of a database that exists, or `None` after the error was replied.
pub(super) fn db_index(e: &mut Engine, arg: &[u8]) -> Option<usize> {
    let n = e.int_arg(arg)?;
    if i32::try_from(n).is_err() {
        let (min, max) = (i32::MIN, i32::MAX);
        e.reply.error(format!("ERR value is out of range, value must between {min} and {max}"));
        return None;
    }
    let index = usize::try_from(n).ok().filter(|i| *i < e.keyspace.databases());
    if index.is_none() {
        e.reply.error(DB_OUT_OF_RANGE);
    }
    index
}

/// An element of a value as a bulk.
pub(super) fn elem(reply: &mut ReplyWriter, element: Entry<'_>) {
    match element {
        Entry::Int(n) => reply.bulk_int(n),
        Entry::Str(text) => reply.bulk(text),
    }
}

/// Says that an expire time makes no sense.
pub(super) fn bad_expire_time(e: &mut Engine, call: &Call<'_>) {
    e.reply.error(format!("ERR invalid expire time in '{}' command", call.spec.name));
}

/// Whether a string may grow to `len` bytes; the error was replied if not. The master's stream
/// may do everything.
pub(super) fn string_may_be(e: &mut Engine, len: Option<usize>) -> bool {
    let max = usize::try_from(e.config.proto_max_bulk_len).unwrap_or(usize::MAX);
    // Even then the length must be one that memory could hold.
    let possible = len.is_some_and(|len| isize::try_from(len).is_ok());
    let allowed = len.is_some_and(|len| len <= max) || e.from_master();
    if !(possible && allowed) {
        e.reply.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    }
    possible && allowed
}

/// Whether an expiry at `at_ms` is carried out as a deletion right away: only on a master. A
/// replica stores it, and waits for the DEL.
pub(super) fn is_past(e: &Engine, at_ms: i64) -> bool {
    at_ms <= e.now.wall_ms() && !e.is_replica()
}
