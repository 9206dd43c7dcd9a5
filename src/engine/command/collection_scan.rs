//! What SSCAN, HSCAN and ZSCAN share: cursor, options, the reply's frame.

use super::args::{NOT_AN_INTEGER, SYNTAX};
use super::generic_scan::cursor;
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::wire::num::parse_i64;
use crate::wire::reply::ReplyWriter;
use crate::wire::text::glob_match;

/// The options of a scan.
pub(super) struct Scan<'a> {
    /// How many elements to show about, at least 1.
    pub(super) count: usize,
    pattern: Option<&'a [u8]>,
}

impl<'a> Scan<'a> {
    /// Reads the words behind the cursor; `None` after an error was replied. Redis looks at them
    /// only if there is a value to be scanned.
    pub(super) fn read(call: &Call<'a>, reply: &mut ReplyWriter) -> Option<Scan<'a>> {
        let mut scan = Scan { count: 10, pattern: None };
        for at in (3..call.args.len()).step_by(2) {
            let value = call.args.get(at + 1).copied();
            let error = match value {
                Some(value) if call.is(at, "COUNT") => match parse_i64(value) {
                    Some(n) if n >= 1 => {
                        scan.count = usize::try_from(n).unwrap_or(usize::MAX);
                        continue;
                    }
                    Some(_) => SYNTAX,
                    None => NOT_AN_INTEGER,
                },
                Some(value) if call.is(at, "MATCH") => {
                    scan.pattern = Some(value).filter(|p| *p != b"*");
                    continue;
                }
                _ => SYNTAX,
            };
            reply.error(error);
            return None;
        }
        Some(scan)
    }

    /// Whether MATCH lets this element (field, member) pass.
    pub(super) fn wants(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob_match(pattern, name, false))
    }
}

/// The cursor in `arg`; otherwise the error is replied.
pub(super) fn cursor_arg(e: &mut Engine, arg: &[u8]) -> Option<u64> {
    let from = cursor(arg);
    if from.is_none() {
        e.reply.error("ERR invalid cursor");
    }
    from
}

/// The reply where there is no value.
pub(super) fn empty(reply: &mut ReplyWriter) {
    head(reply, 0, 0);
}

/// The next cursor, and how many words follow.
pub(super) fn head(reply: &mut ReplyWriter, next: u64, words: usize) {
    reply.array(2);
    reply.bulk_str(itoa::Buffer::new().format(next));
    reply.array(words);
}
