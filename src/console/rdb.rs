//! The records of an RDB file in words: for the pane, and for `synclab inspect`.

use super::units::{bytes, count, plural};
use crate::observe::{Preview, RdbElement, RdbKey, RdbSum, RdbWhat};
use crate::transcript::utc;
use crate::wire::rdb::walk::Kind;

/// What a record is, in one line.
pub fn record(what: &RdbWhat) -> String {
    match what {
        RdbWhat::Magic { version } => format!("an RDB file, version {version}"),
        RdbWhat::Aux { name, value } => format!("aux {name} = {value}{}", aux_note(name, value)),
        RdbWhat::SelectDb { db } => format!("SELECTDB: the keys that follow are in db {db}"),
        RdbWhat::ResizeDb { keys, expires } => {
            format!(
                "RESIZEDB: {} to come, {} with an expiry",
                plural(*keys, "key"),
                count(*expires)
            )
        }
        RdbWhat::Function { source } => {
            format!("FUNCTION library, {}: {source}", bytes(source.len()))
        }
        RdbWhat::ModuleAux { module } => format!("data of the module {module}"),
        RdbWhat::Key(key) => self::key(key),
        RdbWhat::Eof => "EOF: the end of the keys".into(),
        RdbWhat::Checksum { sum, verdict } => match verdict {
            RdbSum::Right => format!("checksum {sum:016x}: right"),
            RdbSum::Absent => "no checksum was made (rdbchecksum no): nothing to compare".into(),
            RdbSum::Unchecked => format!("checksum {sum:016x}: not compared here"),
        },
        RdbWhat::Untold { bytes: n } => {
            format!("… {} more, not looked at one by one", bytes(*n))
        }
        RdbWhat::Broken { error, hint } => format!("{error}. {hint}"),
    }
}

/// What a reader may not know about an aux field.
fn aux_note(name: &Preview, value: &Preview) -> String {
    let number = || value.text().parse::<i64>().ok();
    match name.text() {
        "ctime" => number().map_or(String::new(), |s| {
            format!(" ({} UTC)", &utc(s.saturating_mul(1_000_000))[..19])
        }),
        "used-mem" => number().and_then(|n| u64::try_from(n).ok()).map_or(String::new(), |n| {
            if n < 1024 { String::new() } else { format!(" ({})", bytes(n)) }
        }),
        "repl-stream-db" => " (selected in the stream)".into(),
        "repl-offset" => " (the stream goes on behind it)".into(),
        _ => String::new(),
    }
}

/// `string name = xd`, `list l, 3 elements: a, b, c · expires …`.
fn key(k: &RdbKey) -> String {
    let kind = Kind(k.kind);
    let name = if k.key.is_empty() { "\"\"".to_owned() } else { k.key.to_string() };
    let mut out = match kind.name() {
        "string" => match k.sample.first() {
            Some(RdbElement::One(value)) => format!("string {name} = {value}"),
            _ => format!("string {name}"),
        },
        "module" => format!("module value {name}, {}", plural(k.size, "field")),
        word => {
            let noun = match word {
                "hash" => "field",
                "set" | "zset" => "member",
                "stream" => "entry",
                _ => "element",
            };
            let size = match (noun, k.size) {
                ("entry", n) if n != 1 => format!("{} entries", count(n)),
                _ => plural(k.size, noun),
            };
            let shown: Vec<String> = k.sample.iter().map(element).collect();
            let more = if k.size > shown.len() as u64 { ", …" } else { "" };
            let shown = match shown.is_empty() {
                true => String::new(),
                false => format!(": {}{more}", shown.join(", ")),
            };
            format!("{word} {name} ({}), {size}{shown}", kind.layout())
        }
    };
    if k.size > 96 && kind.name() == "string" {
        out.push_str(&format!(" ({})", bytes(k.size)));
    }
    if k.groups > 0 {
        out.push_str(&format!(" · {}", plural(k.groups, "consumer group")));
    }
    if k.db > 0 {
        out.push_str(&format!(" · db {}", k.db));
    }
    if let Some(ms) = k.expire_at_ms {
        out.push_str(&format!(" · expires {}", moment(ms)));
    }
    if let Some(seconds) = k.idle {
        out.push_str(&format!(" · idle {} s", count(seconds)));
    }
    if let Some(counter) = k.freq {
        out.push_str(&format!(" · LFU counter {counter}"));
    }
    out
}

/// One element of a value.
pub fn element(e: &RdbElement) -> String {
    match e {
        RdbElement::One(text) => quoted(text),
        RdbElement::Pair(field, value) => format!("{} = {}", quoted(field), quoted(value)),
        RdbElement::Scored(member, score) => format!("{} ({score})", quoted(member)),
        RdbElement::Entry { id, fields } => {
            let fields: Vec<String> =
                fields.iter().map(|(f, v)| format!("{} = {}", quoted(f), quoted(v))).collect();
            if fields.is_empty() { id.clone() } else { format!("{id} {}", fields.join(" ")) }
        }
    }
}

fn quoted(text: &Preview) -> String {
    if text.is_empty() { "\"\"".into() } else { text.to_string() }
}

/// A moment in Unix milliseconds, to the second unless it is more exact.
pub fn moment(ms: i64) -> String {
    // Years that no calendar of ours can name are told as the number that they are.
    if !(-62_000_000_000_000..=253_402_300_799_999).contains(&ms) {
        return format!("at {ms} ms");
    }
    let text = utc(ms.saturating_mul(1000));
    format!("{} UTC", text.strip_suffix(".000").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_as_sentences() {
        let p = |text: &str| Preview::of(text.as_bytes());
        let key = |kind, size, sample| {
            RdbWhat::Key(Box::new(RdbKey {
                db: 0,
                key: p("k"),
                kind,
                size,
                groups: 0,
                sample,
                expire_at_ms: None,
                idle: None,
                freq: None,
            }))
        };
        assert_eq!(record(&key(0, 2, vec![RdbElement::One(p("xd"))])), "string k = xd");
        let list = key(18, 700, vec![RdbElement::One(p("a")), RdbElement::One(p(""))]);
        assert_eq!(record(&list), "list k (quicklist), 700 elements: a, \"\", …");
        let zset = key(17, 1, vec![RdbElement::Scored(p("m"), "1.5".into())]);
        assert_eq!(record(&zset), "zset k (listpack), 1 member: m (1.5)");
        let ctime = RdbWhat::Aux { name: p("ctime"), value: p("1700000000") };
        assert_eq!(record(&ctime), "aux ctime = 1700000000 (2023-11-14 22:13:20 UTC)");
        assert_eq!(moment(4_102_444_800_000), "2100-01-01 00:00:00 UTC");
        assert_eq!(moment(i64::MAX), "at 9223372036854775807 ms");
    }
}
