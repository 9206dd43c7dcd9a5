//! BITCOUNT and BITPOS: the bits of a range, given in bytes or bits.

use super::args::SYNTAX;
use super::bitmap::READ;
use super::string_bytes::reading_string;
use crate::engine::Engine;
use crate::engine::call::flags::READONLY;
use crate::engine::call::{Call, CommandSpec, Group, acl};
use crate::engine::types::bitmap::{count_bits, first_bit};
use crate::wire::num::parse_i64;
use std::ops::RangeInclusive;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("bitcount", -2, bitcount, Group::Bitmap, "2.6.0")
        .flags(READONLY)
        .acl(acl::BITMAP)
        .keys(READ),
    CommandSpec::new("bitpos", -3, bitpos, Group::Bitmap, "2.8.7")
        .flags(READONLY)
        .acl(acl::BITMAP)
        .keys(READ),
];

/// The bit positions that `start` and `end` mean in a string of `len` bytes; `None`: an empty
/// range. Negative ones count from the end.
fn bit_range(len: usize, start: i64, end: i64, in_bits: bool) -> Option<RangeInclusive<u64>> {
    let total = if in_bits { len as i64 * 8 } else { len as i64 };
    let place = |n: i64| if n < 0 { (n + total).max(0) } else { n };
    let (start, end) = (place(start), place(end).min(total - 1));
    if start > end {
        return None;
    }
    let (start, end) = (start as u64, end as u64);
    Some(if in_bits { start..=end } else { start * 8..=end * 8 + 7 })
}

/// Whether the unit's word means bits; `None`: neither BIT nor BYTE.
fn unit_is_bits(word: Option<&&[u8]>) -> Option<bool> {
    match word {
        None => Some(false),
        Some(w) if w.eq_ignore_ascii_case(b"bit") => Some(true),
        Some(w) if w.eq_ignore_ascii_case(b"byte") => Some(false),
        Some(_) => None,
    }
}

fn bitcount(e: &mut Engine, call: &Call<'_>) {
    let args = call.args;
    reading_string(e, call.arg(1), |bytes, reply| {
        // Of a key that is not there not even the other words are looked at.
        let Some(bytes) = bytes else { return reply.int(0) };
        let range = match args.len() {
            2 => bit_range(bytes.len(), 0, -1, false),
            4 | 5 => {
                let (Some(start), Some(end)) = (parse_i64(args[2]), parse_i64(args[3])) else {
                    return reply.error(super::args::NOT_AN_INTEGER);
                };
                if start < 0 && end < 0 && start > end {
                    return reply.int(0);
                }
                match unit_is_bits(args.get(4)) {
                    Some(in_bits) => bit_range(bytes.len(), start, end, in_bits),
                    None => return reply.error(SYNTAX),
                }
            }
            _ => return reply.error(SYNTAX),
        };
        reply.int(range.map_or(0, |range| count_bits(bytes, range) as i64));
    });
}

fn bitpos(e: &mut Engine, call: &Call<'_>) {
    let args = call.args;
    let Some(bit) = e.int_arg(call.arg(2)) else { return };
    if bit != 0 && bit != 1 {
        return e.reply.error("ERR The bit argument must be 1 or 0.");
    }
    reading_string(e, call.arg(1), |bytes, reply| {
        // A key that is not there is an endless row of zeros.
        let Some(bytes) = bytes else { return reply.int(if bit == 1 { -1 } else { 0 }) };
        let (mut start, mut end, mut in_bits) = (0, -1, false);
        if args.len() > 6 {
            return reply.error(SYNTAX);
        }
        if let Some(word) = args.get(3) {
            let Some(n) = parse_i64(word) else {
                return reply.error(super::args::NOT_AN_INTEGER);
            };
            start = n;
            match unit_is_bits(args.get(5)) {
                Some(unit) => in_bits = unit,
                None => return reply.error(SYNTAX),
            }
        }
        if let Some(word) = args.get(4) {
            let Some(n) = parse_i64(word) else {
                return reply.error(super::args::NOT_AN_INTEGER);
            };
            end = n;
        }
        let Some(range) = bit_range(bytes.len(), start, end, in_bits) else { return reply.int(-1) };
        let found = first_bit(bytes, range, bit == 1);
        let behind = bytes.len() as i64 * 8;
        reply.int(match found {
            Some(at) => at as i64,
            // Without an end of the caller's own, the string goes on with zeros for ever.
            None if bit == 0 && args.len() < 5 => behind,
            None => -1,
        });
    });
}
