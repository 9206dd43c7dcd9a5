//! What is another way now than it was at the moment that is looked at.

use crate::console::units::{bytes as size, count, signed as grouped};
use crate::lab::model::{Instance, Life, LinkStatus, Model, Peer, Sight};
use crate::observe::{Preview, Role};
use std::collections::BTreeSet;

/// Keys that are named one by one.
const KEYS: usize = 200;

/// One value then and now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whose value: `6380`, `6380 ─▶ 6381`.
    pub whose: String,
    pub what: String,
    pub then: String,
    pub now: String,
}

/// Everything that differs, instance by instance, then the links, then the keys.
pub fn between(then: &Model, now: &Model) -> Vec<Difference> {
    let mut out = Vec::new();
    let ports: BTreeSet<u16> = then.instances.keys().chain(now.instances.keys()).copied().collect();
    for port in &ports {
        let (a, b) = (then.instance(*port), now.instance(*port));
        for (what, of) in FIELDS {
            let say = |i: Option<&Instance>| i.map_or("–".to_owned(), of);
            note(&mut out, &port.to_string(), what, say(a), say(b));
        }
    }
    links(&mut out, then, now);
    for port in &ports {
        keys(&mut out, *port, then.instance(*port), now.instance(*port));
    }
    out
}

fn note(out: &mut Vec<Difference>, whose: &str, what: &str, then: String, now: String) {
    if then != now {
        out.push(Difference { whose: whose.to_owned(), what: what.to_owned(), then, now });
    }
}

type Field = (&'static str, fn(&Instance) -> String);

/// What is compared of an instance.
const FIELDS: [Field; 8] = [
    ("life", |i| {
        match i.life {
            Life::Starting { .. } => "starting",
            Life::Up { .. } => "up",
            Life::Leaving { .. } => "leaving",
            Life::Down { .. } => "down",
            Life::Failed { .. } => "did not start",
        }
        .to_owned()
    }),
    ("role", |i| if i.role == Role::Master { "master" } else { "replica" }.to_owned()),
    ("offset", |i| grouped(i.offset.0)),
    ("replid", |i| i.ids.replid.short()),
    ("replid2", |i| if i.ids.replid2.is_zero() { "–".to_owned() } else { i.ids.replid2.short() }),
    ("keys", |i| count(i.keys_total())),
    ("backlog from", |i| if i.backlog.is_active() { grouped(i.backlog.first.0) } else { none() }),
    ("backlog holds", |i| if i.backlog.is_active() { size(i.backlog.histlen) } else { none() }),
];

fn none() -> String {
    "–".to_owned()
}

fn links(out: &mut Vec<Difference>, then: &Model, now: &Model) {
    let name = |p: &Peer| match p {
        Peer::Inside(port) => port.to_string(),
        Peer::Outside(addr) => format!("{}:{}", addr.host, addr.port),
    };
    let told = |m: &Model| -> Vec<(String, &'static str, u64)> {
        let held = |l: &crate::lab::model::LinkView| l.down.map_or(0, |d| d.held_bytes.max(d.left));
        let links = m.links();
        let each = links.iter();
        each.map(|l| {
            let pair = format!("{} ─▶ {}", name(&l.master), name(&l.replica));
            (pair, status(l.status), held(l))
        })
        .collect()
    };
    let (a, b) = (told(then), told(now));
    let pairs: BTreeSet<&String> = a.iter().chain(&b).map(|l| &l.0).collect();
    for pair in pairs {
        let find = |of: &[(String, &'static str, u64)]| of.iter().find(|l| l.0 == *pair).cloned();
        let (x, y) = (find(&a), find(&b));
        let word = |l: &Option<(String, &'static str, u64)>| l.as_ref().map_or("no link", |l| l.1);
        note(out, pair, "link", word(&x).to_owned(), word(&y).to_owned());
        let bytes = |l: &Option<(String, &str, u64)>| size(l.as_ref().map_or(0, |l| l.2));
        note(out, pair, "buffer", bytes(&x), bytes(&y));
    }
}

/// A link's state in a word or two.
pub fn status(status: LinkStatus) -> &'static str {
    match status {
        LinkStatus::Down => "down",
        LinkStatus::Connecting => "connecting",
        LinkStatus::Handshake => "handshake",
        LinkStatus::Waiting => "waits",
        LinkStatus::Transfer => "RDB",
        LinkStatus::Online => "in sync",
    }
}

/// Keys that a command wrote are named; of those that came in bulk, the number is told above.
fn keys(out: &mut Vec<Difference>, port: u16, then: Option<&Instance>, now: Option<&Instance>) {
    let written = |i: Option<&Instance>| -> BTreeSet<(u32, Preview)> {
        let dbs = i.into_iter().flat_map(|i| &i.dbs);
        let known = dbs.flat_map(|(db, d)| d.known.iter().map(|(k, v)| (*db, k, v)));
        let written = known.filter(|(_, _, v)| v.sight == Sight::Written);
        written.map(|(db, k, _)| (db, k.clone())).collect()
    };
    let names: BTreeSet<(u32, Preview)> = written(then).union(&written(now)).cloned().collect();
    let mut named = 0;
    for (db, key) in names {
        let (a, b) = (key_of(then, db, &key), key_of(now, db, &key));
        if a == b {
            continue;
        }
        named += 1;
        if named > KEYS {
            break;
        }
        let what = if db == 0 { format!("key {key}") } else { format!("key {db}:{key}") };
        note(out, &port.to_string(), &what, a, b);
    }
}

/// A key's value in words: what it is, that there is none, or that it was not told.
pub fn key_of(i: Option<&Instance>, db: u32, key: &Preview) -> String {
    match i.and_then(|i| i.dbs.get(&db)) {
        None => none(),
        Some(d) => match d.known.get(key) {
            Some(view) => view.shown(),
            None if d.is_whole() => none(),
            None => "untold".to_owned(),
        },
    }
}
