//! What leaves on a link: whole messages only, each asked for before a byte of it is shown.

use super::message::{self, Said};
use crate::engine::conn::{Client, ConnId, Kind};
use crate::engine::host::Ticket;
use crate::engine::wiretap::rdb_before;
use crate::engine::{Engine, replication};
use crate::observe::{Fact, Flow, Message, Offset, RdbFraming, Step, StepKind, StepWhat};
use std::collections::VecDeque;

/// How far a link's output may go.
#[derive(Debug, Default)]
pub(super) struct Departures {
    /// Bytes from the write position on that may be written; behind them a message begins.
    may: u64,
    /// The message behind them was refused.
    ticket: Option<Ticket>,
    /// The offset that was acknowledged last, as a replica.
    acked: Option<Offset>,
    /// Nobody reads any more.
    dead: bool,
    /// What is told of messages when they leave, oldest first.
    untold: VecDeque<(Message, Fact)>,
}

impl Departures {
    pub(super) fn ticket(&self) -> Option<Ticket> {
        self.ticket
    }

    /// The offset that was acknowledged last, as a replica, on its way or there.
    pub(super) fn acked(&self) -> Option<Offset> {
        self.acked
    }

    /// What was not told yet.
    pub(super) fn into_untold(self) -> impl Iterator<Item = Fact> {
        self.untold.into_iter().map(|(_, fact)| fact)
    }
}

/// Tells that a message was written to this link: at once, or when it is let go.
pub(crate) fn tell_said(e: &mut Engine, conn: ConnId, message: Message, bytes: u64) {
    let Some(link) = replication::link_of(e, conn) else { return };
    let fact = Fact::Said { link, message: message.clone(), bytes };
    if !e.steps.on {
        return e.fact(fact);
    }
    open(e, conn);
    if let Some(d) = e.steps.departures.get_mut(&conn) {
        d.untold.push_back((message, fact));
    }
}

/// The message as it was queued to be told.
fn as_told(said: &Said) -> Option<Message> {
    match &said.what {
        StepWhat::Message(message) => Some(message.clone()),
        StepWhat::Command { .. } if said.kind == StepKind::GetAck => Some(Message::GetAck),
        StepWhat::Command { wire, .. } if said.exempt && !wire.is_empty() => {
            Some(Message::StreamPing)
        }
        _ => None,
    }
}

/// This message goes: tells of it, and of what was before it.
fn tell_gone(e: &mut Engine, conn: ConnId, message: &Message) {
    let Some(d) = e.steps.departures.get_mut(&conn) else { return };
    let Some(i) = d.untold.iter().position(|(m, _)| m == message) else { return };
    let gone: Vec<Fact> = d.untold.drain(..=i).map(|(_, fact)| fact).collect();
    gone.into_iter().for_each(|fact| e.fact(fact));
}

/// Begins to look at a link's output: what is half written may be written to its end.
pub(super) fn open(e: &mut Engine, conn: ConnId) {
    if e.steps.departures.contains_key(&conn) {
        return;
    }
    let Some(c) = e.clients.get(conn) else { return };
    let may = rest_of_message(e, c);
    let acked = if c.out.is_empty() { e.repl.follow.acked } else { None };
    let dead = e.steps.ends.contains_key(&conn);
    let departures = Departures { may, acked, dead, ..Departures::default() };
    e.steps.departures.insert(conn, departures);
}

/// Asks for one message of this link after the other, until one is refused.
pub(super) fn ask(e: &mut Engine, conn: ConnId) {
    open(e, conn);
    let mut grew = false;
    loop {
        let (Some(c), Some(d)) = (e.clients.get(conn), e.steps.departures.get(&conn)) else {
            return;
        };
        if d.dead {
            return;
        }
        let Some(mut said) = next(e, c, d.may) else { break };
        let ack = match &said.what {
            StepWhat::Message(Message::Ack { offset }) => Some(*offset),
            _ => None,
        };
        said.exempt |= matches!((d.acked, ack), (Some(last), Some(ack)) if no_news(e, last, ack));
        let asked = d.ticket;
        let message = as_told(&said);
        if !said.exempt {
            let ticket = asked.unwrap_or_else(|| e.steps.ticket());
            let link = replication::link_of(e, conn);
            let flow = Flow::Out;
            let step = Step { kind: said.kind, flow, link, bytes: said.len, what: said.what };
            if !e.host.may(ticket, &step) {
                if let Some(d) = e.steps.departures.get_mut(&conn) {
                    d.ticket = Some(ticket);
                }
                break;
            }
        }
        if let Some(d) = e.steps.departures.get_mut(&conn) {
            d.ticket = None;
            d.may += said.len;
            d.acked = ack.or(d.acked);
        }
        if let Some(message) = message {
            tell_gone(e, conn, &message);
        }
        grew = true;
    }
    if grew {
        e.output_grew(conn);
    }
}

/// The peer is gone: nothing more leaves.
pub(super) fn give_up(e: &mut Engine, conn: ConnId) {
    open(e, conn);
    let Some(d) = e.steps.departures.get_mut(&conn) else { return };
    (d.dead, d.may) = (true, 0);
    // It was not said, and will not be.
    d.untold.clear();
    if let Some(ticket) = d.ticket.take() {
        e.host.forget(ticket);
    }
}

/// Puts a sign of life in front of a message that waits; it may go at once. Not in the middle of
/// a message, nor of what may go anyway.
pub(super) fn slip_in(e: &mut Engine, conn: ConnId, bytes: &[u8]) -> bool {
    let Some(d) = e.steps.departures.get_mut(&conn) else { return false };
    let Some(c) = e.clients.get_mut(conn) else { return false };
    let in_rdb = !c.out.pieces.is_empty() && c.out.head.len() == c.out.head_done;
    if d.dead || d.may > 0 || in_rdb {
        return false;
    }
    let at = c.out.head_done;
    c.out.head.splice(at..at, bytes.iter().copied());
    d.may = bytes.len() as u64;
    e.output_grew(conn);
    true
}

impl Engine {
    /// How many bytes may be written to this connection now; `None`: all there are.
    #[inline]
    pub(crate) fn may_leave(&self, conn: ConnId) -> Option<u64> {
        if !self.steps.on {
            return None;
        }
        self.steps.departures.get(&conn).map(|d| d.may)
    }

    /// So many bytes left.
    pub(crate) fn have_left(&mut self, conn: ConnId, n: u64) {
        if let Some(d) = self.steps.departures.get_mut(&conn) {
            d.may = d.may.saturating_sub(n);
            // What was written may bring what follows from it.
            ask(self, conn);
        }
    }
}

/// How many bytes of the message at the write position are still to be written, if some of it was.
fn rest_of_message(e: &Engine, c: &Client) -> u64 {
    let head = &c.out.head;
    let mut at = 0;
    while at < c.out.head_done {
        // Everything that was ever written to the head since it was empty is still there, so it
        // begins with a message.
        at += in_head(c, &head[at..]).len as usize;
    }
    if c.out.head_done < head.len() {
        return (at - c.out.head_done) as u64;
    }
    if let Some(piece) = c.out.pieces.front() {
        return if c.out.piece_done > 0 { (piece.len() - c.out.piece_done) as u64 } else { 0 };
    }
    match replication::stream_cursor(e, c) {
        Some(at) => (replication::boundary(&e.repl.stream, at) - at).max(0) as u64,
        None => 0,
    }
}

/// Whether an acknowledgement tells only that the link lives: it repeats the last one, or counts
/// the pings that came since.
pub(super) fn no_news(e: &Engine, last: Offset, ack: Offset) -> bool {
    ack == last || (ack > last && replication::only_pings(&e.repl.stream, last.0 + 1, ack.0))
}

/// The message that begins `skip` bytes behind the write position.
fn next(e: &Engine, c: &Client, skip: u64) -> Option<Said> {
    let mut skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let head = &c.out.head[c.out.head_done..];
    if skip < head.len() {
        return Some(in_head(c, &head[skip..]));
    }
    skip -= head.len();
    for (i, piece) in c.out.pieces.iter().enumerate() {
        let left = piece.len() - if i == 0 { c.out.piece_done } else { 0 };
        if skip < left {
            return Some(piece_of_rdb(c, i));
        }
        skip -= left;
    }
    let at = replication::stream_cursor(e, c)? + skip as i64;
    let command = replication::command_at(&e.repl.stream, at)?;
    let mut said = message::of_stream(&command, at);
    let held_to = match &c.kind {
        Kind::Replica(link) => link.held_to(),
        _ => 0,
    };
    if said.kind == StepKind::Command && command.to <= held_to {
        said.kind = StepKind::Replay;
    }
    Some(said)
}

fn in_head(c: &Client, bytes: &[u8]) -> Said {
    match &c.kind {
        Kind::MasterLink => message::from_replica(bytes),
        Kind::Replica(_) => message::line_to_replica(bytes),
        Kind::Normal => message::reply(bytes),
    }
}

/// The piece of the RDB with this place in the queue.
fn piece_of_rdb(c: &Client, i: usize) -> Said {
    let Kind::Replica(link) = &c.kind else {
        return message::of_rdb(false, 0, None, c.out.pieces[i].len() as u64);
    };
    let of = match link.framing {
        Some(RdbFraming::Length(n)) => Some(n),
        _ => None,
    };
    let from = rdb_before(link, &c.out, i);
    let last = link.rdb_queued && i + 1 == c.out.pieces.len();
    message::of_rdb(last, from, of, c.out.pieces[i].len() as u64)
}
