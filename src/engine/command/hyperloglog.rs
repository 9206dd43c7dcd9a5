//! PFADD, PFCOUNT, PFMERGE: how many different elements, about.

use super::string_bytes::change_string;
use super::support::WRONG_TYPE;
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, MAY_REPLICATE, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::encodings::count;
use crate::engine::keyspace::{Entry, Value};
use crate::engine::notify::class;
use crate::engine::types::hll::{self, Corrupt, Encoding, REGISTERS};

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("pfadd", -2, pfadd, Group::HyperLogLog, "2.8.9")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::HYPERLOGLOG)
        .keys(&[KeySpec::range("RW insert", 1, 0, 1)]),
    CommandSpec::new("pfcount", -2, pfcount, Group::HyperLogLog, "2.8.9")
        .flags(READONLY | MAY_REPLICATE)
        .acl(acl::HYPERLOGLOG)
        .keys(&[KeySpec::range("RW access", 1, -1, 1)]),
    CommandSpec::new("pfmerge", -2, pfmerge, Group::HyperLogLog, "2.8.9")
        .flags(WRITE | DENYOOM)
        .acl(acl::HYPERLOGLOG)
        .keys(&[
            KeySpec::range("RW access insert", 1, 0, 1),
            KeySpec::range("RO access", 2, -1, 1),
        ]),
];

pub(super) const CORRUPT: &str = "INVALIDOBJ Corrupted HLL object detected";

/// A key's value as a HyperLogLog: `Ok(None)` if there is no key, the error text if it is none.
pub(super) fn as_hll(entry: Option<&Entry>) -> Result<Option<(Value, Encoding)>, &'static str> {
    let Some(value) = entry.map(Entry::value) else { return Ok(None) };
    if !value.is_string() {
        return Err(WRONG_TYPE);
    }
    match hll::encoding(&value.bytes()) {
        Some(encoding) => Ok(Some((value.clone(), encoding))),
        None => Err("WRONGTYPE Key is not a valid HyperLogLog string value."),
    }
}

fn pfadd(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    let there = match as_hll(e.lookup_write(key)) {
        Ok(found) => found.is_some(),
        Err(error) => return e.reply.error(error),
    };
    let sparse_max = count(e.config.hll_sparse_max_bytes);
    let updated = change_string(e, key, |bytes| {
        let mut updated = u64::from(!there);
        if !there {
            *bytes = hll::empty();
        }
        for element in &call.args[2..] {
            updated += u64::from(hll::add(bytes, element, sparse_max)?);
        }
        if updated > 0 {
            hll::forget(bytes);
        }
        Ok(updated)
    });
    match updated {
        Err(Corrupt) => e.reply.error(CORRUPT),
        Ok(0) => e.reply.int(0),
        Ok(updated) => {
            e.notify(class::STRING, "pfadd", e.db, key);
            e.touched(key);
            e.dirty += updated - 1;
            e.reply.int(1);
        }
    }
}

fn pfcount(e: &mut Engine, call: &Call<'_>) {
    if call.args.len() > 2 {
        let Some((registers, _)) = union(e, &call.args[1..]) else { return };
        return e.reply.int(hll::estimate(&hll::histogram_of(&registers)) as i64);
    }
    let key = call.arg(1);
    match as_hll(e.look_up_read(key)) {
        Ok(Some(_)) => {}
        Ok(None) => return e.reply.int(0),
        Err(error) => return e.reply.error(error),
    }
    // Even a look makes the string `raw`, as in Redis.
    let card = change_string(e, key, |bytes| match hll::cached(bytes) {
        Some(card) => Ok((card, false)),
        None => hll::count(bytes).map(|card| {
            hll::remember(bytes, card);
            (card, true)
        }),
    });
    match card {
        Err(Corrupt) => e.reply.error(CORRUPT),
        Ok((card, refreshed)) => {
            if refreshed {
                e.touched(key);
            }
            e.reply.int(card as i64);
        }
    }
}

/// The highest value of each register among these keys, and whether one of them is dense; `None`
/// after an error was replied.
fn union(e: &mut Engine, keys: &[&[u8]]) -> Option<(Vec<u8>, bool)> {
    let (mut registers, mut dense) = (vec![0; REGISTERS], false);
    for key in keys {
        let merged = as_hll(e.look_up_read(key)).and_then(|found| match found {
            None => Ok(()),
            Some((value, encoding)) => {
                dense |= encoding == Encoding::Dense;
                hll::merge_into(&mut registers, &value.bytes()).map_err(|Corrupt| CORRUPT)
            }
        });
        if let Err(error) = merged {
            e.reply.error(error);
            return None;
        }
    }
    Some((registers, dense))
}

fn pfmerge(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    let Some((registers, dense)) = union(e, &call.args[1..]) else { return };
    let there = e.lookup_write(key).is_some();
    let sparse_max = count(e.config.hll_sparse_max_bytes);
    let merged = change_string(e, key, |bytes| {
        if !there {
            *bytes = hll::empty();
        }
        if dense {
            hll::make_dense(bytes)?;
        }
        for (i, value) in registers.iter().enumerate().filter(|(_, value)| **value > 0) {
            hll::raise(bytes, i, *value, sparse_max)?;
        }
        hll::forget(bytes);
        Ok(())
    });
    if let Err(Corrupt) = merged {
        return e.reply.error(CORRUPT);
    }
    e.notify(class::STRING, "pfadd", e.db, key);
    e.touched(key);
    e.reply.ok();
}
