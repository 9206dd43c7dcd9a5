//! XADD and XTRIM.

use super::args::SYNTAX;
use super::stream_args::{bulk_id, id_arg, or_bad_id};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::Stream;
use crate::engine::types::stream::{Given, Log, NewId, NodeLimits, Refused, StreamId, Trim};

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("xadd", -5, xadd, Group::Stream, "5.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::STREAM)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RW update", 1, 0, 1)]),
    CommandSpec::new("xtrim", -4, xtrim, Group::Stream, "5.0.0")
        .flags(WRITE)
        .acl(acl::STREAM)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RW delete", 1, 0, 1)]),
];

/// The options of XADD and XTRIM.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    /// Where XADD's ID stands.
    id_at: usize,
    /// XADD's ID; `None`: `*`.
    id: Option<Given>,
    no_mkstream: bool,
    trim: Option<Trim>,
    /// Where the trim's length or ID stands.
    trim_at: usize,
    approximately: bool,
    limit: u64,
}

/// Reads the options, or replies an error.
fn options(e: &mut Engine, call: &Call<'_>, xadd: bool) -> Option<Options> {
    let mut o = Options::default();
    let mut limit = None;
    let mut at = 2;
    while at < call.args.len() {
        let more = call.args.len() - 1 - at;
        if xadd && call.arg(at) == b"*" {
            break;
        } else if (call.is(at, "maxlen") || call.is(at, "minid")) && more > 0 {
            if o.trim.is_some() {
                e.reply.error(
                    "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
                );
                return None;
            }
            let by_len = call.is(at, "maxlen");
            let sign = if more >= 2 { call.arg(at + 1) } else { b"" };
            o.approximately = sign == b"~";
            at += if matches!(sign, b"~" | b"=") { 2 } else { 1 };
            o.trim_at = at;
            o.trim = Some(trim_arg(e, call.arg(at), by_len)?);
        } else if call.is(at, "limit") && more > 0 {
            at += 1;
            let n = e.int_arg(call.arg(at))?;
            let Ok(n) = u64::try_from(n) else {
                e.reply.error("ERR The LIMIT argument must be >= 0.");
                return None;
            };
            limit = Some(n);
        } else if xadd && call.is(at, "nomkstream") {
            o.no_mkstream = true;
        } else if xadd {
            o.id = Some(or_bad_id(e, StreamId::parse_given(call.arg(at), 0))?);
            break;
        } else {
            e.reply.error(SYNTAX);
            return None;
        }
        at += 1;
    }
    o.id_at = at;
    let wrong = match (limit, o.trim) {
        (Some(1..), None) => {
            Some("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
        }
        (_, None) if !xadd => {
            Some("ERR syntax error, XTRIM must be called with a trimming strategy")
        }
        (Some(_), _) if !o.approximately && !e.from_master() => {
            Some("ERR syntax error, LIMIT cannot be used without the special ~ option")
        }
        _ => None,
    };
    if let Some(error) = wrong {
        e.reply.error(error);
        return None;
    }
    // The master has trimmed already, and says exactly how far.
    o.limit = match limit {
        _ if e.from_master() => 0,
        Some(n) => n,
        None if o.approximately => default_limit(e),
        None => 0,
    };
    Some(o)
}

/// How many entries a trimming takes out at most if nothing else is said: those of 100 nodes.
fn default_limit(e: &Engine) -> u64 {
    match e.config.stream_node_max_entries.wrapping_mul(100) {
        n @ 1.. => (n as u64).min(1_000_000),
        _ => 10_000,
    }
}

fn trim_arg(e: &mut Engine, word: &[u8], by_len: bool) -> Option<Trim> {
    if !by_len {
        return id_arg(e, word, 0).map(Trim::MinId);
    }
    let n = e.int_arg(word)?;
    let Ok(n) = u64::try_from(n) else {
        e.reply.error("ERR The MAXLEN argument must be >= 0.");
        return None;
    };
    Some(Trim::MaxLen(n))
}

fn xadd(e: &mut Engine, call: &Call<'_>) {
    let Some(o) = options(e, call, true) else { return };
    let words = call.args.get(o.id_at + 1..).unwrap_or_default();
    if words.len() < 2 || words.len() % 2 == 1 {
        return e.reply.error("ERR wrong number of arguments for 'xadd' command");
    }
    if o.id == Some(Given { id: StreamId::MIN, seq: true }) {
        return e.reply.error("ERR The ID specified in XADD must be greater than 0-0");
    }
    let key = call.arg(1);
    let Ok(there) = e.holds::<Stream>(key) else { return };
    if !there && o.no_mkstream {
        return e.reply.null();
    }
    let id = match o.id {
        None => NewId::Auto { now_ms: u64::try_from(e.now.wall_ms()).unwrap_or(0) },
        Some(Given { id, seq: true }) => NewId::Exact(id),
        Some(Given { id, seq: false }) => NewId::AutoSeq { ms: id.ms },
    };
    let limits = e.stream_limits();
    let add = |s: &mut Stream| add(s.log_mut(), id, words, limits, &o);
    let added = if there {
        match e.changing::<Stream, _>(key, add) {
            Some(added) => added,
            None => return,
        }
    } else {
        let mut stream = Stream::new();
        let added = add(&mut stream);
        if added.is_ok() {
            e.create(key, stream);
        }
        added
    };
    let added = match added {
        Ok(added) => added,
        Err(error) => return e.reply.error(error),
    };
    bulk_id(&mut e.reply, added.id);
    e.notify(class::STREAM, "xadd", e.db, key);
    if added.trimmed > 0 {
        e.notify(class::STREAM, "xtrim", e.db, key);
    }
    e.touched(key);
    e.key_ready(e.db, key);
    // An ID that was given in full goes out as it was written.
    let chosen = o.id.is_none_or(|given| !given.seq).then(|| added.id.text());
    if o.approximately || chosen.is_some() {
        propagate(e, call, &o, chosen.as_deref(), &added.bound);
    }
}

/// An entry that was added.
struct Added {
    id: StreamId,
    trimmed: u64,
    /// What the trimming comes to, exactly.
    bound: Vec<u8>,
}

fn add(
    log: &mut Log,
    id: NewId,
    words: &[&[u8]],
    limits: NodeLimits,
    o: &Options,
) -> Result<Added, &'static str> {
    if log.last_id() == StreamId::MAX {
        return Err("ERR The stream has exhausted the last possible ID, unable to add more items");
    }
    let id = log.add(id, words, limits).map_err(|why| match why {
        Refused::NotAbove => {
            "ERR The ID specified in XADD is equal or smaller than the target stream top item"
        }
        // Redis does not tell these two apart.
        Refused::NoSeqLeft | Refused::TooLarge => "ERR Elements are too large to be stored",
    })?;
    let trimmed = o.trim.map_or(0, |trim| log.trim(trim, o.approximately, o.limit));
    Ok(Added { id, trimmed, bound: exact_bound(log, o) })
}

/// What an approximate trimming has come to: the length, or the first ID, that is left.
fn exact_bound(log: &Log, o: &Options) -> Vec<u8> {
    match o.trim.filter(|_| o.approximately) {
        Some(Trim::MaxLen(_)) => itoa::Buffer::new().format(log.len()).as_bytes().to_vec(),
        Some(Trim::MinId(_)) => log.first_place().text(),
        None => Vec::new(),
    }
}

/// Propagates the command with what has become of it: the ID, the exact bound.
fn propagate(e: &mut Engine, call: &Call<'_>, o: &Options, id: Option<&[u8]>, bound: &[u8]) {
    let mut words = call.args.to_vec();
    if o.approximately && o.trim.is_some() {
        words[o.trim_at - 1] = b"=";
        words[o.trim_at] = bound;
    }
    if let Some(id) = id {
        words[o.id_at] = id;
    }
    e.propagate_as(&words);
}

fn xtrim(e: &mut Engine, call: &Call<'_>) {
    let Some(o) = options(e, call, false) else { return };
    let key = call.arg(1);
    match e.holds::<Stream>(key) {
        Ok(true) => {}
        Ok(false) => return e.reply.int(0),
        Err(_) => return,
    }
    let Some(trim) = o.trim else { return };
    let result = e.changing::<Stream, _>(key, |s| {
        let n = s.log_mut().trim(trim, o.approximately, o.limit);
        (n, exact_bound(s.log(), &o))
    });
    let Some((trimmed, bound)) = result else { return };
    if trimmed > 0 {
        e.notify(class::STREAM, "xtrim", e.db, key);
        e.touched(key);
        e.dirty += trimmed - 1;
        if o.approximately {
            propagate(e, call, &o, None, &bound);
        }
    }
    e.reply.int(trimmed as i64);
}
