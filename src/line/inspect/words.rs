//! What an item means, in one line.

use crate::console::rdb::{element, moment, record};
use crate::console::units::{bytes, count, plural};
use crate::observe::{RdbElement, RdbWhat};
use crate::wire::rdb::walk::{Clip, Element, TextForm, What};
use crate::wire::text::printable;

/// Columns that a text may take.
const WIDE: usize = 100;

/// The line; nothing in it steers a terminal.
pub fn meaning(what: &What) -> String {
    // Records read as they do in the lab.
    if let Some(what) = RdbWhat::of(what) {
        return record(&what);
    }
    match what {
        What::ExpireAt { ms, seconds: false } => format!("the next key expires {}", moment(*ms)),
        What::ExpireAt { ms, seconds: true } => {
            format!("the next key expires {} (stored as seconds)", moment(*ms))
        }
        What::Idle(seconds) => {
            format!("the next key was idle for {}", plural(*seconds, "second"))
        }
        What::Freq(counter) => format!("the next key's LFU counter is {counter}"),
        What::Name { kind, key } => {
            let (name, layout) = (kind.name(), kind.layout());
            let layout = if name == layout { String::new() } else { format!(" ({layout})") };
            format!("{name} {}{layout}", text(key))
        }
        What::Count { of, n: 1 } => format!("1 {} follows", of.trim_end_matches('s')),
        What::Count { of, n } => format!("{} {of} follow", count(*n)),
        What::Blob { format, bytes: len, packed: None } => {
            format!("a string of {}: {}", bytes(*len), one(format))
        }
        What::Blob { format, bytes: len, packed: Some(n) } => {
            let len = bytes(*len);
            format!(
                "a string of {len}, compressed to {}: {}; + is a place in it",
                bytes(*n),
                one(format)
            )
        }
        What::Container { format, bytes: len, entries } => {
            let entries = match entries {
                Some(n) => format!(", {}", plural(*n, "item")),
                None => ", items to be counted".to_owned(),
            };
            format!("{format} of {}{entries}", bytes(*len))
        }
        What::ContainerEnd => "its end mark".into(),
        What::Text { text: value, from } => {
            let note = match from {
                TextForm::Plain => String::new(),
                TextForm::Int(1) => " (as an integer of 1 byte)".to_owned(),
                TextForm::Int(n) => format!(" (as an integer of {n} bytes)"),
                TextForm::Lzf(n) => format!(" (compressed to {})", bytes(*n)),
            };
            format!("{}{note}", text(value))
        }
        What::Element(e) => {
            let shown = element(&RdbElement::of(e));
            match e {
                Element::Entry { deleted: true, .. } => format!("{shown} (deleted)"),
                _ => shown,
            }
        }
        What::NodeHead { id, entries, deleted, fields } => format!(
            "from {}: {} and {} deleted; {} for most of them",
            self::id(*id),
            match entries {
                1 => "1 entry".to_owned(),
                n => format!("{} entries", count(*n)),
            },
            count(*deleted),
            plural(*fields, "field name"),
        ),
        What::Number { name, n } => format!("{name} {}", count(*n)),
        What::Id { name, id } => format!("{name} {}", self::id(*id)),
        What::Group { name, last, read } => {
            let read = read.map_or("unknown".to_owned(), count);
            format!("group {}: last delivered {}, entries read {read}", text(name), id(*last))
        }
        What::Pending { id, delivered_ms, deliveries } => format!(
            "pending {}: delivered {}, {}",
            self::id(*id),
            unix(*delivered_ms),
            plural(*deliveries, "time")
        ),
        What::Consumer { name, seen_ms } => {
            format!("consumer {}, seen {}", text(name), unix(*seen_ms))
        }
        What::ModuleField { kind, shown } => format!("{kind} {}", text(shown)),
        _ => String::new(),
    }
}

/// Whether there can be very many of them in one key.
pub fn is_element(what: &What) -> bool {
    matches!(
        what,
        What::Element(_)
            | What::Container { .. }
            | What::Blob { .. }
            | What::ContainerEnd
            | What::NodeHead { .. }
            | What::Pending { .. }
            | What::ModuleField { .. }
            | What::Id { name: "node" | "pending", .. }
    )
}

fn text(clip: &Clip) -> String {
    let shown = printable(&clip.bytes, WIDE);
    match (clip.len, clip.is_cut()) {
        (0, _) => "\"\"".into(),
        (len, true) => format!("{}… ({})", shown.trim_end_matches('…'), bytes(len)),
        _ => shown,
    }
}

fn id((ms, seq): (u64, u64)) -> String {
    format!("{ms}-{seq}")
}

fn unix(ms: u64) -> String {
    moment(i64::try_from(ms).unwrap_or(i64::MAX))
}
/// `a listpack`, `an intset`.
fn one(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}
