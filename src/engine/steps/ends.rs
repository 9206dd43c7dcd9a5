//! Links whose peer is gone: this end learns of it when the step goes.

use super::{arrivals, look};
use crate::engine::blocked::Blocked;
use crate::engine::conn::ConnId;
use crate::engine::host::Ticket;
use crate::engine::{Engine, replication};
use crate::observe::{LinkLoss, Step, StepKind, StepWhat};

#[derive(Debug)]
pub(super) struct End {
    why: LinkLoss,
    ticket: Option<Ticket>,
}

impl End {
    pub(super) fn ticket(&self) -> Option<Ticket> {
        self.ticket
    }
}

impl Engine {
    /// The peer of a link is gone. Whether that is kept for a step; then the engine closes the
    /// connection later, by itself.
    pub(crate) fn keeps_end(&mut self, conn: ConnId, why: &LinkLoss) -> bool {
        look(self);
        let keeps = self.steps.on && replication::link_of(self, conn).is_some();
        if keeps {
            keep(self, conn, why);
            settle(self);
        }
        keeps
    }

    /// The same where a link breaks by what came in on it, in the middle of a command: the end of
    /// the turn asks. Nothing more is taken from it.
    pub(crate) fn keeps_broken(&mut self, conn: ConnId, why: &LinkLoss) -> bool {
        let keeps = self.steps.on && replication::link_of(self, conn).is_some();
        if keeps {
            keep(self, conn, why);
        }
        keeps
    }

    /// Whether the link broke by what came in on it, and waits for its end.
    pub(crate) fn is_broken(&self, conn: ConnId) -> bool {
        let end = self.steps.ends.get(&conn);
        end.is_some_and(|end| matches!(end.why, LinkLoss::Protocol(_)))
    }
}

fn keep(e: &mut Engine, conn: ConnId, why: &LinkLoss) {
    // Whatever still waits to be written has nowhere to go.
    super::departures::give_up(e, conn);
    let end = End { why: why.clone(), ticket: None };
    e.steps.ends.entry(conn).or_insert(end);
}

/// Asks for every end that nothing is before any more, and ends what may end.
pub(super) fn settle(e: &mut Engine) {
    for conn in e.steps.ends.keys().copied().collect::<Vec<_>>() {
        if arrivals::waits(e, conn) || waits_itself(e, conn) {
            continue;
        }
        let Some(why) = e.steps.ends.get(&conn).map(|end| end.why.clone()) else { continue };
        if may_end(e, conn, &why) {
            e.steps.ends.remove(&conn);
            e.close_because(conn, why);
        }
    }
}

fn may_end(e: &mut Engine, conn: ConnId, why: &LinkLoss) -> bool {
    let asked = e.steps.ends.get(&conn).and_then(|end| end.ticket);
    if !e.steps.on {
        asked.into_iter().for_each(|ticket| e.host.forget(ticket));
        return true;
    }
    let ticket = asked.unwrap_or_else(|| e.steps.ticket());
    let link = replication::link_of(e, conn);
    let step = Step::here(StepKind::LinkEnd, link, StepWhat::End(why.clone()));
    if e.host.may(ticket, &step) {
        return true;
    }
    if let Some(end) = e.steps.ends.get_mut(&conn) {
        end.ticket = Some(ticket);
    }
    false
}

/// Whether what the peer sent last waits for a step inside.
fn waits_itself(e: &Engine, conn: ConnId) -> bool {
    e.clients.get(conn).is_some_and(|c| c.blocked == Some(Blocked::Step))
        || super::any_waits(e, |what, _| what.comes_before_end_of(conn))
}
