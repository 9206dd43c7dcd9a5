//! Strings as plain bytes, for the commands that see more in them than a string: bitmaps and
//! HyperLogLogs.

use super::support::WRONG_TYPE;
use crate::engine::Engine;
use crate::engine::keyspace::Value;
use crate::wire::reply::ReplyWriter;

/// Shows the string under `key` (`None`: there is none) to a command that reads; `None` after
/// WRONGTYPE was replied.
pub(super) fn reading_string<R>(
    e: &mut Engine,
    key: &[u8],
    read: impl FnOnce(Option<&[u8]>, &mut ReplyWriter) -> R,
) -> Option<R> {
    e.reading_any(key, |value, reply| match value.map(Value::text) {
        None => Some(read(None, reply)),
        Some(Some(text)) => Some(read(Some(&text), reply)),
        Some(None) => {
            reply.error(WRONG_TYPE);
            None
        }
    })
}

/// Changes the string under `key` in place; one is made if there is none. Its encoding is `raw`
/// afterwards, as Redis leaves it.
pub(super) fn change_string<R>(
    e: &mut Engine,
    key: &[u8],
    change: impl FnOnce(&mut Vec<u8>) -> R,
) -> R {
    let db = e.db;
    if e.keyspace.db(db).get(key).is_none_or(|entry| !entry.value().is_string()) {
        let mut value = Value::Raw(Default::default());
        let result = change(value.make_raw());
        e.set_key(key, value, false);
        return result;
    }
    let mut change = Some(change);
    let done = e
        .keyspace
        .db_mut(db)
        .update(key, |value| change.take().map(|change| change(value.make_raw())));
    match done.flatten() {
        Some(result) => result,
        None => unreachable!("the key was there a moment ago"),
    }
}
