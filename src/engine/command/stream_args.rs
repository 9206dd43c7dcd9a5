//! What the stream commands share: IDs in their words, entries in replies, commands for replicas.

use super::support::elem;
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::types::stream::{Entry, Group, StreamId};
use crate::wire::reply::ReplyWriter;

const BAD_ID: &str = "ERR Invalid stream ID specified as stream command argument";

/// An ID (`-` and `+` are none), or `None` after the error was replied. An ID without a sequence
/// number gets `missing_seq`.
pub(super) fn id_arg(e: &mut Engine, word: &[u8], missing_seq: u64) -> Option<StreamId> {
    or_bad_id(e, StreamId::parse(word, missing_seq))
}

/// An ID, or `-` or `+`.
pub(super) fn bound_arg(e: &mut Engine, word: &[u8], missing_seq: u64) -> Option<StreamId> {
    or_bad_id(e, StreamId::parse_bound(word, missing_seq))
}

/// Passes it on; if there is nothing, replies that the ID is invalid.
pub(super) fn or_bad_id<T>(e: &mut Engine, id: Option<T>) -> Option<T> {
    if id.is_none() {
        e.reply.error(BAD_ID);
    }
    id
}

/// All IDs from word `from` on, or `None` after the error was replied.
pub(super) fn id_args(e: &mut Engine, call: &Call<'_>, from: usize) -> Option<Vec<StreamId>> {
    call.args[from..].iter().map(|word| id_arg(e, word, 0)).collect()
}

/// The first ID of an interval; `(` in front of it leaves it out.
pub(super) fn start_arg(e: &mut Engine, word: &[u8]) -> Option<StreamId> {
    let (id, open) = interval_end(e, word, 0)?;
    let id = if open { id.next() } else { Some(id) };
    if id.is_none() {
        e.reply.error("ERR invalid start ID for the interval");
    }
    id
}

/// The last ID of an interval; `(` in front of it leaves it out.
pub(super) fn end_arg(e: &mut Engine, word: &[u8]) -> Option<StreamId> {
    let (id, open) = interval_end(e, word, u64::MAX)?;
    let id = if open { id.prev() } else { Some(id) };
    if id.is_none() {
        e.reply.error("ERR invalid end ID for the interval");
    }
    id
}

fn interval_end(e: &mut Engine, word: &[u8], missing_seq: u64) -> Option<(StreamId, bool)> {
    match word.strip_prefix(b"(") {
        Some(rest) if !rest.is_empty() => Some((id_arg(e, rest, missing_seq)?, true)),
        _ => Some((bound_arg(e, word, missing_seq)?, false)),
    }
}

/// The bytes up to a NUL: what C's `%s` prints of them.
pub(super) fn c_text(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

/// Fills an error text: every `%` stands for the next of the words.
pub(super) fn error_with(e: &mut Engine, text: &str, words: &[&[u8]]) {
    let mut words = words.iter();
    let mut error = Vec::with_capacity(text.len() + 32);
    for b in text.bytes() {
        match b {
            b'%' => error.extend_from_slice(c_text(words.next().copied().unwrap_or_default())),
            b => error.push(b),
        }
    }
    e.reply.error(error);
}

/// An ID as a bulk.
pub(super) fn bulk_id(reply: &mut ReplyWriter, id: StreamId) {
    reply.bulk(&id.text());
}

/// An entry: its ID, and its fields and values in one array.
pub(super) fn entry(reply: &mut ReplyWriter, entry: &Entry<'_>) {
    reply.array(2);
    bulk_id(reply, entry.id);
    reply.array(entry.len().saturating_mul(2));
    for (name, value) in entry.pairs() {
        elem(reply, name);
        elem(reply, value);
    }
}

/// Entries as an array; `count` at most, 0: all. How many it were.
pub(super) fn entries<'a>(
    reply: &mut ReplyWriter,
    range: impl Iterator<Item = Entry<'a>>,
    count: usize,
) -> usize {
    let most = if count == 0 { usize::MAX } else { count };
    counted(reply, |reply| range.take(most).map(|e| entry(reply, &e)).count())
}

/// An array whose length is known when it has been written: `write` says it.
pub(super) fn counted(
    reply: &mut ReplyWriter,
    write: impl FnOnce(&mut ReplyWriter) -> usize,
) -> usize {
    let at = reply.buf.len();
    let n = write(reply);
    let end = reply.buf.len();
    reply.array(n);
    let head = reply.buf.len() - end;
    reply.buf[at..].rotate_right(head);
    n
}

/// What a replica has to know of an entry that a group's consumer has got.
pub(super) struct Claim<'a> {
    pub key: &'a [u8],
    pub group: &'a [u8],
    pub consumer: &'a [u8],
    pub id: &'a [u8],
    pub delivered_ms: i64,
    pub count: u64,
    pub last_id: StreamId,
}

/// Propagates that an entry was given to a consumer, in a form that can be applied twice.
pub(super) fn propagate_claim(e: &mut Engine, claim: &Claim<'_>) {
    let (mut time, mut count) = (itoa::Buffer::new(), itoa::Buffer::new());
    let last = claim.last_id.text();
    let db = e.db;
    e.propagate_also(
        db,
        &[
            b"XCLAIM",
            claim.key,
            claim.group,
            claim.consumer,
            b"0",
            claim.id,
            b"TIME",
            time.format(claim.delivered_ms).as_bytes(),
            b"RETRYCOUNT",
            count.format(claim.count as i64).as_bytes(),
            b"FORCE",
            b"JUSTID",
            b"LASTID",
            &last,
        ],
    );
}

/// Propagates how far a group has read.
pub(super) fn propagate_group_id(
    e: &mut Engine,
    key: &[u8],
    name: &[u8],
    last_id: StreamId,
    entries_read: i64,
) {
    let mut read = itoa::Buffer::new();
    let read = read.format(entries_read).as_bytes();
    let (db, last) = (e.db, last_id.text());
    e.propagate_also(db, &[b"XGROUP", b"SETID", key, name, &last, b"ENTRIESREAD", read]);
}

/// The number of entries that a group has read, as it stands in commands and files: -1 if it is
/// not known.
pub(super) fn entries_read(group: &Group) -> i64 {
    group.entries_read.map_or(-1, |n| n as i64)
}
