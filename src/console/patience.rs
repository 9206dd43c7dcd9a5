//! A page is pasted faster than it was once typed: a read on a replica that is still on its way
//! into sync waits, in scripts and pastes, as the page's author unknowingly did.
//!
//! Only reads of keys wait, and only on the lab's own replicas. Writes and INFO never do, so that a
//! script can still look at a transfer, or write into it.

use super::session::{Console, Mouth};
use super::{commands, units};
use crate::lab::model::Model;
use crate::observe::{Label, LinkState, Role};
use std::time::{Duration, Instant};

/// A full sync waits 5 s for others (repl-diskless-sync-delay); more than that is not normal.
const AT_MOST: Duration = Duration::from_secs(15);
/// What was written a moment ago is on its way.
const CATCH_UP: Duration = Duration::from_millis(500);

/// Waits until the replica on `port` can answer what the page says it answered.
pub(super) fn before_read(console: &mut Console, name: &str, port: u16, mouth: &mut Mouth<'_>) {
    if !reads_keys(name) || console.lab.instance(port).is_none() {
        return;
    }
    let began = Instant::now();
    let mut waited = false;
    while !console.interrupt.is_raised() {
        let at_most = match standing(console.model(), port) {
            Standing::Ready => break,
            Standing::Syncing => AT_MOST,
            Standing::Behind => CATCH_UP,
        };
        if began.elapsed() >= at_most {
            break;
        }
        waited = true;
        let cursor = console.lab.journal().len();
        console.lab.journal().wait_beyond(cursor, Duration::from_millis(20));
    }
    let took = began.elapsed();
    if waited && took >= CATCH_UP {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        mouth.text(
            Label::Note,
            format!(
                "({port} was not in sync yet: this line of a script waited {})",
                units::span_us(us)
            ),
        );
    }
}

fn reads_keys(name: &str) -> bool {
    commands::known(name).is_some_and(|k| k.reads_keys)
}

enum Standing {
    Ready,
    /// Its link is being made, or its snapshot is on the way.
    Syncing,
    /// In sync, with bytes on the way.
    Behind,
}

fn standing(model: &Model, port: u16) -> Standing {
    let Some(replica) = model.instance(port).filter(|i| i.is_up() && i.role == Role::Replica)
    else {
        return Standing::Ready;
    };
    let master = replica.master.as_ref().and_then(|m| model.instance(m.port));
    // Nobody knows when a master outside of the lab, or one that is down, will answer; and a slowed
    // link was slowed to be looked at.
    let Some(master) = master.filter(|m| m.is_up()) else { return Standing::Ready };
    // So is time that is held, and a link that was hurt: nothing comes before the learner lets it.
    let pair = (port.min(master.port), port.max(master.port));
    let hurt = model.throttles.contains_key(&pair) || model.faults.contains_key(&pair);
    if hurt || model.time.stepping || model.time.held || model.time.slow > 1 {
        return Standing::Ready;
    }
    if [port, master.port].iter().any(|p| model.frozen.contains(p)) {
        return Standing::Ready;
    }
    match replica.upstream.state {
        LinkState::Connected if replica.offset >= master.offset => Standing::Ready,
        LinkState::Connected => Standing::Behind,
        LinkState::None => Standing::Ready,
        _ => Standing::Syncing,
    }
}

#[cfg(test)]
mod tests {
    use super::reads_keys;

    #[test]
    fn patience_is_for_reads_of_keys() {
        for name in ["get", "MGET", "ttl", "keys", "DBSIZE", "lrange", "zscore"] {
            assert!(reads_keys(name), "{name}");
        }
        for name in ["set", "info", "slaveof", "role", "wait", "shutdown", "ping", "nonsense"] {
            assert!(!reads_keys(name), "{name}");
        }
    }
}
