//! Random command lines over all types, from a seed.
//!
//! In: a seed, and which families take part. Out: rounds of lines. It knows nothing of servers and
//! uses nothing but the standard library, so that the tests of single engines can include it too.
//!
//! A family is one file with the lines of one type: every command with all its options, wrong
//! arguments and keys of another type. To add one, write the file and name it in [`all`].

// Each test binary uses its own part of this.
#![allow(dead_code)]

pub mod dice;
pub mod items;
pub mod pattern;

mod bitmaps;
mod generic;
mod geo;
mod hashes;
mod hyperloglogs;
mod lists;
mod server;
mod sets;
mod sorting;
mod streams;
mod strings;
mod zsets;

use dice::Dice;
use pattern::{Pattern, Words};

/// The lines of one type.
pub trait Family: Sync {
    /// The name of the test, such as `lists`.
    fn name(&self) -> &'static str;

    /// What its keys begin with: `list` for `list0` to `list4`.
    fn prefix(&self) -> &'static str;

    /// Weights and patterns (`pattern.rs` tells how they are written). Nothing in them may depend
    /// on the moment (short times to live, relative times with GT or LT, clocks), and what Redis
    /// answers in an order of its own or at random needs an arm in `compare.rs`.
    fn patterns(&self) -> &'static [(u32, &'static str)];

    /// Adds the words of a blank of its own; false if it has none of that name.
    fn item(&self, _name: &str, _dice: &mut Dice, _words: &mut Words) -> bool {
        false
    }

    /// Commands that wait, with time-out 0: sent by connections of their own, see `blocking.rs`.
    fn blocking(&self) -> &'static [&'static str] {
        &[]
    }

    /// Directives that move the limits of its encodings, and values for them; the first is the
    /// default.
    fn limits(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[]
    }
}

/// Every family.
pub fn all() -> Vec<&'static dyn Family> {
    vec![
        &strings::Strings,
        &lists::Lists,
        &sets::Sets,
        &hashes::Hashes,
        &sorting::Sorting,
        &zsets::ZSets,
        &geo::Geo,
        &streams::Streams,
        &bitmaps::Bitmaps,
        &hyperloglogs::HyperLogLogs,
        &server::Server,
        &generic::Generic,
    ]
}

/// Families whose lines leave a replica with what its master has. PFADD to a HyperLogLog that was
/// spoilt changes part of it, fails, and is not told to replicas: so Redis does it.
pub fn told_to_replicas() -> Vec<(u32, &'static dyn Family)> {
    let told = all().into_iter().filter(|f| f.name() != "hyperloglogs");
    told.map(|f| (if f.name() == "generic" { 2 } else { 1 }, f)).collect()
}

/// Whether a line of these families may leave a master with what its replicas do not get: BITFIELD
/// makes its key as long as asked for, and if every change overflows and fails, tells nobody. So
/// Redis does it.
pub fn is_untold(words: &Words) -> bool {
    let fails = |w: &Vec<u8>| w.eq_ignore_ascii_case(b"FAIL");
    words[0].eq_ignore_ascii_case(b"BITFIELD") && words.iter().any(fails)
}

/// Keys of each family; few, so that lines meet.
const KEYS: usize = 5;

/// One line, and the connection that sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub conn: usize,
    pub words: Words,
    /// It belongs to the line before: neither is of use without the other.
    pub glued: bool,
}

impl Line {
    pub fn new(conn: usize, words: &[&str]) -> Line {
        let words = words.iter().map(|w| w.as_bytes().to_vec()).collect();
        Line { conn, words, glued: false }
    }
}

/// Connections that take turns within a round.
pub const CONNS: usize = 3;

/// A family's patterns with their weights.
type Weighted = Vec<(u32, Pattern)>;

/// Writes lines of some families.
pub struct Script {
    families: Vec<(&'static dyn Family, Weighted)>,
    /// How much each family has to say.
    weights: Vec<u32>,
    prefixes: Vec<&'static str>,
    dice: Dice,
    conn: usize,
    in_multi: [bool; CONNS],
}

impl Script {
    /// Lines of these families, with their weights.
    pub fn new(seed: u64, families: &[(u32, &'static dyn Family)]) -> Script {
        let read = |f: &'static dyn Family| {
            f.patterns().iter().map(|(w, text)| (*w, Pattern::read(text))).collect()
        };
        let mut prefixes: Vec<&str> = all().iter().map(|f| f.prefix()).collect();
        prefixes.retain(|p| !p.is_empty());
        Script {
            families: families.iter().map(|(_, f)| (*f, read(*f))).collect(),
            weights: families.iter().map(|(w, _)| *w).collect(),
            prefixes,
            dice: Dice::new(seed),
            conn: 0,
            in_multi: [false; CONNS],
        }
    }

    /// A round that begins on an empty server: how the limits are set and which protocol is
    /// spoken, and so many lines.
    pub fn round(&mut self, lines: usize) -> Vec<Line> {
        (self.conn, self.in_multi) = (0, [false; CONNS]);
        let mut out = Vec::with_capacity(lines + 32);
        for (family, _) in &self.families {
            for (name, values) in family.limits() {
                let value = self.dice.pick(values);
                out.push(Line::new(0, &["CONFIG", "SET", name, value]));
            }
        }
        for conn in 0..CONNS {
            if self.dice.one_in(3) {
                out.push(Line::new(conn, &["HELLO", "3"]));
            }
        }
        while out.len() < lines {
            if self.dice.one_in(40) {
                self.conn = self.dice.below(CONNS);
            }
            if self.dice.one_in(300) {
                out.push(Line::new(self.conn, &["DEBUG", "DIGEST"]));
            }
            let conn = self.conn;
            let group = self.group().into_iter().enumerate();
            out.extend(group.map(|(i, words)| Line { conn, words, glued: i > 0 }));
        }
        for conn in 0..CONNS {
            if self.in_multi[conn] {
                out.push(Line::new(conn, &["EXEC"]));
            }
        }
        out.push(Line::new(0, &["DEBUG", "DIGEST"]));
        out
    }

    /// The next line, or the next few that belong together.
    pub fn group(&mut self) -> Vec<Words> {
        let which = self.dice.weighted(self.weights.iter().copied());
        let (family, patterns) = &self.families[which];
        let (family, at) = (*family, self.dice.weighted(patterns.iter().map(|(w, _)| *w)));
        let pattern = &patterns[at].1;
        let prefixes = &self.prefixes;
        let mut group = pattern.fill(&mut self.dice, &mut |name, dice, words| {
            fill(family, prefixes, name, dice, words);
        });
        // What SPOP takes at random, the servers would take unalike.
        let spop = group[0][0].eq_ignore_ascii_case(b"SPOP");
        // Another number would pause or end clients.
        let rules = [&b"CLIENT"[..], b"CONFIG"].iter().any(|w| group[0][0].eq_ignore_ascii_case(w));
        if !pattern.is_group() && !spop && !rules && !waits(&group[0]) {
            spoil(&mut self.dice, &mut group[0]);
        }
        group.iter_mut().for_each(tame);
        // These answer once for each channel, and a line is to have one reply.
        if group[0][0].to_ascii_uppercase().ends_with(b"UNSUBSCRIBE") {
            group[0].truncate(2);
        }
        // Of nothing in particular, COMMAND tells all commands; ours are not as many yet.
        if group[0][0].eq_ignore_ascii_case(b"COMMAND") && group[0].len() < 3 {
            group[0] = [&b"COMMAND"[..], b"INFO", b"nosuch"].map(<[u8]>::to_vec).to_vec();
        }
        // Transactions mostly nest as they should.
        let multi = |w: &[u8]| group[0][0].eq_ignore_ascii_case(w) && group[0].len() == 1;
        let open = self.in_multi[self.conn];
        if multi(b"MULTI") {
            self.in_multi[self.conn] = true;
        } else if multi(b"EXEC") || multi(b"DISCARD") {
            if !open && !self.dice.one_in(20) {
                return self.group();
            }
            self.in_multi[self.conn] = false;
        }
        // A look at what a key has become.
        if !pattern.is_group() && self.dice.one_in(8) && group[0].len() > 1 {
            let key = group[0][1].clone();
            let look: &[&str] = self.dice.pick(&[
                &["OBJECT", "ENCODING"][..],
                &["OBJECT", "ENCODING"],
                &["TTL"],
                &["TYPE"],
                &["DEBUG", "DIGEST-VALUE"],
            ]);
            let mut words: Words = look.iter().map(|w| w.as_bytes().to_vec()).collect();
            words.push(key);
            group.push(words);
        }
        group
    }

    /// One of the commands that wait, if there are any.
    pub fn waiting(&mut self) -> Option<Words> {
        let mut of: Vec<(&'static dyn Family, &str)> = Vec::new();
        for (family, _) in &self.families {
            of.extend(family.blocking().iter().map(|p| (*family, *p)));
        }
        if of.is_empty() {
            return None;
        }
        let (family, text) = of[self.dice.below(of.len())];
        let prefixes = &self.prefixes;
        let filled = Pattern::read(text).fill(&mut self.dice, &mut |name, dice, words| {
            fill(family, prefixes, name, dice, words);
        });
        filled.into_iter().next()
    }

    pub fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }
}

/// Fills one blank. `<key>` is mostly one of the family's own; `<anykey>` is any family's.
fn fill(family: &dyn Family, prefixes: &[&str], name: &str, dice: &mut Dice, words: &mut Words) {
    let key = |prefix: &str, dice: &mut Dice| format!("{prefix}{}", dice.below(KEYS)).into_bytes();
    let known = match name {
        "key" | "anykey" => {
            words.push(match dice.below(40) {
                0 => Vec::new(),
                1 => b"nosuch".to_vec(),
                2..=3 => key(dice.pick(prefixes), dice),
                _ if name == "anykey" || family.prefix().is_empty() => {
                    key(dice.pick(prefixes), dice)
                }
                _ => key(family.prefix(), dice),
            });
            true
        }
        _ => family.item(name, dice, words) || items::item(name, dice, words),
    };
    assert!(known, "{}: nothing is called <{name}>", family.name());
}

/// Now and then a word too many, one too few, a strange one, or another case.
fn spoil(dice: &mut Dice, words: &mut Words) {
    match dice.below(200) {
        0..=2 => words.push(b"extra".to_vec()),
        3..=5 if words.len() > 1 && !words.iter().any(|w| is_touchy(w)) => drop(words.pop()),
        6..=8 if words.len() > 1 && !words.iter().any(|w| is_touchy(w)) => {
            let at = 1 + dice.below(words.len() - 1);
            words[at] = dice.pick(items::NUMBERS).into();
        }
        9..=18 => words[0].make_ascii_lowercase(),
        _ => {}
    }
}

/// Takes out what both servers would do at great length: billions of random elements, or a
/// string of hundreds of megabytes for one bit.
fn tame(words: &mut Words) {
    let name = words[0].to_ascii_uppercase();
    let most = match name.as_slice() {
        b"SRANDMEMBER" | b"HRANDFIELD" | b"ZRANDMEMBER" => 1000.0,
        b"SETBIT" | b"BITFIELD" | b"SETRANGE" => 1e6,
        _ => return,
    };
    for word in words.iter_mut().skip(2) {
        let text = String::from_utf8_lossy(word).into_owned();
        if text.trim_start_matches('#').parse::<f64>().is_ok_and(|n| n.abs() > most) {
            *word = b"-5".to_vec();
        }
    }
}

/// Whether a number in this word's line may be a short time to live, or one that says nothing.
fn is_touchy(word: &[u8]) -> bool {
    let word = word.to_ascii_uppercase();
    let has = |part: &[u8]| word.windows(part.len()).any(|w| w == part);
    // A cursor in the middle of a scan means another place to each server; and members between
    // two others are told only where all scores are the same.
    has(b"SCAN")
        || has(b"ZLEX")
        || has(b"EXPIRE")
        || has(b"SETEX")
        || has(b"GETEX")
        || word == b"EX"
        || word == b"PX"
}

/// Whether the line may wait: a spoilt one could wait for ever.
pub fn waits(words: &Words) -> bool {
    let name = words[0].to_ascii_uppercase();
    let names: [&[u8]; 11] = [
        b"BLPOP",
        b"BRPOP",
        b"BLMOVE",
        b"BRPOPLPUSH",
        b"BLMPOP",
        b"BZPOPMIN",
        b"BZPOPMAX",
        b"BZMPOP",
        b"XREAD",
        b"XREADGROUP",
        b"WAIT",
    ];
    names.contains(&name.as_slice())
}
