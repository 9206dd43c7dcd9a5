//! XREAD and XREADGROUP: what is new in several streams, at once or when it comes.

use super::args::SYNTAX;
use super::stream_args::{
    Claim, bulk_id, counted, entries, entries_read, entry, error_with, id_arg, propagate_claim,
    propagate_group_id,
};
use crate::engine::Engine;
use crate::engine::blocked_keys::{Served, WaitKind, Waiter};
use crate::engine::call::flags::{BLOCKING, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group as Kind, KeySpec, acl};
use crate::engine::conn::ConnId;
use crate::engine::notify::class;
use crate::engine::types::stream::{Group, Log, StreamId};
use crate::engine::types::{Container, Stream};
use crate::wire::reply::ReplyWriter;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("xread", -4, xread, Kind::Stream, "5.0.0")
        .flags(READONLY | BLOCKING)
        .acl(acl::STREAM)
        .keys(&[KeySpec::keyword_half("RO access", "STREAMS", 1)]),
    CommandSpec::new("xreadgroup", -7, xread, Kind::Stream, "5.0.0")
        .flags(WRITE | BLOCKING)
        .acl(acl::STREAM)
        .keys(&[KeySpec::keyword_half("RO access", "STREAMS", 4)]),
];

/// How many entries a client gets at most that had to wait and has set no limit.
const COUNT_AFTER_WAIT: usize = 1000;

/// Who reads in which group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reader {
    group: Vec<u8>,
    consumer: Vec<u8>,
    noack: bool,
}

/// The words of a call.
#[derive(Debug)]
struct Asked<'a> {
    /// Milliseconds; 0: for ever. `None`: it does not wait.
    block: Option<u64>,
    /// 0: all.
    count: usize,
    reader: Option<Reader>,
    keys: &'a [&'a [u8]],
    ids: &'a [&'a [u8]],
}

/// From where a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// Behind this ID: the entries of XREAD, what waits for the consumer in XREADGROUP.
    After(StreamId),
    /// `>`: what nobody of the group has got.
    New,
}

/// Reads the words, or replies an error.
fn asked<'a>(e: &mut Engine, call: &Call<'a>) -> Option<Asked<'a>> {
    let in_group = call.spec.name == "xreadgroup";
    let (mut block, mut count, mut group, mut noack, mut streams) = (None, 0, None, false, None);
    let mut at = 1;
    while at < call.args.len() {
        let more = call.args.len() - at - 1;
        if call.is(at, "block") && more > 0 {
            at += 1;
            block = Some(e.timeout_ms_arg(call.arg(at))?);
        } else if call.is(at, "count") && more > 0 {
            at += 1;
            count = usize::try_from(e.int_arg(call.arg(at))?).unwrap_or(0);
        } else if call.is(at, "streams") && more > 0 {
            streams = Some(&call.args[at + 1..]);
            break;
        } else if call.is(at, "group") && more >= 2 {
            if !in_group {
                e.reply.error(
                    "ERR The GROUP option is only supported by XREADGROUP. You called XREAD \
                     instead.",
                );
                return None;
            }
            group = Some((call.arg(at + 1).to_vec(), call.arg(at + 2).to_vec()));
            at += 2;
        } else if call.is(at, "noack") {
            if !in_group {
                e.reply.error(
                    "ERR The NOACK option is only supported by XREADGROUP. You called XREAD \
                     instead.",
                );
                return None;
            }
            noack = true;
        } else {
            e.reply.error(SYNTAX);
            return None;
        }
        at += 1;
    }
    let wrong = match streams {
        Some(streams) if streams.len() % 2 == 1 => Some(
            "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be \
             specified.",
        ),
        None => Some(SYNTAX),
        Some(_) if in_group && group.is_none() => Some("ERR Missing GROUP option for XREADGROUP"),
        Some(_) => None,
    };
    if let Some(error) = wrong {
        e.reply.error(error);
        return None;
    }
    let streams = streams.unwrap_or_default();
    let (keys, ids) = streams.split_at(streams.len() / 2);
    let reader = group.map(|(group, consumer)| Reader { group, consumer, noack });
    Some(Asked { block, count, reader, keys, ids })
}

/// From where each stream is read, or `None` after an error was replied.
fn resolve(e: &mut Engine, asked: &Asked<'_>) -> Option<Vec<From>> {
    let mut froms = Vec::with_capacity(asked.keys.len());
    for (&key, &word) in asked.keys.iter().zip(asked.ids) {
        let reader = asked.reader.as_ref();
        let (last, has_group) = e
            .reading::<Stream, _>(key, |s, _| {
                let group = reader.is_none_or(|r| s.is_some_and(|s| s.group(&r.group).is_some()));
                (s.map_or(StreamId::MIN, |s| s.log().last_id()), group)
            })
            .ok()?;
        if let Some(reader) = reader.filter(|_| !has_group) {
            error_with(
                e,
                "NOGROUP No such key '%' or consumer group '%' in XREADGROUP with GROUP option",
                &[key, &reader.group],
            );
            return None;
        }
        froms.push(match (word, reader) {
            (b"$", None) => From::After(last),
            (b"$", Some(_)) => {
                e.reply.error(
                    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read \
                     the history of this consumer by specifying a proper ID, or use the > ID to \
                     get new messages. The $ ID would just return an empty result set.",
                );
                return None;
            }
            (b">", Some(_)) => From::New,
            (b">", None) => {
                e.reply.error(
                    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP \
                     <group> <consumer> option.",
                );
                return None;
            }
            // Redis has no other sign for `>` than the greatest ID.
            (word, Some(_)) => match id_arg(e, word, 0)? {
                StreamId::MAX => From::New,
                id => From::After(id),
            },
            (word, None) => From::After(id_arg(e, word, 0)?),
        });
    }
    Some(froms)
}

fn xread(e: &mut Engine, call: &Call<'_>) {
    e.propagate_nothing();
    let Some(asked) = asked(e, call) else { return };
    let Some(froms) = resolve(e, &asked) else { return };
    let at = e.reply.buf.len();
    let mut served = 0;
    for (&key, &from) in asked.keys.iter().zip(&froms) {
        served += usize::from(serve_now(e, key, from, &asked));
    }
    if served > 0 {
        // The streams are a map in RESP3, pairs in RESP2.
        let end = e.reply.buf.len();
        streams_head(&mut e.reply, served);
        let head = e.reply.buf.len() - end;
        e.reply.buf[at..].rotate_right(head);
        return;
    }
    let Some(ms) = asked.block.filter(|_| e.may_wait(call.conn)) else {
        return e.reply.null_array();
    };
    let after = |from: &From| match from {
        From::After(id) => *id,
        From::New => StreamId::MAX,
    };
    let waiter = StreamWaiter {
        after: asked.keys.iter().map(|k| k.to_vec()).zip(froms.iter().map(after)).collect(),
        reader: asked.reader.clone(),
        count: if asked.count == 0 { COUNT_AFTER_WAIT } else { asked.count },
    };
    let deadline = e.deadline_of(ms);
    e.block_on_keys(call, asked.keys, deadline, Box::new(waiter));
}

fn streams_head(reply: &mut ReplyWriter, n: usize) {
    if reply.resp >= 3 { reply.map(n) } else { reply.array(n) }
}

/// A stream's name, its entries are to follow.
fn stream_head(reply: &mut ReplyWriter, key: &[u8]) {
    if reply.resp < 3 {
        reply.array(2);
    }
    reply.bulk(key);
}

/// Replies what a stream has to say at once; `false` if that is nothing.
fn serve_now(e: &mut Engine, key: &[u8], from: From, asked: &Asked<'_>) -> bool {
    let Some(reader) = &asked.reader else {
        let From::After(after) = from else { return false };
        let served = e.reading::<Stream, _>(key, |s, reply| {
            let Some(log) = s.map(Stream::log) else { return false };
            let Some(start) = after.next().filter(|_| log.last_valid_id() > after) else {
                return false;
            };
            stream_head(reply, key);
            entries(reply, log.range(start, StreamId::MAX), asked.count);
            true
        });
        return served.unwrap_or(false);
    };
    let start = e.reading::<Stream, _>(key, |s, _| {
        let s = s?;
        match from {
            // The greatest ID's successor is 0-0 for Redis, which makes no difference here.
            From::After(id) => Some(id.next().unwrap_or_default()),
            From::New => {
                let last = s.group(&reader.group)?.last_id;
                last.next().filter(|_| s.log().last_valid_id() > last)
            }
        }
    });
    let Ok(Some(start)) = start else { return false };
    stream_head(&mut e.reply, key);
    read_as(e, key, reader, start, asked.count, from != From::New);
    e.dirty += 1;
    true
}

/// Replies the entries from `start` on that a group's consumer gets: new ones, or (`history`) those
/// that wait for its acknowledgement. Notes and propagates what that changes.
fn read_as(
    e: &mut Engine,
    key: &[u8],
    reader: &Reader,
    start: StreamId,
    count: usize,
    history: bool,
) {
    let now_ms = e.now.wall_ms();
    let (name, noack) = (&reader.consumer[..], reader.noack);
    let mut reply = std::mem::take(&mut e.reply);
    let read = e.changing::<Stream, _>(key, |s| {
        s.change_group(&reader.group, |group, log| {
            let created = !group.see(name, now_ms) && group.create_consumer(name, now_ms);
            let before = group.last_id;
            let ids = if history {
                show_history(&mut reply, group, log, name, start, count, now_ms);
                Vec::new()
            } else {
                show_new(&mut reply, group, log, start, count)
            };
            if !noack {
                ids.iter().for_each(|id| group.assign(*id, name, now_ms, 1));
            }
            (created, before, ids, group.last_id, entries_read(group))
        })
    });
    e.reply = reply;
    let Some((created, mut last, ids, now_last, now_read)) = read.flatten() else { return };
    let db = e.db;
    if created {
        e.dirty += 1;
        e.notify(class::STREAM, "xgroup-createconsumer", db, key);
        if noack {
            let group = &reader.group;
            e.propagate_also(db, &[b"XGROUP", b"CREATECONSUMER", key, group, name]);
        }
    }
    if noack {
        if now_last > last {
            propagate_group_id(e, key, &reader.group, now_last, now_read);
        }
        return;
    }
    for id in ids {
        last = last.max(id);
        let claim = Claim {
            key,
            group: &reader.group,
            consumer: name,
            id: &id.text(),
            delivered_ms: now_ms,
            count: 1,
            last_id: last,
        };
        propagate_claim(e, &claim);
    }
}

/// Replies new entries and moves the group's position; their IDs.
fn show_new(
    reply: &mut ReplyWriter,
    group: &mut Group,
    log: &Log,
    start: StreamId,
    count: usize,
) -> Vec<StreamId> {
    let mut ids = Vec::new();
    let range = log.range(start, StreamId::MAX).inspect(|e| {
        log.group_reads(group, e.id);
        ids.push(e.id);
    });
    entries(reply, range, count);
    ids
}

/// Replies the entries that wait for a consumer; of one that was deleted, the ID alone.
fn show_history(
    reply: &mut ReplyWriter,
    group: &mut Group,
    log: &Log,
    name: &[u8],
    start: StreamId,
    count: usize,
    now_ms: i64,
) {
    let most = if count == 0 { usize::MAX } else { count };
    let Some(consumer) = group.consumer(name) else { return reply.array(0) };
    let ids: Vec<StreamId> = consumer.pending_ids_from(start).take(most).collect();
    counted(reply, |reply| {
        for &id in &ids {
            match log.range(id, id).next() {
                Some(found) => {
                    entry(reply, &found);
                    group.deliver_again(id, now_ms);
                }
                None => {
                    reply.array(2);
                    bulk_id(reply, id);
                    reply.null_array();
                }
            }
        }
        ids.len()
    });
}

/// The stream under a key of the running database.
fn stream_at<'a>(e: &'a Engine, key: &[u8]) -> Option<&'a Stream> {
    e.keyspace.db(e.db).get(key).and_then(|entry| Stream::of(entry.value()))
}

/// A client that waits for entries.
#[derive(Debug)]
struct StreamWaiter {
    /// For each key: entries behind this ID.
    after: Vec<(Vec<u8>, StreamId)>,
    reader: Option<Reader>,
    count: usize,
}

impl Waiter for StreamWaiter {
    fn kind(&self) -> WaitKind {
        WaitKind::Stream
    }

    fn serve(&mut self, e: &mut Engine, _conn: ConnId, key: &[u8]) -> Served {
        let Some(log) = stream_at(e, key).map(Stream::log) else { return Served::No };
        let group = self.reader.as_ref().map(|r| stream_at(e, key).and_then(|s| s.group(&r.group)));
        let after = match group {
            // The group has moved on meanwhile, by what others have read.
            Some(Some(group)) => group.last_id,
            Some(None) => {
                e.reply.error(
                    "NOGROUP the consumer group this client was blocked on no longer exists",
                );
                return Served::Yes;
            }
            None => match self.after.iter().find(|(k, _)| k == key) {
                Some((_, after)) => *after,
                None => return Served::No,
            },
        };
        let Some(start) = after.next().filter(|_| log.last_id() > after) else {
            return Served::No;
        };
        streams_head(&mut e.reply, 1);
        stream_head(&mut e.reply, key);
        match &self.reader {
            Some(reader) => read_as(e, key, reader, start, self.count, false),
            None => {
                let mut reply = std::mem::take(&mut e.reply);
                if let Some(stream) = stream_at(e, key) {
                    entries(&mut reply, stream.log().range(start, StreamId::MAX), self.count);
                }
                e.reply = reply;
            }
        }
        Served::Yes
    }

    fn gone(&self) -> Option<&'static str> {
        self.reader.as_ref().map(|_| "UNBLOCKED the stream key no longer exists")
    }
}
