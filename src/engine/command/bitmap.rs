//! SETBIT and GETBIT, and what all bit commands share.

use super::string_bytes::{change_string, reading_string};
use super::support::WRONG_TYPE;
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::keyspace::Value;
use crate::engine::notify::class;
use crate::engine::types::bitmap::{BitOp, combine};
use crate::wire::num::parse_i64;

pub(super) const READ: &[KeySpec] = &[KeySpec::range("RO access", 1, 0, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("setbit", 4, setbit, Group::Bitmap, "2.2.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::BITMAP)
        .keys(&[KeySpec::range("RW access update", 1, 0, 1)]),
    CommandSpec::new("getbit", 3, getbit, Group::Bitmap, "2.2.0")
        .flags(READONLY | FAST)
        .acl(acl::BITMAP)
        .keys(READ),
    CommandSpec::new("bitop", -4, bitop, Group::Bitmap, "2.6.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::BITMAP)
        .keys(&[KeySpec::range("OW update", 2, 0, 1), KeySpec::range("RO access", 3, -1, 1)]),
];

/// The longest string that a bit command makes for a master whose own limit is higher than ours.
/// Beyond it the master lies, or both sides should have run out of memory long ago.
const MAX_FROM_MASTER: u64 = 1 << 32;

/// A bit's position, or `None` after the error was replied. With `width` the form `#n` is allowed:
/// the n-th field of that many bits.
pub(super) fn bit_offset(e: &mut Engine, arg: &[u8], width: Option<u32>) -> Option<u64> {
    let number = match (arg.strip_prefix(b"#"), width) {
        (Some(n), Some(bits)) => parse_i64(n).map(|n| n.wrapping_mul(i64::from(bits))),
        _ => parse_i64(arg),
    };
    let max = match e.from_master() {
        true => MAX_FROM_MASTER,
        false => u64::try_from(e.config.proto_max_bulk_len).unwrap_or(0),
    };
    let offset = number.and_then(|n| u64::try_from(n).ok()).filter(|n| n / 8 < max);
    if offset.is_none() {
        e.reply.error("ERR bit offset is not an integer or out of range");
    }
    offset
}

/// Makes the string under `key` long enough for a bit; whether it grew or came into being. `None`
/// after WRONGTYPE was replied.
pub(super) fn make_room(e: &mut Engine, key: &[u8], highest_bit: u64) -> Option<bool> {
    let len = e.string_len(key).ok()?;
    let needed = usize::try_from(highest_bit / 8).ok()?.checked_add(1)?;
    if len.is_none_or(|len| len < needed) {
        change_string(e, key, |bytes| bytes.resize(needed, 0));
        return Some(true);
    }
    Some(false)
}

fn setbit(e: &mut Engine, call: &Call<'_>) {
    const NOT_A_BIT: &str = "ERR bit is not an integer or out of range";
    let key = call.arg(1);
    let Some(offset) = bit_offset(e, call.arg(2), None) else { return };
    let Some(on) = e.int_arg_or(call.arg(3), NOT_A_BIT) else { return };
    if on != 0 && on != 1 {
        return e.reply.error(NOT_A_BIT);
    }
    let Some(grew) = make_room(e, key, offset) else { return };
    let (byte, mask) = ((offset / 8) as usize, 0x80u8 >> (offset % 8));
    let was = change_string(e, key, |bytes| {
        let Some(byte) = bytes.get_mut(byte) else { return false };
        let was = *byte & mask != 0;
        *byte = if on == 1 { *byte | mask } else { *byte & !mask };
        was
    });
    if grew || was != (on == 1) {
        e.notify(class::STRING, "setbit", e.db, key);
        e.touched(key);
    }
    e.reply.int(was.into());
}

fn getbit(e: &mut Engine, call: &Call<'_>) {
    let Some(offset) = bit_offset(e, call.arg(2), None) else { return };
    reading_string(e, call.arg(1), |bytes, reply| {
        let byte = bytes.and_then(|b| b.get((offset / 8) as usize)).copied().unwrap_or(0);
        reply.int((byte & (0x80 >> (offset % 8)) != 0).into());
    });
}

fn bitop(e: &mut Engine, call: &Call<'_>) {
    let op = match () {
        () if call.is(1, "and") => BitOp::And,
        () if call.is(1, "or") => BitOp::Or,
        () if call.is(1, "xor") => BitOp::Xor,
        () if call.is(1, "not") => BitOp::Not,
        () => return e.reply.error(super::args::SYNTAX),
    };
    if op == BitOp::Not && call.args.len() != 4 {
        return e.reply.error("ERR BITOP NOT must be called with a single source key.");
    }
    let mut sources: Vec<Option<Value>> = Vec::with_capacity(call.args.len() - 3);
    for key in &call.args[3..] {
        let value = e.lookup_read(key);
        if value.as_ref().is_some_and(|v| !v.is_string()) {
            return e.reply.error(WRONG_TYPE);
        }
        sources.push(value);
    }
    let bytes: Vec<_> =
        sources.iter().map(|v| v.as_ref().map_or_else(Default::default, Value::bytes)).collect();
    let result = combine(op, &bytes);
    let (target, len) = (call.arg(2), result.len());
    if len > 0 {
        e.set_key(target, Value::Raw(result.into()), false);
        e.notify(class::STRING, "set", e.db, target);
        e.touched(target);
    } else if e.delete_key(target) {
        e.notify(class::GENERIC, "del", e.db, target);
    }
    e.reply.int(len as i64);
}
