//! GEOADD: places, stored as members of a sorted set.

use super::geo_words::place_arg;
use super::support::SYNTAX;
use super::zset_add;
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::geo::score_of_place;
use crate::engine::types::zset::Add;

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("geoadd", -5, geoadd, Group::Geo, "3.2.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::GEO)
        .keys(&[KeySpec::range("RW update", 1, 0, 1)])];

fn geoadd(e: &mut Engine, call: &Call<'_>) {
    let (mut how, mut ch) = (Add::default(), false);
    let mut at = 2;
    loop {
        match () {
            () if call.is(at, "nx") => how.nx = true,
            () if call.is(at, "xx") => how.xx = true,
            () if call.is(at, "ch") => ch = true,
            () => break,
        }
        at += 1;
    }
    let places = call.args.get(at..).unwrap_or_default();
    if places.len() % 3 != 0 || (how.xx && how.nx) {
        return e.reply.error(SYNTAX);
    }
    let mut pairs: Vec<(f64, &[u8])> = Vec::with_capacity(places.len() / 3);
    for place in places.chunks_exact(3) {
        let Some(at) = place_arg(e, place[0], place[1]) else { return };
        pairs.push((score_of_place(at), place[2]));
    }
    if pairs.is_empty() {
        return e.reply.error(SYNTAX);
    }
    let before = e.dirty;
    zset_add::add_pairs(e, call.arg(1), &pairs, how, ch);
    if e.dirty == before {
        return;
    }
    // Replicas get the scores: a ZADD, its name in small letters as Redis sends it.
    let scores: Vec<String> = pairs.iter().map(|(score, _)| (*score as u64).to_string()).collect();
    let mut words: Vec<&[u8]> = vec![b"zadd"];
    words.extend(&call.args[1..at]);
    for (score, (_, member)) in scores.iter().zip(&pairs) {
        words.extend([score.as_bytes(), member]);
    }
    e.propagate_as(&words);
}
