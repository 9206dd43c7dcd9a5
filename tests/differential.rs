//! Random command lines to `synclab server` and to a real redis-server: the same replies, to the
//! byte wherever Redis promises one, and the same digests.
//!
//! `SYNCLAB_LINES=1000000 cargo test --test differential everything` runs a million;
//! `SYNCLAB_SEED=5` begins at another seed; `SYNCLAB_ROUNDS=100` asks for more clients that wait; `SYNCLAB_DIFFERENCES=1` stops at the first difference.
//! `differential/lines.rs` tells how to add lines.

mod real_redis;

use libtest_mimic::{Arguments, Failed, Trial};
use lines::{Family, Line, Script};
use pair::{Difference, Pair};
use std::collections::BTreeSet;
use std::time::Instant;
use synclab::wire::text::printable;

#[path = "differential/blocking.rs"]
mod blocking;
#[path = "differential/compare.rs"]
mod compare;
#[path = "differential/lines.rs"]
mod lines;
#[path = "differential/pair.rs"]
mod pair;
#[path = "differential/shrink.rs"]
mod shrink;

type Families = Vec<(u32, &'static dyn Family)>;

/// Lines between two empty servers.
const ROUND: usize = 4000;

fn main() {
    let args = Arguments::from_args();
    let generic = || lines::all().into_iter().filter(|f| f.name() == "generic");
    let mut trials: Vec<Trial> = Vec::new();
    for family in lines::all() {
        let mut families: Families = vec![(8, family)];
        if family.name() != "generic" {
            families.extend(generic().map(|g| (2, g)));
        }
        let n = number("SYNCLAB_LINES").unwrap_or(8_000);
        let name = family.name();
        trials.push(real_redis::trial(name, move || compare_lines(name, families, n)));
    }
    trials.push(real_redis::trial("everything", || {
        let families = lines::all().into_iter().map(|f| (1, f)).collect();
        compare_lines("everything", families, number("SYNCLAB_LINES").unwrap_or(20_000))
    }));
    if lines::all().iter().any(|f| !f.blocking().is_empty()) {
        let (first, rounds) = (number("SYNCLAB_SEED"), number("SYNCLAB_ROUNDS"));
        trials.push(real_redis::trial("clients_that_wait", move || {
            blocking::stories(first.unwrap_or(1) as u64, rounds.unwrap_or(10) as u64)
        }));
    }
    libtest_mimic::run(&args, trials).exit();
}

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.replace('_', "").parse().ok()
}

fn compare_lines(name: &str, families: Families, lines: usize) -> Result<(), Failed> {
    let first = number("SYNCLAB_SEED").unwrap_or(1) as u64;
    let most = number("SYNCLAB_DIFFERENCES").unwrap_or(8);
    let mut pair = Pair::start();
    let (begun, rounds) = (Instant::now(), lines.div_ceil(ROUND) as u64);
    let (mut told, mut names, mut sent) = (String::new(), BTreeSet::new(), 0);
    for seed in first..first + rounds {
        let round = Script::new(seed, &families).round(ROUND);
        if !pair.clear(&families) {
            pair.renew();
        }
        sent += round.len();
        let Some(found) = pair.run(&round) else { continue };
        let (round, found) = shrink::shrink(&mut pair, &families, round, found);
        // One of each kind tells more than ten of one.
        let last = &round[found.at].words;
        if names.insert((last[0].to_ascii_uppercase(), found.ours.first().copied())) {
            told.push_str(&tell(name, seed, &round, &found));
            // What shrinking tried last need not be what differs.
            pair.clear(&families);
            pair.run(&round);
            if last[0].eq_ignore_ascii_case(b"DEBUG") {
                told.push_str(&pair.unlike());
            }
            if found.ours.is_empty() {
                told.push_str(&format!("  our log:\n{}\n", pair.log()));
            }
        }
        if names.len() >= most {
            break;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let last = first + rounds - 1;
    eprintln!("{name}: seeds {first} to {last}, {sent} lines, {:.0}/s", sent as f64 / seconds);
    if told.is_empty() { Ok(()) } else { Err(told.into()) }
}

/// The difference, and the few lines that lead to it.
fn tell(name: &str, seed: u64, lines: &[Line], found: &Difference) -> String {
    let mut text = format!("\nSYNCLAB_SEED={seed} SYNCLAB_LINES=1 ... {name}:\n");
    let skipped = lines.len().saturating_sub(40);
    if skipped > 0 {
        text.push_str(&format!("  ({skipped} lines before)\n"));
    }
    for line in &lines[skipped..] {
        let words: Vec<String> = line.words.iter().map(|w| quoted(w)).collect();
        text.push_str(&format!("  {}> {}\n", line.conn, words.join(" ")));
    }
    let show = |reply: &[u8]| match reply {
        [] => "(the connection ended)".to_owned(),
        _ => printable(reply, 1500),
    };
    let (real, ours) = (show(&found.real), show(&found.ours));
    text.push_str(&format!("  redis: {real}\n  ours:  {ours}\n"));
    text
}

fn quoted(word: &[u8]) -> String {
    let text = printable(word, 200);
    let plain = !word.is_empty() && word.iter().all(|b| b.is_ascii_graphic());
    if plain { text } else { format!("\"{text}\"") }
}
