//! Why a PSYNC was granted or refused: the comparisons of Redis's masterTryPartialResync, in its
//! order.

use super::{Change, Check, Why, settings};
use crate::console::units::{bytes, signed};
use crate::lab::model::Instance;
use crate::observe::{Decision, FullReason, Label, PsyncVerdict};
use crate::wire::text::safe;

/// The smallest backlog that Redis keeps: smaller values of repl-backlog-size become this one.
const SMALLEST_BACKLOG: u64 = 16 * 1024;

/// Why a PSYNC of `replica` ended as it did at the master. `judge` is the master as the model knows
/// it, for the settings; without it the usual ones are taken.
pub fn why(replica: &str, port: u16, d: &Decision, judge: Option<&Instance>) -> Why {
    let mut numbers = vec![
        ("asked".to_owned(), format!("{} {}", safe(&d.asked_id), signed(d.asked_offset.0))),
        ("replid".to_owned(), d.replid.to_string()),
    ];
    if !d.replid2.is_zero() {
        numbers.push(("replid2".to_owned(), d.replid2.to_string()));
        numbers.push(("  up to".to_owned(), signed(d.second_offset.0)));
    }
    numbers.push(("offset".to_owned(), signed(d.master_offset.0)));
    numbers.push(("backlog".to_owned(), window(d)));
    let (_, text) = verdict(d);
    let answer = match d.verdict {
        PsyncVerdict::Continue { .. } => format!("+CONTINUE {}: {text}", d.replid.short()),
        PsyncVerdict::Full(_) => format!("+FULLRESYNC, once the snapshot begins: {text}"),
    };
    let (change, advice) = change(port, d, judge);
    Why {
        title: format!("Why? PSYNC of {replica}, judged by {port}"),
        rule: "A partial resync needs the replica's history to be the master's own, and every \
               byte from the asked offset on to be in the backlog."
            .into(),
        numbers,
        checks: checks(d),
        verdict: answer,
        good: matches!(d.verdict, PsyncVerdict::Continue { .. }),
        change,
        advice,
    }
}

/// `1 … 1,412 (1.4 KB)`: the bytes that can be served again.
pub fn window(d: &Decision) -> String {
    match d.backlog {
        None => "none".into(),
        Some((first, 0)) => format!("empty, its next byte is {}", signed(first.0)),
        Some((first, len)) => {
            let last = first.0.saturating_add(i64::try_from(len).unwrap_or(i64::MAX)) - 1;
            format!("{} … {} ({})", signed(first.0), signed(last), bytes(len))
        }
    }
}

/// The comparisons that led to the verdict, in Redis's order; the last one decided.
pub fn checks(d: &Decision) -> Vec<Check> {
    let mut out = Vec::new();
    let asked = d.asked_offset.0;
    if d.asked_id.starts_with('?') {
        return vec![Check::new("does it ask for a full sync (`?`)?", "yes", false)];
    }
    let id = short_id(&d.asked_id);
    let mine = d.replid.matches(d.asked_id.as_bytes());
    out.push(Check::yes_no(format!("is {id} my replid {}?", d.replid.short()), mine));
    if !mine {
        if d.replid2.is_zero() {
            out.push(Check::new(format!("is {id} my replid2?"), "no: I have none", false));
            return out;
        }
        let second = d.replid2.matches(d.asked_id.as_bytes());
        out.push(Check::yes_no(format!("is {id} my replid2 {}?", d.replid2.short()), second));
        if !second {
            return out;
        }
        let fits = d.asked_offset <= d.second_offset;
        let until = signed(d.second_offset.0);
        let question = format!("is {} ≤ {until}, where the histories part?", signed(asked));
        out.push(Check::yes_no(question, fits));
        if !fits {
            return out;
        }
    }
    match d.backlog {
        None => out.push(Check::new("is there a backlog?", "no", false)),
        Some((first, len)) => {
            let end = first + i64::try_from(len).unwrap_or(i64::MAX);
            let fits = d.asked_offset >= first && d.asked_offset <= end;
            let answer = if d.asked_offset < first {
                "no: too old"
            } else if d.asked_offset > end {
                "no: ahead of me"
            } else {
                "yes"
            };
            let question = format!(
                "is {} in the backlog {} … {} (or the next byte)?",
                signed(asked),
                signed(first.0),
                signed(end.0 - 1)
            );
            out.push(Check::new(question, answer, fits));
        }
    }
    out
}

/// The verdict in a few words: `partial resync: 31 B of backlog`, `full resync: 1 fell out of the
/// backlog`.
pub fn verdict(d: &Decision) -> (Label, String) {
    match d.verdict {
        PsyncVerdict::Continue { bytes: n } => {
            (Label::Good, format!("partial resync: {} of backlog", bytes(n)))
        }
        PsyncVerdict::Full(reason) => {
            let asked = signed(d.asked_offset.0);
            let why = match reason {
                FullReason::Asked => "asked for".into(),
                FullReason::UnknownId => format!("{} is not my history", short_id(&d.asked_id)),
                FullReason::BeyondSecondOffset => format!("{asked} is past the fork"),
                FullReason::NoBacklog => "no backlog yet".into(),
                FullReason::BeforeBacklog => format!("{asked} fell out of the backlog"),
                FullReason::AheadOfMaster => format!("{asked} is ahead of me"),
            };
            (Label::Waiting, format!("full resync: {why}"))
        }
    }
}

/// `8f3a…` for an id, whatever its length; `?` stays.
pub fn short_id(id: &str) -> String {
    let id = safe(id);
    if id.chars().count() > 6 {
        format!("{}…", id.chars().take(4).collect::<String>())
    } else {
        id.into_owned()
    }
}

/// The setting that would have made the other end, or why there is none.
fn change(port: u16, d: &Decision, judge: Option<&Instance>) -> (Vec<Change>, Option<String>) {
    let size = settings::backlog_size(judge);
    let advice = |text: &str| (Vec::new(), Some(text.to_owned()));
    match d.verdict {
        PsyncVerdict::Continue { .. } => {
            let Some((first, _)) = d.backlog else { return (Vec::new(), None) };
            let spare = (d.asked_offset - first).max(0).unsigned_abs();
            (
                Vec::new(),
                Some(format!(
                    "It had {} to spare: the oldest byte held is {}. A replica that was away for \
                     longer falls out of repl-backlog-size ({} now).",
                    bytes(spare),
                    signed(first.0),
                    bytes(size)
                )),
            )
        }
        PsyncVerdict::Full(FullReason::BeforeBacklog) => {
            let missed = (d.master_offset - d.asked_offset + 1).max(1).unsigned_abs();
            let enough = missed.next_power_of_two().max(SMALLEST_BACKLOG);
            let effect = format!(
                "keeps at least {} of the stream ({} now): the replica lacked {}",
                bytes(enough),
                bytes(size),
                bytes(missed)
            );
            let line = format!("repl-backlog-size {}", conf_size(enough));
            (vec![Change::new(port, line, effect)], None)
        }
        PsyncVerdict::Full(FullReason::NoBacklog) => {
            let ttl = settings::number(judge, "repl-backlog-ttl", 3600);
            let effect = format!(
                "never frees the backlog of a master without replicas ({} now); a master that \
                 never had a replica has none either way",
                if ttl == 0 { "0, never".to_owned() } else { format!("after {ttl} s") }
            );
            (vec![Change::new(port, "repl-backlog-ttl 0", effect)], None)
        }
        PsyncVerdict::Full(FullReason::Asked) => advice(
            "No setting changes this: the replica has no history yet, or has thrown it away \
             (a full sync that broke while it loaded, REPLICAOF after a promotion).",
        ),
        PsyncVerdict::Full(FullReason::UnknownId) => advice(
            "No setting changes this: the replica comes from another history. The id stays the \
             same over a restart only if the RDB was saved (SHUTDOWN, not kill -9), and over a \
             promotion as replid2.",
        ),
        PsyncVerdict::Full(FullReason::BeyondSecondOffset) => advice(
            "No setting changes this: the replica has bytes of the old master that the new one \
             never saw. min-replicas-to-write on the old master would have kept such writes few.",
        ),
        PsyncVerdict::Full(FullReason::AheadOfMaster) => advice(
            "No setting changes this: the replica has more of the history than this master wrote. \
             The master may have gone back to an older RDB.",
        ),
    }
}

/// A size as redis.conf has it: `16kb`, `1mb`, `100`.
fn conf_size(n: u64) -> String {
    match n {
        n if n >= 1 << 30 && n.is_multiple_of(1 << 30) => format!("{}gb", n >> 30),
        n if n >= 1 << 20 && n.is_multiple_of(1 << 20) => format!("{}mb", n >> 20),
        n if n >= 1 << 10 && n.is_multiple_of(1 << 10) => format!("{}kb", n >> 10),
        n => n.to_string(),
    }
}
