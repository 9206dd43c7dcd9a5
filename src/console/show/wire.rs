//! The bytes of each link beside their meaning, both ways, in the order in which they passed.

use super::seen::Passage;
use super::{Seen, plain, wanted};
use crate::console::units::{count, plural};
use crate::lab::model::Model;
use crate::observe::{AnswerLine, Label};

/// Bytes on one line.
const PER_LINE: usize = 16;
/// Lines of bytes that one message may take.
const LINES: usize = 6;
/// So many messages are shown.
const SHOWN: usize = 24;

pub fn lines(model: &Model, seen: &Seen, only: &[u16]) -> Vec<AnswerLine> {
    let all: Vec<&Passage> = seen
        .wire()
        .filter(|p| match only {
            [a, b] => [p.from, p.to].iter().all(|x| x == a || x == b),
            _ => wanted(only, &[p.from, p.to]),
        })
        .collect();
    if all.is_empty() {
        let text = match model.links().is_empty() {
            true => "nothing passed yet: nobody follows anybody",
            false => "nothing passed on that link yet, at a pace at which bytes are kept",
        };
        return vec![plain(text)];
    }
    let skipped = all.len().saturating_sub(SHOWN);
    let mut out = Vec::new();
    if skipped > 0 {
        let text = format!("… {} before these", plural(skipped as u64, "message"));
        out.push(AnswerLine::of(Label::Note, text));
    }
    for passage in all.iter().skip(skipped) {
        out.extend(one(passage));
    }
    out
}

fn one(p: &Passage) -> Vec<AnswerLine> {
    let last = (p.at + p.len).saturating_sub(1);
    let mut out = vec![AnswerLine::of(
        Label::Lab,
        format!(
            "{} → {}  bytes {}–{}  {}",
            super::seen::name(p.from),
            super::seen::name(p.to),
            count(p.at),
            count(last),
            p.meaning
        ),
    )];
    for (n, chunk) in p.raw.chunks(PER_LINE).enumerate() {
        if n == LINES {
            let left = p.len - (n * PER_LINE) as u64;
            out.push(plain(format!("  … {} more", plural(left, "byte"))));
            return out;
        }
        let hex: Vec<String> = chunk.iter().map(|b| format!("{b:02x}")).collect();
        let at = p.at + (n * PER_LINE) as u64;
        out.push(plain(format!("  {:>9}  {:<47}  {}", count(at), hex.join(" "), text(chunk))));
    }
    let shown = p.raw.len() as u64;
    if p.len > shown {
        out.push(plain(format!("  … {} more", plural(p.len - shown, "byte"))));
    }
    out
}

/// Bytes as text: what is not printable is escaped or a dot.
fn text(bytes: &[u8]) -> String {
    let mut out = String::new();
    for b in bytes {
        match b {
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n"),
            0x20..=0x7e => out.push(*b as char),
            _ => out.push('.'),
        }
    }
    out
}
