//! LCS: the longest common subsequence of two strings.

use super::support::SYNTAX;
use crate::engine::Engine;
use crate::engine::call::flags::READONLY;
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("lcs", -3, lcs, Group::String, "7.0.0")
        .flags(READONLY)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("RO access", 1, 1, 1)])];

/// One stretch that both strings have, by the positions of its first and last bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Match {
    a: (usize, usize),
    b: (usize, usize),
}

impl Match {
    fn len(&self) -> usize {
        self.a.1 - self.a.0 + 1
    }
}

fn lcs(e: &mut Engine, call: &Call<'_>) {
    let a = e.lookup_read(call.arg(1));
    let b = e.lookup_read(call.arg(2));
    if [&a, &b].into_iter().flatten().any(|value| !value.is_string()) {
        return e.reply.error("ERR The specified keys must contain string values");
    }
    let a = a.as_ref().and_then(|v| v.text()).unwrap_or_default();
    let b = b.as_ref().and_then(|v| v.text()).unwrap_or_default();
    let (mut want_len, mut want_matches, mut with_len, mut min_len) = (false, false, false, 0);
    let mut at = 3;
    while at < call.args.len() {
        if call.is(at, "IDX") {
            want_matches = true;
        } else if call.is(at, "LEN") {
            want_len = true;
        } else if call.is(at, "WITHMATCHLEN") {
            with_len = true;
        } else if call.is(at, "MINMATCHLEN") && at + 1 < call.args.len() {
            let Some(n) = e.int_arg(call.arg(at + 1)) else { return };
            min_len = usize::try_from(n).unwrap_or(0);
            at += 1;
        } else {
            return e.reply.error(SYNTAX);
        }
        at += 1;
    }
    if want_len && want_matches {
        return e.reply.error("ERR If you want both the length and indexes, please just use IDX.");
    }
    let Some(table) = Table::of(e, &a, &b) else { return };
    if want_len {
        return e.reply.int(i64::from(table.at(a.len(), b.len())));
    }
    let (text, matches) = table.walk(&a, &b);
    if !want_matches {
        return e.reply.bulk(&text);
    }
    let matches: Vec<Match> = matches.into_iter().filter(|m| m.len() >= min_len).collect();
    e.reply.map(2);
    e.reply.bulk(b"matches");
    e.reply.array(matches.len());
    for m in matches {
        e.reply.array(2 + usize::from(with_len));
        for (first, last) in [m.a, m.b] {
            e.reply.array(2);
            e.reply.int(first as i64);
            e.reply.int(last as i64);
        }
        if with_len {
            e.reply.int(m.len() as i64);
        }
    }
    e.reply.bulk(b"len");
    e.reply.int(text.len() as i64);
}

/// Lengths of the common subsequence of every pair of prefixes.
struct Table {
    cells: Vec<u32>,
    row: usize,
}

impl Table {
    /// `None` after the error was replied: the table would need too much memory.
    fn of(e: &mut Engine, a: &[u8], b: &[u8]) -> Option<Table> {
        let max = u32::MAX as usize - 1;
        if a.len() >= max || b.len() >= max {
            e.reply.error("ERR String too long for LCS");
            return None;
        }
        let row = b.len() + 1;
        let cells = (a.len() + 1).checked_mul(row);
        let limit = usize::try_from(e.config.proto_max_bulk_len).unwrap_or(usize::MAX);
        if cells.and_then(|n| n.checked_mul(4)).is_none_or(|bytes| bytes > limit) {
            let text =
                "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
            e.reply.error(text);
            return None;
        }
        let cells_wanted = cells.unwrap_or(0);
        let mut cells: Vec<u32> = Vec::new();
        if cells.try_reserve_exact(cells_wanted).is_err() {
            e.reply.error("ERR Insufficient memory, failed allocating transient memory for LCS");
            return None;
        }
        cells.resize(cells_wanted, 0);
        let mut table = Table { cells, row };
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                let len = match x == y {
                    true => table.at(i, j) + 1,
                    false => table.at(i, j + 1).max(table.at(i + 1, j)),
                };
                table.cells[(i + 1) * row + j + 1] = len;
            }
        }
        Some(table)
    }

    /// For the first `i` bytes of the one and the first `j` of the other.
    fn at(&self, i: usize, j: usize) -> u32 {
        self.cells[i * self.row + j]
    }

    /// The subsequence, and the stretches it is made of, from the last to the first.
    fn walk(&self, a: &[u8], b: &[u8]) -> (Vec<u8>, Vec<Match>) {
        let (mut i, mut j) = (a.len(), b.len());
        let mut text = Vec::new();
        let mut matches = Vec::new();
        let mut run: Option<Match> = None;
        while i > 0 && j > 0 {
            let mut ends = false;
            if a[i - 1] == b[j - 1] {
                text.push(a[i - 1]);
                let here = Match { a: (i - 1, i - 1), b: (j - 1, j - 1) };
                match &mut run {
                    None => run = Some(here),
                    Some(m) if m.a.0 == i && m.b.0 == j => {
                        m.a.0 -= 1;
                        m.b.0 -= 1;
                    }
                    Some(_) => ends = true,
                }
                ends |= run.is_some_and(|m| m.a.0 == 0 || m.b.0 == 0);
                i -= 1;
                j -= 1;
            } else {
                if self.at(i - 1, j) > self.at(i, j - 1) {
                    i -= 1;
                } else {
                    j -= 1;
                }
                ends = run.is_some();
            }
            if ends {
                matches.extend(run.take());
            }
        }
        text.reverse();
        (text, matches)
    }
}
