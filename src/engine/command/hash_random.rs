//! Fields by chance: HRANDFIELD.

use super::support::{SYNTAX, elem};
use crate::engine::Engine;
use crate::engine::call::flags::READONLY;
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::rng::Rng;
use crate::engine::types::Hash;
use crate::engine::types::hash::HashRepr;
use crate::wire::listpack::Entry;
use crate::wire::reply::ReplyWriter;
use std::collections::BTreeSet;

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("hrandfield", -2, hrandfield, Group::Hash, "6.2.0")
        .flags(READONLY)
        .acl(acl::HASH)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RO access", 1, 0, 1)])];

/// If so many times the wanted number are more than there are, all are shuffled; otherwise fields are
/// drawn until there are enough different ones.
const SHUFFLE_BELOW: usize = 3;

/// A field and its value.
type Pair<'a> = (Entry<'a>, Entry<'a>);

fn hrandfield(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    let count = match call.args.len() {
        2 => None,
        _ => match e.int_arg_in(call.arg(2), -i64::MAX, i64::MAX, None) {
            Some(count) => Some(count),
            None => return,
        },
    };
    let values = call.args.len() == 4 && call.is(3, "WITHVALUES");
    if call.args.len() > 4 || (call.args.len() == 4 && !values) {
        return e.reply.error(SYNTAX);
    }
    if values && count.is_some_and(|n| n.unsigned_abs() > i64::MAX as u64 / 2) {
        return e.reply.error("ERR value is out of range");
    }
    let mut rng = e.rng.clone();
    match count {
        None => {
            let _ = e.reading::<Hash, _>(key, |hash, reply| {
                match hash.and_then(|hash| hash.random(&mut || rng.next_u64())) {
                    Some((field, _)) => elem(reply, field),
                    None => reply.null(),
                }
            });
        }
        Some(count) => random_fields(e, key, count, values, &mut rng),
    }
    e.rng = rng;
}

fn random_fields(e: &mut Engine, key: &[u8], count: i64, values: bool, rng: &mut Rng) {
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let most = e.longest_reply();
    let whole = e.reading::<Hash, _>(key, |hash, reply| {
        let Some(hash) = hash.filter(|_| count != 0) else {
            reply.array(0);
            return true;
        };
        if count > 0 {
            let drawn = draw(hash, wanted, rng);
            head(reply, drawn.len(), values);
            drawn.into_iter().for_each(|found| pair(reply, found, values));
            return true;
        }
        // The same field may come again.
        head(reply, wanted, values);
        let packed: Option<Vec<Pair<'_>>> =
            matches!(hash.repr(), HashRepr::Packed(_)).then(|| hash.iter().collect());
        for _ in 0..wanted {
            if reply.buf.len() > most {
                return false;
            }
            let found = match &packed {
                Some(all) => all.get(rng.below(all.len() as u64) as usize).copied(),
                None => hash.random(&mut || rng.next_u64()),
            };
            if let Some(found) = found {
                pair(reply, found, values);
            }
        }
        true
    });
    if whole == Ok(false) {
        e.reply_too_long();
    }
}

/// In RESP3 fields with values are an array of pairs, in RESP2 a flat one.
fn head(reply: &mut ReplyWriter, fields: usize, values: bool) {
    reply.array(if values && reply.resp < 3 { fields.saturating_mul(2) } else { fields });
}

fn pair(reply: &mut ReplyWriter, (field, value): Pair<'_>, values: bool) {
    if values && reply.resp >= 3 {
        reply.array(2);
    }
    elem(reply, field);
    if values {
        elem(reply, value);
    }
}

/// Up to so many different fields, every choice of them equally likely.
fn draw<'a>(hash: &'a Hash, count: usize, rng: &mut Rng) -> Vec<Pair<'a>> {
    if count >= hash.len() {
        return hash.iter().collect();
    }
    let packed = matches!(hash.repr(), HashRepr::Packed(_));
    if packed || count.saturating_mul(SHUFFLE_BELOW) > hash.len() {
        let mut all: Vec<Pair<'_>> = hash.iter().collect();
        for at in 0..count {
            let other = at + rng.below((all.len() - at) as u64) as usize;
            all.swap(at, other);
        }
        all.truncate(count);
        return all;
    }
    let (mut drawn, mut known) = (Vec::with_capacity(count), BTreeSet::new());
    while drawn.len() < count {
        let Some(found) = hash.random(&mut || rng.next_u64()) else { break };
        if known.insert(found.0) {
            drawn.push(found);
        }
    }
    drawn
}
