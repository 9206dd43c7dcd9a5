//! ZUNION, ZINTER, ZDIFF, their STORE forms, and ZINTERCARD: of sorted sets and of plain sets.

use super::support::SYNTAX;
use super::zset_bounds::{announce, pair};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::keys_typed::WRONG_TYPE;
use crate::engine::keyspace::{HashSeed, Value};
use crate::engine::types::{Elem, Set, ZSet};
use crate::wire::listpack::Entry;
use crate::wire::num::parse_f64;
use hashbrown::HashTable;
use std::sync::Arc;

const READ: &[KeySpec] = &[KeySpec::numkeys("RO access", 1)];
const STORE: &[KeySpec] = &[KeySpec::range("OW update", 1, 0, 1), KeySpec::numkeys("RO access", 2)];

const fn reader(
    name: &'static str,
    handler: fn(&mut Engine, &Call<'_>),
    since: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, -3, handler, Group::SortedSet, since)
        .flags(READONLY)
        .acl(acl::SORTEDSET)
        .keys(READ)
}

const fn storer(
    name: &'static str,
    handler: fn(&mut Engine, &Call<'_>),
    since: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, -4, handler, Group::SortedSet, since)
        .flags(WRITE | DENYOOM)
        .acl(acl::SORTEDSET)
        .keys(STORE)
}

pub(super) const SPECS: &[CommandSpec] = &[
    reader("zunion", |e, call| show(e, call, Op::Union), "6.2.0"),
    reader("zinter", |e, call| show(e, call, Op::Inter), "6.2.0"),
    reader("zdiff", |e, call| show(e, call, Op::Diff), "6.2.0"),
    reader("zintercard", zintercard, "7.0.0"),
    storer("zunionstore", |e, call| store(e, call, Op::Union), "2.0.0"),
    storer("zinterstore", |e, call| store(e, call, Op::Inter), "2.0.0"),
    storer("zdiffstore", |e, call| store(e, call, Op::Diff), "6.2.0"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Union,
    Inter,
    Diff,
}

/// What a command is, beside the operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Show,
    Store,
    Card,
}

#[derive(Clone, Copy)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn join(self, a: f64, b: f64) -> f64 {
        match self {
            Aggregate::Sum => Some(a + b).filter(|sum| !sum.is_nan()).unwrap_or(0.0),
            Aggregate::Min => {
                if b < a {
                    b
                } else {
                    a
                }
            }
            Aggregate::Max => {
                if b > a {
                    b
                } else {
                    a
                }
            }
        }
    }
}

/// One input.
#[derive(Clone)]
struct Source {
    held: Held,
    weight: f64,
}

#[derive(Clone)]
enum Held {
    Nothing,
    Set(Arc<Set>),
    ZSet(Arc<ZSet>),
}

impl Source {
    fn len(&self) -> usize {
        match &self.held {
            Held::Nothing => 0,
            Held::Set(set) => set.len(),
            Held::ZSet(zset) => zset.len(),
        }
    }

    /// Shows the members with their scores (1 in a plain set) while `show` asks for more.
    fn each(&self, mut show: impl FnMut(&[u8], f64) -> bool) {
        let mut room = itoa::Buffer::new();
        match &self.held {
            Held::Nothing => {}
            Held::Set(set) => {
                for member in set.iter() {
                    let text = match member {
                        Elem::Int(n) => room.format(n).as_bytes(),
                        Elem::Str(text) => text,
                    };
                    if !show(text, 1.0) {
                        return;
                    }
                }
            }
            Held::ZSet(zset) => {
                for (member, score) in zset.iter() {
                    if !show(member.text(&mut room), score) {
                        return;
                    }
                }
            }
        }
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.held {
            Held::Nothing => None,
            Held::Set(set) => set.contains(member).then_some(1.0),
            Held::ZSet(zset) => zset.score(member),
        }
    }

    /// The score with its weight; what is no number counts as 0.
    fn weighed(&self, score: f64) -> f64 {
        Some(self.weight * score).filter(|s| !s.is_nan()).unwrap_or(0.0)
    }
}

/// A command's words, read.
struct Asked {
    sources: Vec<Source>,
    aggregate: Aggregate,
    scores: bool,
    /// 0: none.
    limit: usize,
}

fn show(e: &mut Engine, call: &Call<'_>, op: Op) {
    let Some(asked) = read(e, call, 1, op, Form::Show) else { return };
    let mut pairs = combine(op, &asked, e.keyspace.seed());
    pairs.sort_by(|a, b| {
        let scores = a.1.partial_cmp(&b.1).unwrap_or(std::cmp::Ordering::Equal);
        scores.then_with(|| a.0.cmp(&b.0))
    });
    announce(&mut e.reply, pairs.len(), asked.scores);
    for (member, score) in &pairs {
        pair(&mut e.reply, Entry::Str(member), *score, asked.scores);
    }
}

fn store(e: &mut Engine, call: &Call<'_>, op: Op) {
    let Some(asked) = read(e, call, 2, op, Form::Store) else { return };
    let pairs = combine(op, &asked, e.keyspace.seed());
    let event = match op {
        Op::Union => "zunionstore",
        Op::Inter => "zinterstore",
        Op::Diff => "zdiffstore",
    };
    let (zset, _) = ZSet::from_pairs(pairs, &e.zset_limits());
    e.store_zset(call.arg(1), zset, event);
}

fn zintercard(e: &mut Engine, call: &Call<'_>) {
    let Some(asked) = read(e, call, 1, Op::Inter, Form::Card) else { return };
    let (mut n, limit) = (0, asked.limit);
    intersect(&asked, |_, _| {
        n += 1;
        n != limit
    });
    e.reply.int(n as i64);
}

/// Reads the number of keys at word `at`, the keys and the options. Wrong types come before wrong
/// options, as in Redis; the error was replied.
fn read(e: &mut Engine, call: &Call<'_>, at: usize, op: Op, form: Form) -> Option<Asked> {
    let numkeys = e.int_arg(call.arg(at))?;
    if numkeys < 1 {
        let name = call.spec.name;
        e.reply.error(format!("ERR at least 1 input key is needed for '{name}' command"));
        return None;
    }
    let first = at + 1;
    let end = usize::try_from(numkeys).ok().and_then(|n| n.checked_add(first));
    let Some(end) = end.filter(|end| *end <= call.args.len()) else {
        e.reply.error(SYNTAX);
        return None;
    };
    let mut sources = Vec::with_capacity(end - first);
    for key in &call.args[first..end] {
        let held = match e.lookup_read(key) {
            None => Held::Nothing,
            Some(Value::Set(set)) => Held::Set(set),
            Some(Value::ZSet(zset)) => Held::ZSet(zset),
            Some(_) => {
                e.reply.error(WRONG_TYPE);
                return None;
            }
        };
        sources.push(Source { held, weight: 1.0 });
    }
    let mut asked = Asked { sources, aggregate: Aggregate::Sum, scores: false, limit: 0 };
    options(e, call, end, op, form, &mut asked)?;
    if op != Op::Diff {
        // The order of a sum of doubles counts: smallest inputs first.
        asked.sources.sort_by_key(Source::len);
    }
    Some(asked)
}

fn options(
    e: &mut Engine,
    call: &Call<'_>,
    mut at: usize,
    op: Op,
    form: Form,
    asked: &mut Asked,
) -> Option<()> {
    let weighs = op != Op::Diff && form != Form::Card;
    while at < call.args.len() {
        let left = call.args.len() - at - 1;
        if weighs && left >= asked.sources.len() && call.is(at, "weights") {
            for source in &mut asked.sources {
                at += 1;
                let Some(weight) = parse_f64(call.arg(at)) else {
                    e.reply.error("ERR weight value is not a float");
                    return None;
                };
                source.weight = weight;
            }
        } else if weighs && left >= 1 && call.is(at, "aggregate") {
            at += 1;
            asked.aggregate = match () {
                () if call.is(at, "sum") => Aggregate::Sum,
                () if call.is(at, "min") => Aggregate::Min,
                () if call.is(at, "max") => Aggregate::Max,
                () => {
                    e.reply.error(SYNTAX);
                    return None;
                }
            };
        } else if form == Form::Show && call.is(at, "withscores") {
            asked.scores = true;
        } else if form == Form::Card && left >= 1 && call.is(at, "limit") {
            at += 1;
            let error = Some("ERR LIMIT can't be negative");
            asked.limit = e.int_arg_in(call.arg(at), 0, i64::MAX, error)? as usize;
        } else {
            e.reply.error(SYNTAX);
            return None;
        }
        at += 1;
    }
    Some(())
}

/// The result, in no order.
fn combine(op: Op, asked: &Asked, seed: HashSeed) -> Vec<(Vec<u8>, f64)> {
    match op {
        Op::Union => unite(asked, seed),
        Op::Inter => {
            let mut pairs = Vec::new();
            intersect(asked, |member, score| {
                pairs.push((member.to_vec(), score));
                true
            });
            pairs
        }
        Op::Diff => {
            let (mut pairs, mut others) = (Vec::new(), asked.sources[1..].to_vec());
            // The largest is the most likely one to know a member.
            others.sort_by_key(|s| std::cmp::Reverse(s.len()));
            asked.sources[0].each(|member, score| {
                if !others.iter().any(|s| s.score(member).is_some()) {
                    pairs.push((member.to_vec(), score));
                }
                true
            });
            pairs
        }
    }
}

/// Shows what all inputs have, while `show` asks for more.
fn intersect(asked: &Asked, mut show: impl FnMut(&[u8], f64) -> bool) {
    let Some((least, others)) = asked.sources.split_first() else { return };
    least.each(|member, score| {
        let mut sum = least.weighed(score);
        for other in others {
            let Some(score) = other.score(member) else { return true };
            sum = asked.aggregate.join(sum, other.weight * score);
        }
        show(member, sum)
    });
}

fn unite(asked: &Asked, seed: HashSeed) -> Vec<(Vec<u8>, f64)> {
    let mut pairs: Vec<(Vec<u8>, f64)> = Vec::new();
    let mut places: HashTable<usize> = HashTable::new();
    // The table wants all bits of a hash to differ.
    let hash = |member: &[u8]| seed.hash(member).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for source in &asked.sources {
        source.each(|member, score| {
            let score = source.weighed(score);
            let hashed = hash(member);
            match places.find(hashed, |at| pairs[*at].0 == member) {
                Some(at) => {
                    let sum = &mut pairs[*at].1;
                    *sum = asked.aggregate.join(*sum, score);
                }
                None => {
                    let at = pairs.len();
                    pairs.push((member.to_vec(), score));
                    places.insert_unique(hashed, at, |at| hash(&pairs[*at].0));
                }
            }
            true
        });
    }
    pairs
}
