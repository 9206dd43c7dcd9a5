//! What comes in on a link, one message at a time, before the engine looks at it.

use super::departures;
use super::message::{self, Said};
use crate::engine::conn::{ConnId, Kind};
use crate::engine::host::Ticket;
use crate::engine::replication::Ahead;
use crate::engine::{Engine, replication};
use crate::observe::{Flow, LinkRef, LinkState, Message, Offset, Side, Step, StepKind, StepWhat};

/// Bytes that may wait behind a message that waits; more are not read.
const FULL: usize = 64 * 1024;

/// The message of a link that waits to be looked at.
#[derive(Debug)]
pub(super) struct Arrival {
    ticket: Ticket,
    kind: StepKind,
    /// Its length: what comes in behind it does not belong to it.
    len: usize,
}

impl Arrival {
    pub(super) fn ticket(&self) -> Ticket {
        self.ticket
    }
}

/// Whether the next message of this link waits.
pub(super) fn waits(e: &Engine, conn: ConnId) -> bool {
    e.steps.arrivals.contains_key(&conn)
}

/// Whether a replica waits for the answer to its PSYNC, which waits to be looked at.
pub(super) fn psync_waits(e: &Engine, conn: ConnId) -> bool {
    e.steps.arrivals.get(&conn).is_some_and(|a| a.kind == StepKind::Psync)
}

/// Whether enough waits behind it already.
pub(super) fn is_full(e: &Engine, conn: ConnId) -> bool {
    waits(e, conn) && e.clients.get(conn).is_some_and(|c| c.query.waiting().len() >= FULL)
}

/// Lets every link try again whose next message waits.
pub(super) fn again(e: &mut Engine) {
    let waiting = e.steps.arrivals.keys().copied();
    e.resume.extend(waiting);
}

/// Whether a request may be executed now that came from a link, or that makes its connection one.
/// `raw` is what it was on the wire (nothing for an inline request).
pub(crate) fn may_take(e: &mut Engine, conn: ConnId, words: &[&[u8]], raw: &[u8]) -> bool {
    let Some(c) = e.clients.get(conn) else { return true };
    let inline = || words.iter().map(|w| w.len() + 1).sum::<usize>() + 1;
    let len = if raw.is_empty() { inline() } else { raw.len() };
    let said = match &c.kind {
        Kind::MasterLink => {
            let from = replication::next_of_stream(e).0;
            message::of_stream_words(words, from, from + len as i64 - 1)
        }
        Kind::Replica(link) => {
            let mut said = message::request(words, len);
            if let StepWhat::Message(Message::Ack { offset }) = said.what {
                let last = Offset(link.ack_offset);
                said.exempt = !link.hold_for_ack && departures::no_news(e, last, offset);
            }
            said
        }
        Kind::Normal if makes_a_link(words) => message::request(words, len),
        Kind::Normal => return true,
    };
    let link = link_to_be(e, conn, &said);
    ask(e, conn, said, link)
}

/// Whether a line of the handshake may be looked at.
pub(crate) fn may_take_line(e: &mut Engine, conn: ConnId, line: &[u8], len: usize) -> bool {
    let said = match e.repl.follow.state {
        LinkState::ReceivePingReply => message::reply_line(StepKind::Pong, line, len),
        LinkState::ReceiveAuthReply => message::reply_line(StepKind::Auth, line, len),
        LinkState::ReceivePsyncReply => message::answer_to_psync(line, len),
        _ => message::reply_line(StepKind::Reply, line, len),
    };
    let link = replication::link_of(e, conn);
    ask(e, conn, said, link)
}

/// How many bytes of the RDB on its way in may be taken now; `None`: none, or none are there.
pub(crate) fn part_of_rdb(e: &mut Engine, conn: ConnId) -> Option<usize> {
    let most = e.steps.arrivals.get(&conn).map_or(usize::MAX, |a| a.len);
    let (ahead, got, of) = replication::rdb_ahead(e, conn, most)?;
    let (said, len) = match ahead {
        Ahead::Newline(n) => return Some(n),
        Ahead::Preamble(framing, n) => {
            let what = StepWhat::Message(Message::RdbBegin(framing));
            let kind = StepKind::RdbBegin;
            (Said { kind, what, len: n as u64, exempt: false }, n)
        }
        Ahead::Piece(n) => (message::of_rdb(false, got, of, n as u64), n),
        Ahead::Last(n) => (message::of_rdb(true, got, of, n as u64), n),
        Ahead::Wrong(n) => {
            let what = StepWhat::Message(Message::Unexpected(String::new()));
            (Said { kind: StepKind::Other, what, len: n as u64, exempt: false }, n)
        }
    };
    let link = replication::link_of(e, conn);
    ask(e, conn, said, link).then_some(len)
}

fn ask(e: &mut Engine, conn: ConnId, said: Said, link: Option<LinkRef>) -> bool {
    if said.exempt {
        return true;
    }
    let len = usize::try_from(said.len).unwrap_or(usize::MAX);
    let kind = said.kind;
    let ticket = match e.steps.arrivals.get(&conn) {
        Some(waiting) => waiting.ticket,
        None => e.steps.ticket(),
    };
    let step = Step { kind, flow: Flow::In, link, bytes: said.len, what: said.what };
    if e.host.may(ticket, &step) {
        e.steps.arrivals.remove(&conn);
        return true;
    }
    e.steps.arrivals.insert(conn, Arrival { ticket, kind, len });
    false
}

/// Whether a client speaks as a replica does; `redis-cli` probes with REPLCONF alone.
fn makes_a_link(words: &[&[u8]]) -> bool {
    let is = |i: usize, text: &str| {
        words.get(i).is_some_and(|w| w.eq_ignore_ascii_case(text.as_bytes()))
    };
    is(0, "psync") || is(0, "sync") || (is(0, "replconf") && words.len() > 2 && !is(1, "getack"))
}

/// The link, also where this very message makes it one or names its port.
fn link_to_be(e: &Engine, conn: ConnId, said: &Said) -> Option<LinkRef> {
    let mut link = match replication::link_of(e, conn) {
        Some(link) => link,
        None => LinkRef { side: Side::Master, peer: replication::peer_of(e, conn)? },
    };
    if let StepWhat::Message(Message::ListeningPort(port)) = said.what {
        link.peer.port = port;
    }
    Some(link)
}
