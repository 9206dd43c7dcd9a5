//! Clients that wait for something, with the reason and the deadline.

use super::Engine;
use super::conn::ConnId;

/// Why a client is blocked. While it is, nothing more of it is read or executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// WAIT: until `replicas` have acknowledged `offset`, or the clients' clock (microseconds)
    /// reaches the deadline.
    Wait { offset: i64, replicas: i64, deadline_us: Option<u64> },
    /// BLPOP, BZPOPMIN, XREAD BLOCK and the like: until a key serves it
    /// ([`blocked_keys`](super::blocked_keys)), or the deadline.
    Keys { deadline_us: Option<u64> },
    /// A SHUTDOWN that waits for lagging replicas.
    Shutdown,
    /// CONFIG REWRITE, until the file is written.
    Rewrite,
    /// MIGRATE, until the target has answered.
    Migrate,
    /// CLIENT PAUSE (or a shutdown, or a failover, that pauses writes): its command runs later.
    Paused,
    /// SAVE, DEBUG RELOAD: until the dump is there, or back again.
    Save,
    /// REPLICAOF NO ONE, PSYNC: until its step goes.
    Step,
}

impl Blocked {
    /// When the wait ends by itself (microseconds of the clients' clock).
    pub fn deadline_us(&self) -> Option<u64> {
        match self {
            Blocked::Wait { deadline_us, .. } | Blocked::Keys { deadline_us } => *deadline_us,
            Blocked::Shutdown
            | Blocked::Rewrite
            | Blocked::Migrate
            | Blocked::Paused
            | Blocked::Save
            | Blocked::Step => None,
        }
    }

    /// Whether time can end the wait: what CLIENT UNBLOCK may end, and what a change of role ends.
    pub fn may_time_out(&self) -> bool {
        matches!(self, Blocked::Wait { .. } | Blocked::Keys { .. })
    }
}

impl Engine {
    /// Blocks the client whose command is being executed. The handler writes no reply.
    pub fn block(&mut self, conn: ConnId, why: Blocked) {
        if let Some(c) = self.clients.get_mut(conn) {
            c.blocked = Some(why);
            self.clients.may_be_blocked.set(true);
        }
    }

    /// Lets a blocked client go on; `reply` writes the reply that it waited for. What it sent
    /// meanwhile is executed before the turn ends.
    pub fn unblock(
        &mut self,
        conn: ConnId,
        reply: impl FnOnce(&mut crate::wire::reply::ReplyWriter),
    ) {
        let Some(c) = self.clients.get_mut(conn) else { return };
        match c.blocked.take() {
            None => return,
            Some(Blocked::Keys { .. }) => self.waiting.leave(conn),
            Some(_) => {}
        }
        let Some(c) = self.clients.get_mut(conn) else { return };
        let (resp, mode) = (c.resp, c.reply_mode);
        if mode == super::conn::ReplyMode::On {
            let mut w =
                crate::wire::reply::ReplyWriter { buf: std::mem::take(&mut c.out.head), resp };
            reply(&mut w);
            if let Some(c) = self.clients.get_mut(conn) {
                c.out.head = w.buf;
            }
            self.output_grew(conn);
        }
        self.resume.push(conn);
    }
}
