//! Following the stream: the offset, and passing the raw bytes on.

use super::feed;
use super::follow;
use crate::engine::Engine;
use crate::engine::facts::Detail;
use crate::observe::{Fact, Message, Offset, Preview};

/// After each command of the master's stream: `raw` is what it was on the wire, `args` its words
/// (none for an empty line). Inside a transaction nothing counts until EXEC: a link that is lost
/// half-way asks for the transaction from its MULTI on.
pub fn applied(e: &mut Engine, args: &[&[u8]], raw: &[u8]) {
    let Some(conn) = follow::connected_conn(e) else { return };
    let Some(c) = e.clients.get(conn) else { return };
    let (in_multi, db) = (c.multi.is_some(), c.db);
    let from = e.repl.stream.end() + 1 + e.repl.follow.unapplied.len() as i64;
    let to = from + raw.len() as i64 - 1;
    if !args.is_empty() {
        e.detail(Detail::Applied, |_| Fact::Applied {
            db: db as u32,
            wire: args.iter().map(|a| Preview::of(a)).collect(),
            from: Offset(from),
            to: Offset(to),
        });
        if args.len() == 1 && args[0].eq_ignore_ascii_case(b"ping") {
            super::heard(e, conn, Message::StreamPing, raw.len() as u64);
        }
    }
    if std::mem::take(&mut e.repl.turn.owes_ack) {
        // It tells the offset before the command that asked.
        super::replconf::send_ack(e);
    }
    // Inside of a transaction nothing counts before EXEC, and an empty line counts with the command
    // behind it.
    if in_multi || args.is_empty() {
        e.repl.follow.unapplied.extend_from_slice(raw);
        return;
    }
    if e.repl.follow.unapplied.is_empty() {
        feed::append(e, raw);
    } else {
        let mut whole = std::mem::take(&mut e.repl.follow.unapplied);
        whole.extend_from_slice(raw);
        feed::append(e, &whole);
        whole.clear();
        e.repl.follow.unapplied = whole;
    }
}
