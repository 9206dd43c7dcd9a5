//! Writing the stream: commands of this master, or the raw bytes of a master passed on.

use super::attached;
use super::lines::push_command;
use crate::engine::Engine;
use crate::engine::conn::Kind;
use crate::engine::facts::Detail;
use crate::observe::{Fact, Offset, Preview};

/// Appends a command to the stream, with a SELECT before it if the stream's database differs.
/// Writes of a replica's own clients are local: nothing is appended while a master is followed.
pub fn feed(e: &mut Engine, db: usize, args: &[&[u8]]) {
    if e.is_replica() || !e.repl.stream.is_active() {
        return;
    }
    if e.repl.stream_db != Some(db) {
        e.repl.stream_db = Some(db);
        let mut digits = itoa::Buffer::new();
        append_command(e, db, &[b"SELECT", digits.format(db).as_bytes()]);
    }
    append_command(e, db, args);
}

/// Appends a command that belongs to no database: the periodic ping and GETACK cause no SELECT.
pub(super) fn feed_bare(e: &mut Engine, args: &[&[u8]]) {
    if e.is_replica() || !e.repl.stream.is_active() {
        return;
    }
    append_command(e, e.repl.stream_db.unwrap_or(0), args);
}

fn append_command(e: &mut Engine, db: usize, args: &[&[u8]]) {
    let mut bytes = std::mem::take(&mut e.repl.scratch);
    bytes.clear();
    push_command(&mut bytes, args);
    let from = e.repl.stream.end() + 1;
    append(e, &bytes);
    let to = e.repl.stream.end();
    e.detail(Detail::Propagated { bytes: bytes.len() as u64 }, |_| Fact::Propagated {
        db: db as u32,
        wire: args.iter().map(|a| Preview::of(a)).collect(),
        from: Offset(from),
        to: Offset(to),
    });
    if e.tells_details() {
        tell_held(e);
    }
    // What one huge command left behind is not kept.
    if bytes.capacity() <= 64 * 1024 {
        e.repl.scratch = bytes;
    }
}

/// Appends bytes as they are: what the own master wrote, on their way to our replicas.
pub(super) fn append(e: &mut Engine, bytes: &[u8]) {
    let size = backlog_size(e);
    e.repl.turn.grew = true;
    if e.repl.stream.append(bytes, size) {
        attached::check_limits(e, false);
        let pinned = attached::lowest_cursor(e);
        e.repl.stream.trim(size, pinned);
    }
}

/// Tells, for every replica that is not fed yet, what was appended since the last time.
pub(super) fn tell_held(e: &mut Engine) {
    let end = e.repl.stream.end();
    for i in 0..e.repl.replicas.len() {
        let conn = e.repl.replicas[i];
        let Some(c) = e.clients.get_mut(conn) else { continue };
        let Kind::Replica(link) = &mut c.kind else { continue };
        let Some(cursor) = link.cursor else { continue };
        if link.streams() || link.told.held_to >= end {
            continue;
        }
        let from = link.told.held_to + 1;
        link.told.held_to = end;
        let replica = attached::addr_of_client(c);
        e.fact(Fact::Held {
            replica,
            from: Offset(from),
            to: Offset(end),
            held_bytes: (end + 1 - cursor).max(0) as u64,
        });
    }
}

/// repl-backlog-size, as a size.
pub(super) fn backlog_size(e: &Engine) -> usize {
    usize::try_from(e.config.repl_backlog_size).unwrap_or(super::stream::MIN_BLOCK)
}
