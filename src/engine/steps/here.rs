//! What happens inside the instance and waits for its step.

use crate::engine::conn::ConnId;
use crate::engine::host::Ticket;
use crate::engine::replication::Held;
use crate::engine::{Engine, replication};
use crate::observe::Step;

#[derive(Debug)]
pub(super) struct Waiting {
    ticket: Ticket,
    step: Step,
    what: Held,
}

/// Whether this step may happen now. If not, `what` is kept, and done when it may.
pub(crate) fn may(e: &mut Engine, step: impl FnOnce(&Engine) -> Step, what: Held) -> bool {
    // This may be the middle of a command: a change is acted upon at the end of the turn.
    if !e.host.stepping() {
        return true;
    }
    let (step, ticket) = (step(e), e.steps.ticket());
    if e.host.may(ticket, &step) {
        return true;
    }
    e.steps.here.push(Waiting { ticket, step, what });
    false
}

/// Whether something like this waits for its step.
pub(crate) fn any_waits(e: &Engine, like: impl Fn(&Held, &Step) -> bool) -> bool {
    e.steps.here.iter().any(|w| like(&w.what, &w.step))
}

/// Asks again for what waits, oldest first, and does what may be done.
pub(super) fn again(e: &mut Engine) {
    sweep(e);
    let tickets: Vec<Ticket> = e.steps.here.iter().map(|w| w.ticket).collect();
    for ticket in tickets {
        // What was done before may have made an end of this one.
        let Some(i) = e.steps.here.iter().position(|w| w.ticket == ticket) else { continue };
        if !e.steps.on {
            e.host.forget(ticket);
        } else if !e.host.may(ticket, &e.steps.here[i].step) {
            continue;
        }
        let waiting = e.steps.here.remove(i);
        replication::go_on(e, waiting.what);
        sweep(e);
    }
}

/// Forgets what has lost its meaning.
pub(super) fn sweep(e: &mut Engine) {
    forget(e, |e, w| !replication::still_means(e, &w.what, &w.step));
}

/// Forgets what hung on this connection.
pub(super) fn link_gone(e: &mut Engine, conn: ConnId) {
    forget(e, |_, w| w.what.conn() == Some(conn));
}

fn forget(e: &mut Engine, gone: impl Fn(&Engine, &Waiting) -> bool) {
    let mut i = 0;
    while i < e.steps.here.len() {
        if gone(e, &e.steps.here[i]) {
            let waiting = e.steps.here.remove(i);
            e.host.forget(waiting.ticket);
        } else {
            i += 1;
        }
    }
}
