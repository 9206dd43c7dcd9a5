//! The RDB of each link's last full sync, record by record: place, bytes, meaning.

use super::seen::{Rdb, name};
use super::{Seen, plain, wanted};
use crate::console::units::{count, plural};
use crate::observe::{AnswerLine, Label};

/// Bytes on a line.
const PER_LINE: usize = 16;
/// Records shown from the beginning and from the end.
const FIRST: usize = 40;
const LAST: usize = 8;

pub fn lines(seen: &Seen, only: &[u16]) -> Vec<AnswerLine> {
    let mut out = Vec::new();
    for ((master, replica), rdb) in seen.rdbs() {
        if !wanted(only, &[*master, *replica]) {
            continue;
        }
        let head = format!("{} ═ RDB ═ {}", name(*master), name(*replica));
        out.push(AnswerLine::of(Label::Rdb, head));
        file(rdb, &mut out);
    }
    if out.is_empty() {
        out.push(plain("no RDB passed yet: it does in a full sync, and only there"));
    }
    out
}

fn file(rdb: &Rdb, out: &mut Vec<AnswerLine>) {
    let all = rdb.records.len();
    let hidden = all.saturating_sub(FIRST + LAST);
    for (n, r) in rdb.records.iter().enumerate() {
        if hidden > 0 && n == FIRST {
            let text = format!("  … {} between these", plural(hidden as u64, "record"));
            out.push(AnswerLine::of(Label::Note, text));
        }
        if hidden > 0 && (FIRST..FIRST + hidden).contains(&n) {
            continue;
        }
        let shown = &r.raw[..r.raw.len().min(PER_LINE)];
        let hex: Vec<String> = shown.iter().map(|b| format!("{b:02x}")).collect();
        let more = if r.len > shown.len() as u64 { "…" } else { " " };
        let hex = hex.join(" ");
        out.push(plain(format!("  {:>9}  {hex:<47}{more} {}", count(r.at), r.meaning)));
    }
}
