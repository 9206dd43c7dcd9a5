//! The timer: cron at `hz` on the clients' clock, replication's own on link time, the end of a
//! parking; and the end of a turn.

use super::Engine;
use super::blocked::Blocked;
use super::conn::ConnId;
use super::effect::Parked;
use super::input::Wake;
use super::{persist, replication, steps};
use crate::observe::{Now, Offset};

impl Engine {
    /// When [`Engine::timer`] is due next. Nothing else is due while the engine is parked.
    pub fn next_wake(&self) -> Wake {
        match self.parked {
            Some(Parked::UntilMono(us)) => Wake { mono_us: Some(us), link_us: None },
            Some(Parked::Job(_)) => Wake::default(),
            None => {
                let pause = self.pause_ends().map(|ms| ms.saturating_mul(1000));
                let blocked = self.clients.blocked_until();
                let evict = self.evict.running.then_some(self.now.mono_us);
                let mono =
                    [Some(self.next_cron_us), pause, blocked, evict].into_iter().flatten().min();
                Wake { mono_us: mono, link_us: replication::next_wake(self) }
            }
        }
    }

    /// Time has passed. Does what is due.
    pub fn timer(&mut self, now: Now) {
        self.now = now;
        match self.parked {
            Some(Parked::UntilMono(us)) if now.mono_us >= us => self.unpark(),
            Some(_) => return,
            None => {}
        }
        self.end_pauses();
        self.time_out_blocked();
        if now.mono_us >= self.next_cron_us {
            let hz = self.config.hz.clamp(1, 500) as u64;
            self.next_cron_us = now.mono_us + 1_000_000 / hz;
            if !self.cron_paused {
                self.cron();
            }
        }
        self.evict_more();
        replication::cron(self);
        self.keep_outside_peers();
        self.resume_unblocked();
    }

    /// Ends a parking; what the clients sent meanwhile is executed.
    pub(crate) fn unpark(&mut self) {
        self.parked = None;
        // Whoever waits for what the parked command brought is served by the time that it is now.
        self.serve_ready();
        let waiting: Vec<ConnId> =
            self.clients.iter().filter(|c| !c.query.waiting().is_empty()).map(|c| c.conn).collect();
        self.resume.extend(waiting);
    }

    /// Parks the instance until this moment on the clients' clock (DEBUG SLEEP).
    pub(crate) fn park_until(&mut self, mono_us: u64) {
        self.parked = Some(Parked::UntilMono(mono_us));
    }

    fn cron(&mut self) {
        self.stats.sample_rates(self.now.mono_us);
        // Looking is what raises the peak.
        self.used_memory();
        self.count_clients_bytes();
        self.clients_cron();
        self.shrink_query_buffers();
        self.limit_tracking();
        super::expire::cron(self);
        self.serve_ready();
        persist::cron(self);
        self.shutdown_cron();
    }

    /// Ends the waits whose deadline has come.
    fn time_out_blocked(&mut self) {
        let now = self.now.mono_us;
        let due: Vec<ConnId> = self
            .clients
            .iter()
            .filter(|c| c.blocked.as_ref().and_then(Blocked::deadline_us).is_some_and(|d| d <= now))
            .map(|c| c.conn)
            .collect();
        for conn in due {
            self.time_out(conn);
        }
    }

    /// A blocked client gets what its command answers when time runs out.
    pub(crate) fn time_out(&mut self, conn: ConnId) {
        // The others end by what they wait for.
        let blocked = self.clients.get(conn).and_then(|c| c.blocked.clone());
        match blocked {
            Some(Blocked::Wait { offset, .. }) => {
                let n = replication::acked_by(self, offset);
                self.unblock(conn, |r| r.int(n));
            }
            Some(Blocked::Keys { .. }) => self.unblock(conn, |r| r.null_array()),
            _ => {}
        }
    }

    /// Ends the turn: Redis' beforeSleep. A driver calls it after every bunch of inputs, then takes
    /// effects, facts and output.
    pub fn end_turn(&mut self, now: Now) {
        self.now = now;
        steps::look(self);
        if self.parked.is_none() {
            self.serve_ready();
            self.resume_unblocked();
            steps::settle_ends(self);
            replication::end_turn(self);
            self.resume_unblocked();
        }
        self.send_own_invalidations();
        self.broadcast_invalidations();
        self.evict_clients();
        for conn in std::mem::take(&mut self.closing) {
            self.close(conn);
        }
        steps::settle_output(self);
        self.tell_db_sizes();
        self.end_facts(Offset(replication::offset(self)));
    }
}
