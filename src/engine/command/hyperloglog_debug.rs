//! PFDEBUG and PFSELFTEST: a look at the registers.

use super::hyperloglog::{CORRUPT, as_hll};
use super::stream_args::error_with;
use super::string_bytes::change_string;
use crate::engine::Engine;
use crate::engine::call::flags::{ADMIN, DENYOOM, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::encodings::count;
use crate::engine::types::hll::{self, Corrupt, Encoding, REGISTERS, Run};

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("pfdebug", 3, pfdebug, Group::HyperLogLog, "2.8.9")
        .flags(WRITE | DENYOOM | ADMIN)
        .acl(acl::HYPERLOGLOG)
        .keys(&[KeySpec::range("RW access", 2, 0, 1)]),
    CommandSpec::new("pfselftest", 1, pfselftest, Group::HyperLogLog, "2.8.9")
        .flags(ADMIN)
        .acl(acl::HYPERLOGLOG),
];

fn pfdebug(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(2);
    let encoding = match as_hll(e.lookup_write(key)) {
        Ok(Some((_, encoding))) => encoding,
        Ok(None) => return e.reply.error("ERR The specified key does not exist"),
        Err(error) => return e.reply.error(error),
    };
    // Even a look makes the string `raw`, as in Redis.
    change_string(e, key, |_| ());
    if call.is(1, "getreg") {
        if let Some(bytes) = made_dense(e, key, encoding) {
            e.reply.array(REGISTERS);
            (0..REGISTERS).for_each(|i| e.reply.int(hll::register(&bytes, i).into()));
        }
    } else if call.is(1, "decode") {
        if encoding != Encoding::Sparse {
            return e.reply.error("ERR HLL encoding is not sparse");
        }
        let text = change_string(e, key, |bytes| {
            let runs: Vec<String> = hll::runs(bytes).map(|run| run_text(&run)).collect();
            runs.join(" ")
        });
        e.reply.bulk_str(&text);
    } else if call.is(1, "encoding") {
        e.reply.simple(if encoding == Encoding::Dense { "dense" } else { "sparse" });
    } else if call.is(1, "todense") {
        if made_dense(e, key, encoding).is_some() {
            e.reply.int((encoding == Encoding::Sparse).into());
        }
    } else {
        error_with(e, "ERR Unknown PFDEBUG subcommand '%'", &[call.arg(1)]);
    }
}

fn run_text(run: &Run) -> String {
    match (run.value, run.size) {
        (0, 1) => format!("z:{}", run.len),
        (0, _) => format!("Z:{}", run.len),
        (value, _) => format!("v:{value},{}", run.len),
    }
}

/// Makes the string dense; its bytes, or `None` after an error was replied. Counts a change if it
/// was sparse, so that it becomes dense everywhere.
fn made_dense(e: &mut Engine, key: &[u8], encoding: Encoding) -> Option<Vec<u8>> {
    let made = change_string(e, key, |bytes| hll::make_dense(bytes).map(|()| bytes.clone()));
    match made {
        Ok(bytes) => {
            e.dirty += u64::from(encoding == Encoding::Sparse);
            Some(bytes)
        }
        Err(Corrupt) => {
            e.reply.error(CORRUPT);
            None
        }
    }
}

/// How many elements the self test adds.
const ADDED: u64 = 100_000;

/// Adds elements to a sparse and a dense string, and holds their estimates against each other and
/// against the truth, at every power of ten.
fn pfselftest(e: &mut Engine, _: &Call<'_>) {
    let sparse_max = count(e.config.hll_sparse_max_bytes);
    let seed = e.rng.next_u64();
    let (mut sparse, mut dense) = (hll::empty(), hll::empty());
    let mut checkpoint = 1;
    let mut wrong = hll::make_dense(&mut dense).err().map(|Corrupt| "the empty string".to_string());
    for n in 1..=ADDED {
        let element = (n ^ seed).to_le_bytes();
        for bytes in [&mut sparse, &mut dense] {
            if hll::add(bytes, &element, sparse_max).is_err() {
                wrong = Some("a register cannot be found".into());
            }
        }
        if n != checkpoint || wrong.is_some() {
            continue;
        }
        checkpoint *= 10;
        let card = hll::count(&dense);
        if hll::count(&sparse) != card {
            wrong = Some("dense/sparse disagree".into());
        } else if card.is_ok_and(|card| card.abs_diff(n) > most_error(n)) {
            wrong =
                Some(format!("Too big error. card:{n} abserr:{}", card.unwrap_or(0).abs_diff(n)));
        }
    }
    match wrong {
        Some(what) => e.reply.error(format!("ERR TESTFAILED {what}")),
        None => e.reply.ok(),
    }
}

/// Six standard errors.
fn most_error(n: u64) -> u64 {
    let relative = 1.04 / (REGISTERS as f64).sqrt();
    (relative * 6.0 * n as f64).ceil() as u64
}
