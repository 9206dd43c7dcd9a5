//! Steps of replication that the host holds back until the learner lets them go.
//!
//! In: what is about to leave on a link, to be taken from one, or to happen inside; the host's yes
//! or no. Out: the same things, in the same order on each link, one by one. Never in here: what a
//! step does, and why it is held.
//!
//! While the host does not look at steps ([`Host::stepping`](super::host::Host::stepping)), all of
//! this costs one question a turn. When it begins to look, every link is somewhere in the middle
//! of something: what is half written or half read stays allowed, and the next boundary is found
//! from the bytes themselves. When it stops, everything that waits goes.

mod arrivals;
mod departures;
mod ends;
mod here;
mod keep_alive;
mod message;
#[cfg(test)]
mod tests;

pub(crate) use arrivals::{may_take, may_take_line, part_of_rdb};
pub(crate) use departures::tell_said;
pub(crate) use here::{any_waits, may};

use super::conn::ConnId;
use super::host::Ticket;
use super::{Engine, replication};
use crate::observe::Now;
use std::collections::BTreeMap;

/// What an instance keeps back, and what it may let go.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// Whether the host looks at steps, as it said last.
    on: bool,
    last_ticket: u64,
    /// How much of each link's output may go to the socket. Empty while nobody looks.
    departures: BTreeMap<ConnId, departures::Departures>,
    /// Links whose next message waits to be looked at.
    arrivals: BTreeMap<ConnId, arrivals::Arrival>,
    /// Links whose peer is gone, which we must not know yet.
    ends: BTreeMap<ConnId, ends::End>,
    /// What waits inside.
    here: Vec<here::Waiting>,
    kept: keep_alive::Kept,
}

impl Steps {
    /// Whether the host looks at steps.
    #[inline]
    pub(crate) fn on(&self) -> bool {
        self.on
    }

    fn ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket(self.last_ticket)
    }
}

impl Engine {
    /// Asks the host again for every step that it refused: it changed its mind about some.
    pub fn poke(&mut self, now: Now) {
        self.now = now;
        look(self);
        here::again(self);
        arrivals::again(self);
        self.resume_unblocked();
        // What may leave is asked for at the end of the turn.
    }

    /// Whether this connection's bytes must not be read now: enough of them wait already.
    pub(crate) fn steps_pause_reading(&self, conn: ConnId) -> bool {
        self.steps.on && (self.steps.ends.contains_key(&conn) || arrivals::is_full(self, conn))
    }
}

/// Asks the host whether it looks at steps, and acts on a change.
pub(crate) fn look(e: &mut Engine) {
    let on = e.host.stepping();
    if on == e.steps.on {
        return;
    }
    e.steps.on = on;
    if on {
        keep_alive::begin(e);
        for conn in links(e) {
            departures::open(e, conn);
        }
    } else {
        release(e);
    }
}

/// Before the turn's sums: peers that are gone.
pub(crate) fn settle_ends(e: &mut Engine) {
    if e.steps.on {
        ends::settle(e);
    }
}

/// At the end of a turn: asks for what the turn brought to the links.
pub(crate) fn settle_output(e: &mut Engine) {
    if e.steps.on {
        here::sweep(e);
        for conn in links(e) {
            departures::ask(e, conn);
        }
    }
}

/// A connection was closed and is forgotten: its steps will not happen.
pub(crate) fn link_gone(e: &mut Engine, conn: ConnId) {
    let departure = e.steps.departures.remove(&conn).and_then(|d| d.ticket());
    let arrival = e.steps.arrivals.remove(&conn).map(|a| a.ticket());
    let end = e.steps.ends.remove(&conn).and_then(|end| end.ticket());
    for ticket in [departure, arrival, end].into_iter().flatten() {
        e.host.forget(ticket);
    }
    here::link_gone(e, conn);
}

/// Nobody looks any more: all that waits goes.
fn release(e: &mut Engine) {
    for (conn, departures) in std::mem::take(&mut e.steps.departures) {
        if let Some(ticket) = departures.ticket() {
            e.host.forget(ticket);
        }
        departures.into_untold().for_each(|fact| e.fact(fact));
        e.output_grew(conn);
    }
    here::again(e);
    for (conn, arrival) in std::mem::take(&mut e.steps.arrivals) {
        e.host.forget(arrival.ticket());
        e.resume.push(conn);
    }
    e.resume_unblocked();
    ends::settle(e);
}

/// The connections that are replication links.
fn links(e: &Engine) -> Vec<ConnId> {
    let announced = e.repl.announced.keys().copied();
    let all = e.repl.follow.conn.into_iter().chain(e.repl.replicas.iter().copied());
    all.chain(announced).filter(|c| replication::link_of(e, *c).is_some()).collect()
}
