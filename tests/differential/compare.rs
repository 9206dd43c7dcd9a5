//! When two replies are the same: to the byte, except where Redis itself leaves something free.

use synclab::engine::config::Config;
use synclab::engine::digest;
use synclab::engine::keyspace::HashSeed;
use synclab::engine::persist::{ValueLimits, restore};
use synclab::wire::value::{ReplyParser, Value};

/// How the replies to one line are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// The same bytes.
    Exact,
    /// Whole numbers that may differ by so much: the two were not asked in the same millisecond.
    Near(i64),
    /// The same elements. If the line before was OBJECT ENCODING and told a packed encoding, which
    /// keeps an order: in the same order.
    Sorted,
    /// As [`Mode::Sorted`], of pairs in a flat array.
    SortedPairs,
    /// A cursor, and elements as [`Mode::Sorted`].
    Scan,
    /// As [`Mode::Scan`], the elements pairs.
    ScanPairs,
    /// The same, except for moments and idle times, which may differ a little.
    Times,
    /// Random elements: as many on both sides, and each out of the reply before on its own side.
    Among,
    /// Only the form: types and numbers of elements.
    Shape,
    /// Descriptions of commands: their subcommands come in no order.
    Commands,
    /// What DUMP gives: the same bytes, or both load as the same value.
    Payload,
}

/// How replies to this line are compared.
pub fn mode(words: &[Vec<u8>]) -> Mode {
    let name = words[0].to_ascii_uppercase();
    let sub = words.get(1).map(|w| w.to_ascii_uppercase()).unwrap_or_default();
    match name.as_slice() {
        b"TTL" | b"EXPIRETIME" => Mode::Near(1),
        b"PTTL" | b"PEXPIRETIME" => Mode::Near(1500),
        // Small numbers are one object for all keys in Redis, with one time of last use.
        b"OBJECT" if sub == b"IDLETIME" => Mode::Shape,
        b"KEYS" | b"SMEMBERS" | b"SUNION" | b"SINTER" | b"SDIFF" | b"HKEYS" | b"HVALS" => {
            Mode::Sorted
        }
        b"HGETALL" => Mode::SortedPairs,
        b"SCAN" | b"SSCAN" => Mode::Scan,
        b"HSCAN" | b"ZSCAN" => Mode::ScanPairs,
        b"RANDOMKEY" | b"SPOP" | b"SRANDMEMBER" | b"HRANDFIELD" | b"ZRANDMEMBER" => Mode::Among,
        // Elements whose weights are both missing are equal, and come in no order.
        b"SORT" | b"SORT_RO" if has(words, b"BY") && has(words, b"ALPHA") => Mode::Shape,
        b"DUMP" => Mode::Payload,
        b"XINFO" | b"XPENDING" => Mode::Times,
        b"COMMAND" => Mode::Commands,
        // Both servers were asked, but not by the same port nor as quickly.
        b"HELLO" => Mode::Shape,
        b"SLOWLOG" if sub == b"GET" => Mode::Shape,
        _ => Mode::Exact,
    }
}

fn has(words: &[Vec<u8>], word: &[u8]) -> bool {
    words.iter().any(|w| w.eq_ignore_ascii_case(word))
}

/// A line, its mode, and both replies as they came.
pub struct Both<'a> {
    pub words: &'a [Vec<u8>],
    pub real: &'a [u8],
    pub ours: &'a [u8],
}

/// What a connection has queued since MULTI, and its last replies.
#[derive(Default)]
pub struct Context {
    queued: Vec<Vec<Vec<u8>>>,
    before: Option<Before>,
}

/// The line before, where it tells something, and its replies.
struct Before {
    words: Vec<Vec<u8>>,
    real: Value,
    ours: Value,
}

impl Context {
    /// Whether the replies to the connection's next line are the same.
    pub fn same(&mut self, both: &Both) -> bool {
        let name = both.words[0].to_ascii_uppercase();
        let ended = matches!(name.as_slice(), b"EXEC" | b"DISCARD" | b"RESET");
        if both.real == b"+QUEUED\r\n" && both.ours == both.real {
            self.queued.push(both.words.to_vec());
            return true;
        }
        // What the next line needs to know of this one is little, and most need nothing.
        let quick = both.real == both.ours && mode(both.words) != Mode::Among;
        if quick && ended {
            self.queued.clear();
            self.before = None;
            return true;
        }
        if quick && !prepares(&name) {
            self.before = None;
            return true;
        }
        let (Some(real), Some(ours)) = (parse(both.real), parse(both.ours)) else { return false };
        let queued = if ended { std::mem::take(&mut self.queued) } else { Vec::new() };
        let same = match (&real, &ours) {
            (Value::Array(r), Value::Array(o)) if name == b"EXEC" => {
                r.len() == o.len() && r.len() == queued.len() && each_same(&queued, r, o)
            }
            _ => {
                both.real == both.ours && mode(both.words) != Mode::Among
                    || same_as(both.words, &real, &ours, self.before.as_ref())
            }
        };
        let words = both.words.to_vec();
        self.before = prepares(&name).then_some(Before { words, real, ours });
        same
    }
}

fn tells_pairs(words: &[Vec<u8>]) -> bool {
    let names = [&b"HGETALL"[..], b"WITHVALUES", b"WITHSCORES"];
    words.iter().any(|w| names.iter().any(|name| w.eq_ignore_ascii_case(name)))
}

/// Whether the reply tells the next line's comparison something.
fn prepares(name: &[u8]) -> bool {
    matches!(name, b"OBJECT" | b"SMEMBERS" | b"HGETALL" | b"ZRANGE" | b"KEYS" | b"HKEYS")
}

fn each_same(queued: &[Vec<Vec<u8>>], real: &[Value], ours: &[Value]) -> bool {
    let mut before: Option<Before> = None;
    queued.iter().zip(real.iter().zip(ours)).all(|(words, (r, o))| {
        let same = same_as(words, r, o, before.as_ref());
        let name = words[0].to_ascii_uppercase();
        let (real, ours) = (r.clone(), o.clone());
        before = prepares(&name).then(|| Before { words: words.clone(), real, ours });
        same
    })
}

fn same_as(words: &[Vec<u8>], real: &Value, ours: &Value, before: Option<&Before>) -> bool {
    if real.error().is_some() || ours.error().is_some() {
        return real == ours;
    }
    // What was asked about this line's key.
    let before = before.filter(|b| match b.words[0].eq_ignore_ascii_case(b"KEYS") {
        true => words[0].eq_ignore_ascii_case(b"RANDOMKEY"),
        false => words.len() > 1 && b.words[1..].contains(&words[1]),
    });
    // SUNION and its like make a set of their own, of no encoding that could be asked for.
    let several = [&b"SUNION"[..], b"SINTER", b"SDIFF"];
    let several = several.iter().any(|name| words[0].eq_ignore_ascii_case(name));
    let keeps_order = !several
        && before.is_some_and(|b| {
            let told = b.words[0].eq_ignore_ascii_case(b"OBJECT");
            told && b.real.as_bytes().is_some_and(|e| e == b"listpack" || e == b"intset")
        });
    let mode = mode(words);
    match mode {
        Mode::Exact => alike(real, ours),
        Mode::Commands => described(real) == described(ours),
        Mode::Times => at_about(real, ours),
        Mode::Near(most) => match (real, ours) {
            // Negative ones are answers of another kind.
            (Value::Int(r), Value::Int(o)) if *r >= 0 && *o >= 0 => {
                r.abs_diff(*o) <= most.unsigned_abs()
            }
            _ => real == ours,
        },
        Mode::Sorted => elements(real, 1, keeps_order) == elements(ours, 1, keeps_order),
        Mode::SortedPairs => elements(real, 2, keeps_order) == elements(ours, 2, keeps_order),
        Mode::Scan | Mode::ScanPairs => match (real, ours) {
            (Value::Array(r), Value::Array(o)) if r.len() == 2 && o.len() == 2 => {
                let step = if mode == Mode::Scan { 1 } else { 2 };
                let order = keeps_order;
                // A scan in parts meets other elements first, unless it was to be in one part.
                let ends = |v: &Value| v.as_bytes() == Some(b"0");
                let parts = !words.iter().any(|w| w.len() > 4 && w.starts_with(b"100000"));
                if parts && !(ends(&r[0]) && ends(&o[0])) {
                    return true;
                }
                r[0] == o[0] && elements(&r[1], step, order) == elements(&o[1], step, order)
            }
            _ => real == ours,
        },
        Mode::Among if matches!(real, Value::Error(_)) => real == ours,
        Mode::Among => {
            let (mut r, mut o) = (Vec::new(), Vec::new());
            leaves(real, &mut r);
            leaves(ours, &mut o);
            shape(real) == shape(ours) && r.len() == o.len() && {
                match before {
                    Some(b)
                        if !b.words[0].eq_ignore_ascii_case(b"OBJECT")
                            && tells_pairs(words) == tells_pairs(&b.words) =>
                    {
                        out_of(&r, &b.real) && out_of(&o, &b.ours)
                    }
                    _ => true,
                }
            }
        }
        Mode::Shape => shape(real) == shape(ours),
        Mode::Payload => {
            let limits = ValueLimits::new(&Config::default(), HashSeed::new(1), true);
            let load = |v: &Value| {
                let held = v.as_bytes().and_then(|bytes| restore(bytes, &limits, true).ok());
                held.map(|held| digest::of_value(&held))
            };
            real == ours || load(real).is_some() && load(real) == load(ours)
        }
    }
}

/// The same value with all lists of commands, which COMMAND INFO describes by ten fields, sorted.
fn described(value: &Value) -> Value {
    let Value::Array(items) = value else { return value.clone() };
    let mut items: Vec<Value> = items.iter().map(described).collect();
    if items.iter().all(|v| matches!(v, Value::Array(fields) if fields.len() == 10)) {
        items.sort_by_cached_key(|v| format!("{v:?}"));
    }
    Value::Array(items)
}

/// Equal, a NaN to a NaN as well.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => a == b || a.is_nan() && b.is_nan(),
        (Value::Array(a), Value::Array(b))
        | (Value::Set(a), Value::Set(b))
        | (Value::Push(a), Value::Push(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| alike(&a.0, &b.0) && alike(&a.1, &b.1))
        }
        _ => a == b,
    }
}

/// Equal, moments and idle times (milliseconds) nearly so.
fn at_about(a: &Value, b: &Value) -> bool {
    let near = |a: &Value, b: &Value| match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.abs_diff(*b) <= 1500,
        _ => false,
    };
    let named = |v: &Value| matches!(v.as_bytes(), Some(b"idle" | b"seen-time"));
    match (a, b) {
        (Value::Int(x), Value::Int(y)) => x == y || *x > 1_000_000_000_000 && near(a, b),
        (Value::Array(a), Value::Array(b)) => {
            // An entry of XPENDING: ID, consumer, idle time, deliveries.
            let pending = a.len() == 4 && a[1].as_bytes().is_some();
            a.len() == b.len()
                && a.iter().zip(b).enumerate().all(|(i, (x, y))| {
                    let idle = pending && i == 2 || i > 0 && named(&a[i - 1]);
                    at_about(x, y) || idle && near(x, y)
                })
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|((k, x), (l, y))| k == l && (at_about(x, y) || named(k) && near(x, y)))
        }
        _ => alike(a, b),
    }
}

/// The elements of an aggregate by `step`, sorted unless their order counts; anything else as it is.
fn elements(value: &Value, step: usize, ordered: bool) -> (u8, Vec<String>) {
    let show = |v: &[Value]| format!("{v:?}");
    let (kind, mut items): (u8, Vec<String>) = match value {
        Value::Array(items) => (b'*', items.chunks(step).map(show).collect()),
        Value::Set(items) => (b'~', items.chunks(step).map(show).collect()),
        Value::Map(pairs) => (b'%', pairs.iter().map(|pair| format!("{pair:?}")).collect()),
        other => (b'.', vec![format!("{other:?}")]),
    };
    if !ordered {
        items.sort();
    }
    (kind, items)
}

/// The strings in a value.
fn leaves(value: &Value, out: &mut Vec<Vec<u8>>) {
    match value {
        Value::Array(items) | Value::Set(items) | Value::Push(items) => {
            items.iter().for_each(|v| leaves(v, out));
        }
        Value::Map(pairs) => pairs.iter().for_each(|(k, v)| {
            leaves(k, out);
            leaves(v, out);
        }),
        Value::Double(d) => out.push(d.to_string().into_bytes()),
        Value::Int(n) => out.push(n.to_string().into_bytes()),
        other => out.extend(other.as_bytes().map(<[u8]>::to_vec)),
    }
}

fn out_of(drawn: &[Vec<u8>], from: &Value) -> bool {
    let mut all = Vec::new();
    leaves(from, &mut all);
    all.sort();
    drawn.iter().all(|one| all.binary_search(one).is_ok())
}

/// Types and lengths, errors with their text.
fn shape(value: &Value) -> String {
    let list = |items: &[Value]| items.iter().map(shape).collect::<Vec<_>>().join(",");
    match value {
        Value::Error(_) | Value::Simple(_) => format!("{value:?}"),
        Value::Array(items) => format!("[{}]", list(items)),
        Value::Set(items) => format!("~[{}]", list(items)),
        Value::Push(items) => format!(">[{}]", list(items)),
        Value::Map(pairs) => {
            let pairs: Vec<String> =
                pairs.iter().map(|(k, v)| format!("{}:{}", shape(k), shape(v))).collect();
            format!("{{{}}}", pairs.join(","))
        }
        Value::Int(_) => "int".to_owned(),
        Value::Bulk(_) | Value::Null => "bulk".to_owned(),
        Value::Double(_) => "double".to_owned(),
        other => format!("{:?}", std::mem::discriminant(other)),
    }
}

fn parse(bytes: &[u8]) -> Option<Value> {
    let mut parser = ReplyParser::new();
    parser.feed(bytes);
    parser.next().ok().flatten()
}
