//! BITFIELD and BITFIELD_RO: small integers packed into a string.

use super::args::SYNTAX;
use super::bitmap::{READ, bit_offset, make_room};
use super::string_bytes::{change_string, reading_string};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::bitmap::{Overflow, Width, get_field, set_field};
use crate::wire::num::parse_i64;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("bitfield", -2, bitfield, Group::Bitmap, "3.2.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::BITMAP)
        .keys(&[KeySpec::range("RW access update variable_flags", 1, 0, 1)]),
    CommandSpec::new("bitfield_ro", -2, bitfield_ro, Group::Bitmap, "6.0.0")
        .flags(READONLY | FAST)
        .acl(acl::BITMAP)
        .keys(READ),
];

/// One of the operations of a call.
#[derive(Clone, Copy, Debug)]
struct Op {
    offset: u64,
    width: Width,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Get,
    Set(i64, Overflow),
    IncrBy(i64, Overflow),
}

fn bitfield(e: &mut Engine, call: &Call<'_>) {
    let Some(ops) = parse(e, call) else { return };
    let writes = ops.iter().filter(|op| !matches!(op.what, What::Get));
    let highest = writes.map(|op| op.offset.saturating_add(u64::from(op.width.bits) - 1)).max();
    let key = call.arg(1);
    let Some(highest) = highest else { return read(e, key, &ops) };
    let Some(grew) = make_room(e, key, highest) else { return };
    let mut reply = e.lend_reply();
    reply.array(ops.len());
    let changes = change_string(e, key, |bytes| {
        let mut changes = 0;
        for op in &ops {
            let old = get_field(bytes, op.offset, op.width);
            let new = match op.what {
                What::Get => {
                    reply.int(old);
                    continue;
                }
                What::Set(value, overflow) => op.width.set(value, overflow),
                What::IncrBy(by, overflow) => op.width.add(old, by, overflow),
            };
            let Some(new) = new else {
                reply.null();
                continue;
            };
            reply.int(if matches!(op.what, What::Set(..)) { old } else { new });
            set_field(bytes, op.offset, op.width, new);
            changes += u64::from(grew || old != new);
        }
        changes
    });
    e.take_reply_back(reply);
    if changes > 0 {
        e.notify(class::STRING, "setbit", e.db, key);
        e.touched(key);
        e.dirty += changes - 1;
    }
}

fn bitfield_ro(e: &mut Engine, call: &Call<'_>) {
    let Some(ops) = parse(e, call) else { return };
    if ops.iter().any(|op| !matches!(op.what, What::Get)) {
        return e.reply.error("ERR BITFIELD_RO only supports the GET subcommand");
    }
    read(e, call.arg(1), &ops);
}

fn read(e: &mut Engine, key: &[u8], ops: &[Op]) {
    reading_string(e, key, |bytes, reply| {
        reply.array(ops.len());
        for op in ops {
            reply.int(get_field(bytes.unwrap_or_default(), op.offset, op.width));
        }
    });
}

/// The operations in the call's words, or `None` after the error was replied.
fn parse(e: &mut Engine, call: &Call<'_>) -> Option<Vec<Op>> {
    let mut ops = Vec::new();
    let mut overflow = Overflow::Wrap;
    let mut at = 2;
    while at < call.args.len() {
        let left = call.args.len() - at - 1;
        let (is_get, is_set) = (call.is(at, "get") && left >= 2, call.is(at, "set") && left >= 3);
        if call.is(at, "overflow") && left >= 1 {
            overflow = match () {
                () if call.is(at + 1, "wrap") => Overflow::Wrap,
                () if call.is(at + 1, "sat") => Overflow::Saturate,
                () if call.is(at + 1, "fail") => Overflow::Fail,
                () => {
                    e.reply.error("ERR Invalid OVERFLOW type specified");
                    return None;
                }
            };
            at += 2;
            continue;
        }
        if !(is_get || is_set || call.is(at, "incrby") && left >= 3) {
            e.reply.error(SYNTAX);
            return None;
        }
        let width = width(e, call.arg(at + 1))?;
        let offset = bit_offset(e, call.arg(at + 2), Some(width.bits))?;
        let what = if is_get {
            What::Get
        } else {
            let n = e.int_arg(call.arg(at + 3))?;
            if is_set { What::Set(n, overflow) } else { What::IncrBy(n, overflow) }
        };
        ops.push(Op { offset, width, what });
        at += if is_get { 3 } else { 4 };
    }
    Some(ops)
}

/// A field's type such as `u8`, or `None` after the error was replied.
fn width(e: &mut Engine, arg: &[u8]) -> Option<Width> {
    let signed = arg.first() == Some(&b'i');
    let named = signed || arg.first() == Some(&b'u');
    let max = if signed { 64 } else { 63 };
    let digits = arg.get(1..).unwrap_or_default();
    // Redis reads it as a C string.
    let digits = digits.split(|b| *b == 0).next().unwrap_or_default();
    let bits = parse_i64(digits).filter(|n| named && (1..=max).contains(n));
    if bits.is_none() {
        e.reply.error(
            "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported \
             but i64 is.",
        );
    }
    Some(Width { bits: bits? as u32, signed })
}
