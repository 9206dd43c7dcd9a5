//! What is near: GEOSEARCH, GEOSEARCHSTORE, and the older GEORADIUS commands.

use super::geo_options::{Asked, Form, Order, read};
use super::geo_words::place;
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::geo::{Boxes, Place, Shape, format_distance, place_of_score};
use crate::engine::types::ZSet;
use crate::engine::types::zset::ScoreRange;

const READ: &[KeySpec] = &[KeySpec::range("RO access", 1, 0, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("geosearch", -7, |e, c| search(e, c, Form::Search), Group::Geo, "6.2.0")
        .flags(READONLY)
        .acl(acl::GEO)
        .keys(READ),
    CommandSpec::new(
        "geosearchstore",
        -8,
        |e, c| search(e, c, Form::SearchStore),
        Group::Geo,
        "6.2.0",
    )
    .flags(WRITE | DENYOOM)
    .acl(acl::GEO)
    .keys(&[KeySpec::range("OW update", 1, 0, 1), KeySpec::range("RO access", 2, 0, 1)]),
    CommandSpec::new("georadius", -6, |e, c| search(e, c, Form::Radius), Group::Geo, "3.2.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::GEO)
        .keys(&[
            KeySpec::range("RO access", 1, 0, 1),
            KeySpec::keyword("OW update", "STORE", 6, 0, 1),
            KeySpec::keyword("OW update", "STOREDIST", 6, 0, 1),
        ]),
    CommandSpec::new("georadius_ro", -6, |e, c| search(e, c, Form::RadiusRo), Group::Geo, "3.2.10")
        .flags(READONLY)
        .acl(acl::GEO)
        .keys(READ),
    CommandSpec::new(
        "georadiusbymember",
        -5,
        |e, c| search(e, c, Form::ByMember),
        Group::Geo,
        "3.2.0",
    )
    .flags(WRITE | DENYOOM)
    .acl(acl::GEO)
    .keys(&[
        KeySpec::range("RO access", 1, 0, 1),
        KeySpec::keyword("OW update", "STORE", 5, 0, 1),
        KeySpec::keyword("OW update", "STOREDIST", 5, 0, 1),
    ]),
    CommandSpec::new(
        "georadiusbymember_ro",
        -5,
        |e, c| search(e, c, Form::ByMemberRo),
        Group::Geo,
        "3.2.10",
    )
    .flags(READONLY)
    .acl(acl::GEO)
    .keys(READ),
];

/// A place that was found.
struct Point {
    member: Vec<u8>,
    score: f64,
    at: Place,
    /// Metres from the centre.
    far: f64,
}

fn search(e: &mut Engine, call: &Call<'_>, form: Form) {
    let Ok(zset) = e.read_zset(call.arg(form.source())) else { return };
    let Some(asked) = read(e, call, form, zset.as_deref()) else { return };
    let (Some(zset), Some(shape)) = (zset, asked.shape) else {
        return match asked.store {
            Some(to) => e.store_zset(to, ZSet::default(), ""),
            None => e.reply.array(0),
        };
    };
    let mut points = find(&zset, &shape, if asked.any { asked.count } else { None });
    let order = asked.order.or(asked.count.filter(|_| !asked.any).map(|_| Order::Nearest));
    match order {
        Some(Order::Nearest) => points.sort_by(|a, b| a.far.total_cmp(&b.far)),
        Some(Order::Farthest) => points.sort_by(|a, b| b.far.total_cmp(&a.far)),
        None => {}
    }
    points.truncate(asked.count.unwrap_or(usize::MAX));
    match asked.store {
        Some(to) => store(e, to, points, &shape, &asked, form),
        None => show(e, points, &shape, &asked),
    }
}

/// The places in the shape, cell by cell; at most `limit`.
fn find(zset: &ZSet, shape: &Shape, limit: Option<usize>) -> Vec<Point> {
    let mut points = Vec::new();
    for cell in Boxes::covering(shape).cells() {
        let (min, max) = cell.scores();
        let range = ScoreRange { min, min_open: false, max, max_open: true };
        for (member, score) in zset.pairs(zset.ranks_by_score(&range), false) {
            if limit.is_some_and(|limit| points.len() >= limit) {
                return points;
            }
            let at = place_of_score(score);
            if let Some(far) = shape.reach(at) {
                points.push(Point { member: member.to_vec(), score, at, far });
            }
        }
    }
    points
}

fn show(e: &mut Engine, points: Vec<Point>, shape: &Shape, asked: &Asked<'_>) {
    let extras = [asked.distance, asked.hash, asked.place].iter().filter(|on| **on).count();
    e.reply.array(points.len());
    for point in points {
        if extras > 0 {
            e.reply.array(extras + 1);
        }
        e.reply.bulk(&point.member);
        if asked.distance {
            e.reply.bulk_str(&format_distance(point.far / shape.unit));
        }
        if asked.hash {
            e.reply.int(point.score as i64);
        }
        if asked.place {
            place(&mut e.reply, point.at);
        }
    }
}

fn store(
    e: &mut Engine,
    to: &[u8],
    points: Vec<Point>,
    shape: &Shape,
    asked: &Asked<'_>,
    form: Form,
) {
    let score = |p: &Point| if asked.store_distance { p.far / shape.unit } else { p.score };
    let pairs: Vec<(Vec<u8>, f64)> = points
        .into_iter()
        .map(|p| {
            let score = score(&p);
            (p.member, score)
        })
        .collect();
    let more = pairs.len().saturating_sub(1) as u64;
    let event = if form.is_search() { "geosearchstore" } else { "georadiusstore" };
    let (zset, _) = ZSet::from_pairs(pairs, &e.zset_limits());
    e.store_zset(to, zset, event);
    // Redis counts every member here, where other *STORE commands count one change.
    e.dirty += more;
}
