//! Reading places back: GEOPOS, GEOHASH, GEODIST.

use super::geo_words::{place, unit_arg};
use super::support::SYNTAX;
use crate::engine::Engine;
use crate::engine::call::flags::READONLY;
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::geo::{Place, distance, format_distance, place_of_score, text_of_place};
use crate::engine::types::ZSet;
use crate::wire::reply::ReplyWriter;

const KEYS: &[KeySpec] = &[KeySpec::range("RO access", 1, 0, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("geopos", -2, geopos, Group::Geo, "3.2.0")
        .flags(READONLY)
        .acl(acl::GEO)
        .keys(KEYS),
    CommandSpec::new("geohash", -2, geohash, Group::Geo, "3.2.0")
        .flags(READONLY)
        .acl(acl::GEO)
        .keys(KEYS),
    CommandSpec::new("geodist", -4, geodist, Group::Geo, "3.2.0")
        .flags(READONLY)
        .acl(acl::GEO)
        .keys(KEYS),
];

fn geopos(e: &mut Engine, call: &Call<'_>) {
    each(e, call, |reply, found| match found {
        Some(at) => place(reply, at),
        None => reply.null_array(),
    });
}

fn geohash(e: &mut Engine, call: &Call<'_>) {
    each(e, call, |reply, found| match found {
        Some(at) => reply.bulk_str(&text_of_place(at)),
        None => reply.null(),
    });
}

/// Replies with something for each member that is asked for.
fn each(e: &mut Engine, call: &Call<'_>, show: impl Fn(&mut ReplyWriter, Option<Place>)) {
    let members = call.args.get(2..).unwrap_or_default();
    let _ = e.reading::<ZSet, _>(call.arg(1), |zset, reply| {
        reply.array(members.len());
        for member in members {
            show(reply, zset.and_then(|z| z.score(member)).map(place_of_score));
        }
    });
}

fn geodist(e: &mut Engine, call: &Call<'_>) {
    let unit = match call.args.len() {
        4 => 1.0,
        5 => match unit_arg(e, call.arg(4)) {
            Some(unit) => unit,
            None => return,
        },
        _ => return e.reply.error(SYNTAX),
    };
    let _ = e.reading::<ZSet, _>(call.arg(1), |zset, reply| {
        let at = |member| zset.and_then(|z| z.score(member)).map(place_of_score);
        match (at(call.arg(2)), at(call.arg(3))) {
            (Some(a), Some(b)) => reply.bulk_str(&format_distance(distance(a, b) / unit)),
            _ => reply.null(),
        }
    });
}
