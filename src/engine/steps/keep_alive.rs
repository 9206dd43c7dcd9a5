//! Signs of life to outside peers while link time stands or crawls: their clocks do not.
//!
//! A replica that waits for its RDB takes newlines, a master takes the acknowledgement that it had
//! already; both would otherwise end the link. Nothing else can be said without a step. In slow
//! motion alone the stream's ping can: it comes by the clients' clock then.

use super::{arrivals, departures, links};
use crate::engine::blocked::Blocked;
use crate::engine::conn::{ConnId, Kind};
use crate::engine::{Engine, replication};
use crate::observe::{Fact, LinkRef, LinkState, Message, Now, ReplicaState};

/// How often, in microseconds of the clients' clock.
const EVERY_US: u64 = 1_000_000;

/// When signs of life were looked at last.
#[derive(Debug, Default)]
pub(super) struct Kept {
    at: Now,
    /// When the stream was pinged last on behalf of outside replicas (the clients' clock).
    pinged_us: u64,
}

pub(super) fn begin(e: &mut Engine) {
    e.steps.kept.at = e.now;
}

impl Engine {
    /// By the clients' clock: while link time stands (or crawls), replication's own cron does not
    /// say what keeps outside peers patient.
    pub(crate) fn keep_outside_peers(&mut self) {
        let (now, then) = (self.now, self.steps.kept.at);
        let passed = now.mono_us.saturating_sub(then.mono_us);
        if passed < EVERY_US {
            return;
        }
        self.steps.kept.at = now;
        if now.link_us.saturating_sub(then.link_us) > passed / 2 {
            self.steps.kept.pinged_us = now.mono_us;
            return;
        }
        let mut hears_pings = false;
        for conn in links(self) {
            let outside = replication::link_of(self, conn).is_some_and(|l| self.host.outside(&l));
            hears_pings |= outside && replication::streams_to(self, conn);
            let sign = sign_of_life(self, conn).filter(|_| outside);
            if let Some((message, bytes)) = sign
                && (if self.steps.on {
                    departures::slip_in(self, conn, &bytes)
                } else {
                    replication::write(self, conn, &bytes);
                    true
                })
                && let Some(link) = replication::link_of(self, conn)
            {
                self.fact(Fact::Said { link, message, bytes: bytes.len() as u64 });
            }
        }
        let period = self.config.repl_ping_replica_period.max(1).unsigned_abs() * EVERY_US;
        let due = now.mono_us.saturating_sub(self.steps.kept.pinged_us) >= period;
        // While time stands, the stream moves by steps only.
        if hears_pings && due && now.link_us > then.link_us {
            self.steps.kept.pinged_us = now.mono_us;
            replication::ping(self);
        }
    }
}

impl Engine {
    /// The outside peers whose own time-out runs while link time stands, and to which nothing can be
    /// said meanwhile: they end the link when they have heard nothing for their repl-timeout. `true`
    /// with a master that wants bytes of its own to be taken instead.
    pub fn impatient_peers(&self) -> Vec<(ConnId, LinkRef, bool)> {
        let mut peers = Vec::new();
        for conn in links(self) {
            if let Some(link) = replication::link_of(self, conn)
                && is_impatient(self, conn)
                && self.host.outside(&link)
            {
                let follow = &self.repl.follow;
                let sends = follow.conn == Some(conn) && follow.state == LinkState::Transfer;
                peers.push((conn, link, sends));
            }
        }
        peers
    }
}

fn is_impatient(e: &Engine, conn: ConnId) -> bool {
    let Some(c) = e.clients.get(conn) else { return false };
    match &c.kind {
        // A replica that shakes hands; redis-cli only probes.
        Kind::Normal => {
            let announced = e.repl.announced.get(&conn).is_some_and(|a| a.port != 0);
            announced && sign_of_life(e, conn).is_none()
        }
        // By SYNC comes redis-cli, which waits for ever.
        Kind::Replica(link) if link.pre_psync => false,
        Kind::Replica(link) if link.state == ReplicaState::RdbTransmitted => false,
        Kind::Replica(_) => sign_of_life(e, conn).is_none(),
        Kind::MasterLink => match e.repl.follow.state {
            // A master watches a transfer to the socket, and there our newlines do not count: it
            // wants its bytes to be taken.
            LinkState::Transfer => arrivals::is_full(e, conn),
            LinkState::Connected => !e.repl.follow.pre_psync && sign_of_life(e, conn).is_none(),
            _ => false,
        },
    }
}

/// What this peer takes now without being asked for a step.
fn sign_of_life(e: &Engine, conn: ConnId) -> Option<(Message, Vec<u8>)> {
    let c = e.clients.get(conn)?;
    let newline = Some((Message::Newline, b"\n".to_vec()));
    match &c.kind {
        // PSYNC came and is not answered.
        Kind::Normal if c.blocked == Some(Blocked::Step) => newline,
        Kind::Normal if arrivals::psync_waits(e, conn) => newline,
        Kind::Normal => None,
        Kind::Replica(link) => {
            // Up to the preamble, which is the last line of the head.
            let unsent = c.out.head.len() > c.out.head_done;
            let waits = match link.state {
                ReplicaState::WaitBgsaveStart => true,
                ReplicaState::WaitBgsaveEnd | ReplicaState::SendBulk => {
                    link.framing.is_none() || unsent
                }
                _ => false,
            };
            newline.filter(|_| waits)
        }
        Kind::MasterLink => match e.repl.follow.state {
            LinkState::Transfer => newline,
            LinkState::Connected => {
                // The one that left, not one that waits for its step.
                let said = match e.steps.on {
                    true => e.steps.departures.get(&conn)?.acked(),
                    false => e.repl.follow.acked,
                };
                said.map(replication::ack_of)
            }
            _ => None,
        },
    }
}
