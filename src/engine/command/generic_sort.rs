//! SORT and SORT_RO: the elements of a list, set or sorted set by themselves or by weights that lie
//! elsewhere, shown or stored.

use super::sort_pattern::{has_star, look_up};
use super::support::{SYNTAX, WRONG_TYPE, elem};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::keyspace::Value;
use crate::engine::notify::class;
use crate::engine::types::list::LARGE;
use crate::engine::types::zset::ZSetRepr;
use crate::engine::types::{List, ZSet};
use crate::wire::listpack::Entry;
use crate::wire::num::parse_f64;
use std::cmp::Ordering;
use std::ops::Range;

/// `list-max-listpack-size` of a list that SORT makes, whatever the configuration says.
const FILL: i64 = -2;

const CATEGORIES: u32 = acl::SET | acl::SORTEDSET | acl::LIST | acl::DANGEROUS;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("sort", -2, sort, Group::Generic, "1.0.0")
        .flags(WRITE | DENYOOM)
        .acl(CATEGORIES)
        .keys(&[
            KeySpec::range("RO access", 1, 0, 1),
            KeySpec::unknown("RO access"),
            KeySpec::unknown("OW update"),
        ]),
    CommandSpec::new("sort_ro", -2, sort_ro, Group::Generic, "7.0.0")
        .flags(READONLY)
        .acl(CATEGORIES)
        .keys(&[KeySpec::range("RO access", 1, 0, 1), KeySpec::unknown("RO access")]),
];

/// What the words of a SORT ask for.
#[derive(Default)]
struct Asked<'a> {
    desc: bool,
    alpha: bool,
    /// LIMIT: the first element, and how many; negative: all.
    limit: Option<(i64, i64)>,
    by: Option<&'a [u8]>,
    /// BY something that is the same for all: the order stays.
    unsorted: bool,
    get: Vec<&'a [u8]>,
    store: Option<&'a [u8]>,
}

/// An element that is being sorted.
struct Item<'a> {
    element: Entry<'a>,
    /// What it is sorted by, as a number.
    score: f64,
    /// What it is sorted by with BY and ALPHA.
    weight: Option<Vec<u8>>,
}

fn sort(e: &mut Engine, call: &Call<'_>) {
    sort_key(e, call, true);
}

fn sort_ro(e: &mut Engine, call: &Call<'_>) {
    sort_key(e, call, false);
}

/// Reads the options; `None` after an error was replied.
fn read<'a>(e: &mut Engine, call: &Call<'a>, may_store: bool) -> Option<Asked<'a>> {
    let mut asked = Asked::default();
    let mut at = 2;
    while at < call.args.len() {
        let left = call.args.len() - at - 1;
        if call.is(at, "ASC") {
            asked.desc = false;
        } else if call.is(at, "DESC") {
            asked.desc = true;
        } else if call.is(at, "ALPHA") {
            asked.alpha = true;
        } else if call.is(at, "LIMIT") && left >= 2 {
            asked.limit = Some((e.int_arg(call.arg(at + 1))?, e.int_arg(call.arg(at + 2))?));
            at += 2;
        } else if may_store && call.is(at, "STORE") && left >= 1 {
            asked.store = Some(call.arg(at + 1));
            at += 1;
        } else if call.is(at, "BY") && left >= 1 {
            asked.by = Some(call.arg(at + 1));
            asked.unsorted |= !has_star(call.arg(at + 1));
            at += 1;
        } else if call.is(at, "GET") && left >= 1 {
            asked.get.push(call.arg(at + 1));
            at += 1;
        } else {
            e.reply.error(SYNTAX);
            return None;
        }
        at += 1;
    }
    Some(asked)
}

fn sort_key(e: &mut Engine, call: &Call<'_>, may_store: bool) {
    let key = call.arg(1);
    let Some(mut asked) = read(e, call, may_store) else { return };
    let value = e.lookup_read(key);
    let is_set = matches!(value, Some(Value::Set(_)));
    if asked.unsorted && is_set && asked.store.is_some() {
        // The order of a set is chance, and replicas have another: what is stored must not depend
        // on it.
        asked.unsorted = false;
        asked.alpha = true;
        asked.by = None;
    }
    let mut items: Vec<Item<'_>> = match &value {
        None => Vec::new(),
        Some(Value::List(list)) => list.iter().map(Item::of).collect(),
        Some(Value::Set(set)) => set.iter().map(Item::of).collect(),
        Some(Value::ZSet(zset)) => zset.iter().map(|(member, _)| Item::of(member)).collect(),
        Some(_) => return e.reply.error(WRONG_TYPE),
    };
    if matches!(&value, Some(Value::ZSet(zset)) if matches!(zset.repr(), ZSetRepr::Packed(_))) {
        // Redis needs the tree, and the key keeps that encoding.
        let limits = e.zset_limits();
        e.changing(key, |zset: &mut ZSet| zset.sort(&limits));
    }
    if !asked.unsorted {
        if !weigh(e, &asked, &mut items) {
            return e.reply.error("ERR One or more scores can't be converted into double");
        }
        items.sort_by(|a, b| match asked.desc {
            true => compare(&asked, b, a),
            false => compare(&asked, a, b),
        });
    } else if asked.desc && !is_set {
        items.reverse();
    }
    let shown = &items[window(asked.limit, items.len())];
    match asked.store {
        None => show(e, &asked, shown),
        Some(to) => store(e, &asked, shown, to),
    }
}

impl<'a> Item<'a> {
    fn of(element: Entry<'a>) -> Item<'a> {
        Item { element, score: 0.0, weight: None }
    }
}

/// Finds out what every element is sorted by; `false` if that is no number where it must be one.
fn weigh(e: &mut Engine, asked: &Asked<'_>, items: &mut [Item<'_>]) -> bool {
    let mut numbers = true;
    for item in items {
        let weight = match asked.by {
            Some(pattern) => match look_up(e, pattern, item.element) {
                Some(weight) => Some(weight),
                None => continue,
            },
            None => None,
        };
        if asked.alpha {
            item.weight = weight;
            continue;
        }
        let score = match &weight {
            Some(text) => number(text),
            None => match item.element {
                Entry::Int(n) => Some(n as f64),
                Entry::Str(text) => number(text),
            },
        };
        numbers &= score.is_some();
        item.score = score.unwrap_or(0.0);
    }
    numbers
}

/// A number as C's strtod reads all of a text: blanks in front are allowed, and so is nothing.
fn number(text: &[u8]) -> Option<f64> {
    let text = &text[..text.iter().position(|b| *b == 0).unwrap_or(text.len())];
    if text.is_empty() {
        return Some(0.0);
    }
    let blank = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r');
    parse_f64(&text[text.iter().position(|b| !blank(b))?..])
}

fn compare(asked: &Asked<'_>, a: &Item<'_>, b: &Item<'_>) -> Ordering {
    let texts = |a: &[u8], b: &[u8]| match asked.store {
        Some(_) => a.cmp(b),
        // For the eye Redis compares as C does, which ends a text at a zero byte.
        None => a.split(|c| *c == 0).next().cmp(&b.split(|c| *c == 0).next()),
    };
    let elements = |texts: &dyn Fn(&[u8], &[u8]) -> Ordering| {
        a.element.with_text(|a| b.element.with_text(|b| texts(a, b)))
    };
    if !asked.alpha {
        let scores = a.score.partial_cmp(&b.score).unwrap_or(Ordering::Equal);
        return scores.then_with(|| elements(&|a, b| a.cmp(b)));
    }
    match (asked.by, &a.weight, &b.weight) {
        (None, ..) => elements(&texts),
        (Some(_), Some(a), Some(b)) => texts(a, b),
        (Some(_), a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Which of `len` elements LIMIT leaves.
fn window(limit: Option<(i64, i64)>, len: usize) -> Range<usize> {
    let (start, count) = limit.unwrap_or((0, -1));
    let start = usize::try_from(start.max(0)).map_or(len, |start| start.min(len));
    let end = match usize::try_from(count) {
        Ok(count) => start.saturating_add(count).min(len),
        Err(_) => len,
    };
    start..end
}

fn show(e: &mut Engine, asked: &Asked<'_>, items: &[Item<'_>]) {
    e.reply.array(items.len() * asked.get.len().max(1));
    for item in items {
        if asked.get.is_empty() {
            elem(&mut e.reply, item.element);
        }
        for pattern in &asked.get {
            match look_up(e, pattern, item.element) {
                Some(found) => e.reply.bulk(&found),
                None => e.reply.null(),
            }
        }
    }
}

/// Stores the result as a list; what is not found is an empty string there.
fn store(e: &mut Engine, asked: &Asked<'_>, items: &[Item<'_>], to: &[u8]) {
    let mut list = List::new(FILL);
    for item in items {
        if asked.get.is_empty() {
            item.element.with_text(|text| list.push(false, text, LARGE));
        }
        for pattern in &asked.get {
            let found = look_up(e, pattern, item.element).unwrap_or_default();
            list.push(false, &found, LARGE);
        }
    }
    let len = list.len();
    if len > 0 {
        e.create(to, list);
        e.touched(to);
        e.notify(class::LIST, "sortstore", e.db, to);
        e.dirty += len as u64 - 1;
    } else if e.delete_key(to) {
        e.notify(class::GENERIC, "del", e.db, to);
    }
    e.reply.int(len as i64);
}

#[cfg(test)]
mod tests {
    use super::{number, window};

    #[test]
    fn limits_stay_within_the_elements() {
        assert_eq!(window(None, 5), 0..5);
        assert_eq!(window(Some((1, 2)), 5), 1..3);
        assert_eq!(window(Some((-3, i64::MAX)), 5), 0..5);
        assert_eq!(window(Some((9, -1)), 5), 5..5);
        assert_eq!(window(Some((i64::MAX, i64::MIN)), 5), 5..5);
        assert_eq!(window(Some((4, 0)), 5), 4..4);
    }

    #[test]
    fn weights_are_read_as_strtod_does() {
        assert_eq!(number(b""), Some(0.0));
        assert_eq!(number(b" \t-1.5"), Some(-1.5));
        assert_eq!(number(b"0x10"), Some(16.0));
        assert_eq!(number(b"2\0x"), Some(2.0));
        assert_eq!(number(b"inf"), Some(f64::INFINITY));
        for bad in [&b" "[..], b"1 ", b"x", b"nan", b"1e999", b"--1"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }
}
