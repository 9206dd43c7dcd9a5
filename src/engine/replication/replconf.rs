//! REPLCONF: what a replica says about itself, and its acknowledgements.

use super::attached::{self, link_mut};
use super::link::Announced;
use super::serve::wire_len;
use super::{follow, held};
use super::{heard, say};
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::conn::{ConnId, Kind};
use crate::engine::steps;
use crate::observe::{Fact, Message, Offset};
use crate::wire::num::parse_i64;

/// `REPLCONF option value [option value …]`, from left to right; what came before an error stays.
pub(super) fn replconf(e: &mut Engine, call: &Call<'_>) {
    if call.args.len().is_multiple_of(2) {
        e.reply.error("ERR syntax error");
        return;
    }
    let mut capas = Vec::new();
    for i in (1..call.args.len()).step_by(2) {
        let (option, value) = (call.arg(i), call.arg(i + 1));
        if call.is(i, "ack") {
            ack(e, call, value);
            return;
        } else if call.is(i, "getack") {
            getack(e, call.conn);
            return;
        } else if call.is(i, "listening-port") {
            let Some(port) = parse_i64(value) else {
                e.reply.error("ERR value is not an integer or out of range");
                return;
            };
            announce(e, call.conn, |a| a.port = port);
            let told = u16::try_from(port).unwrap_or(0);
            heard(e, call.conn, Message::ListeningPort(told), wire_len(call));
        } else if call.is(i, "ip-address") {
            if value.len() > 255 {
                let text = "REPLCONF ip-address provided by replica instance is too long";
                e.reply.error(format!("ERR {text}: {} bytes", value.len()));
                return;
            }
            let ip = String::from_utf8_lossy(value).into_owned();
            let kept = (!ip.is_empty()).then(|| ip.clone());
            announce(e, call.conn, |a| a.ip = kept);
            heard(e, call.conn, Message::AnnounceIp(ip), wire_len(call));
        } else if call.is(i, "capa") {
            let (eof, psync2) = (call.is(i + 1, "eof"), call.is(i + 1, "psync2"));
            announce(e, call.conn, |a| {
                a.eof |= eof;
                a.psync2 |= psync2;
            });
            capas.push(super::lines::shown(value));
        } else if call.is(i, "rdb-only") {
            match parse_i64(value) {
                Some(n @ 0..=1) => announce(e, call.conn, |a| a.rdb_only = n == 1),
                Some(_) => {
                    e.reply.error("ERR value is out of range, value must between 0 and 1");
                    return;
                }
                None => {
                    e.reply.error("ERR value is not an integer or out of range");
                    return;
                }
            }
        } else if call.is(i, "rdb-filter-only") {
            if !filter(e, call.conn, value) {
                return;
            }
        } else {
            let option = super::lines::shown(option);
            e.reply.error(format!("ERR Unrecognized REPLCONF option: {option}"));
            return;
        }
    }
    if !capas.is_empty() {
        heard(e, call.conn, Message::Capa(capas), wire_len(call));
    }
    e.reply.ok();
    // Only a peer that speaks of itself as a replica is a link; `redis-cli` probes with no options.
    steps::tell_said(e, call.conn, Message::Ok, 5);
}

fn announce(e: &mut Engine, conn: ConnId, change: impl FnOnce(&mut Announced)) {
    match link_mut(e, conn) {
        Some(link) => change(&mut link.announced),
        None => change(e.repl.announced.entry(conn).or_default()),
    }
}

/// `rdb-filter-only`: the RDB holds only what is named; an empty list leaves nothing.
fn filter(e: &mut Engine, conn: ConnId, value: &[u8]) -> bool {
    let Ok(words) = crate::wire::text::split_args(value) else {
        e.reply.error("ERR Missing rdb-filter-only values");
        return false;
    };
    announce(e, conn, |a| {
        a.no_data = true;
        a.no_functions = true;
    });
    for word in words {
        if !word.eq_ignore_ascii_case(b"functions") {
            let word = super::lines::shown(&word);
            e.reply.error(format!("ERR Unsupported rdb-filter-only option: {word}"));
            return false;
        }
        announce(e, conn, |a| a.no_functions = false);
    }
    true
}

/// An acknowledgement. Never answered, wherever it comes from.
fn ack(e: &mut Engine, call: &Call<'_>, value: &[u8]) {
    let now = e.now.link_us;
    let Some(offset) = parse_i64(value) else { return };
    let Some(c) = e.clients.get_mut(call.conn) else { return };
    let Kind::Replica(link) = &mut c.kind else { return };
    link.ack_offset = link.ack_offset.max(offset);
    link.ack_at_us = now;
    let first = std::mem::take(&mut link.hold_for_ack);
    let replica = attached::addr_of_client(c);
    e.fact(Fact::Acked { replica, offset: Offset(offset) });
    if first {
        // The mark of the transfer was understood: the stream may begin.
        e.output_grew(call.conn);
    }
    // Whether it is a good one again, cron counts.
    e.repl.turn.acked = true;
}

/// Our master asks how far we are: the answer tells the offset before this very command.
fn getack(e: &mut Engine, conn: ConnId) {
    if !e.clients.get(conn).is_some_and(|c| matches!(c.kind, Kind::MasterLink)) {
        return;
    }
    heard(e, conn, Message::GetAck, 37);
    // Whatever a master's command writes is dropped, so the answer goes out after it.
    e.repl.turn.owes_ack = true;
}

/// An empty line from a replica: it lives, though it loads and cannot acknowledge.
pub fn heard_newline(e: &mut Engine, conn: ConnId) {
    let now = e.now.link_us;
    if let Some(link) = link_mut(e, conn) {
        link.ack_at_us = now;
        heard(e, conn, Message::Newline, 1);
    }
}

/// Acknowledges what was applied, if the master understands that.
pub(super) fn send_ack(e: &mut Engine) {
    let Some(conn) = follow::connected_conn(e) else { return };
    if e.repl.follow.pre_psync {
        return;
    }
    let offset = Offset(e.repl.stream.end());
    let (message, bytes) = held::ack_of(offset);
    e.repl.follow.acked = Some(offset);
    say(e, conn, message, &bytes);
}
