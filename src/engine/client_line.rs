//! A client in one line, as CLIENT LIST, CLIENT INFO and log lines show it.

use super::Engine;
use super::conn::{Client, ConnId, Kind};
use super::replication;

/// What CLIENT LIST TYPE and CLIENT KILL TYPE tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientType {
    Normal,
    Replica,
    Master,
    PubSub,
}

impl ClientType {
    /// The type of this name.
    pub fn by_name(name: &[u8]) -> Option<ClientType> {
        match name.to_ascii_lowercase().as_slice() {
            b"normal" => Some(ClientType::Normal),
            b"slave" | b"replica" => Some(ClientType::Replica),
            b"pubsub" => Some(ClientType::PubSub),
            b"master" => Some(ClientType::Master),
            _ => None,
        }
    }
}

impl Client {
    /// The type of this client. A monitor counts as a normal one.
    pub fn client_type(&self) -> ClientType {
        match self.kind {
            Kind::Normal if self.subscriptions.is_some() => ClientType::PubSub,
            Kind::Normal => ClientType::Normal,
            Kind::Replica(_) => ClientType::Replica,
            Kind::MasterLink => ClientType::Master,
        }
    }

    /// CLIENT LIST's letters.
    fn flag_letters(&self) -> String {
        let mut s = String::new();
        match self.kind {
            Kind::Replica(_) => s.push('S'),
            Kind::MasterLink => s.push('M'),
            Kind::Normal if self.monitor => s.push('O'),
            Kind::Normal => {}
        }
        let letters = [
            (self.subscriptions.is_some(), 'P'),
            (self.multi.is_some(), 'x'),
            (self.blocked.is_some(), 'b'),
            (self.tracking.is_some(), 't'),
            (self.tracking.as_ref().is_some_and(|t| t.broken_redirect), 'R'),
            (self.tracking.as_ref().is_some_and(|t| t.wishes.bcast), 'B'),
            (self.watched.iter().any(|w| w.changed), 'd'),
            (self.close_after_reply, 'c'),
            (self.no_evict, 'e'),
        ];
        s.extend(letters.iter().filter(|(set, _)| *set).map(|(_, c)| *c));
        if s.is_empty() {
            s.push('N');
        }
        s
    }
}

/// Redis's static reply buffer: what it has room for is never charged to `omem`.
const STATIC_REPLY: usize = 16 * 1024;

impl Engine {
    /// The line of a client, empty if it is gone.
    pub(crate) fn client_line(&self, conn: ConnId) -> String {
        let Some(c) = self.clients.get(conn) else { return String::new() };
        let running = self.executing == Some(conn);
        let (qbuf, free, argv_mem) = if running {
            (self.running_query.0, self.running_query.1, self.running_query.2)
        } else {
            (c.query.filled - c.query.done, c.query.buf.len() - c.query.filled, 0)
        };
        let waits = if running { self.reply.buf.len() - c.out.head_done } else { c.out.len() };
        let (obl, oll) = if waits <= STATIC_REPLY { (waits, 0) } else { (0, 1) };
        let behind = replication::behind(self, conn) as usize;
        let oll = oll + usize::from(behind > 0);
        let omem = if waits > STATIC_REPLY { waits } else { 0 } + behind;
        let [sub, psub, ssub] = c.subscriptions.as_ref().map_or([0; 3], |s| s.counts());
        let (multi, multi_mem) = match &c.multi {
            Some(m) => (m.queue.len() as i64, m.memory()),
            None => (-1, 0),
        };
        let mem = std::mem::size_of::<Client>() + qbuf + free + STATIC_REPLY + omem + multi_mem;
        let events = if waits > 0 && !running { "rw" } else { "r" };
        let name = String::from_utf8_lossy(&c.name);
        format!(
            "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} \
             ssub={} multi={} qbuf={} qbuf-free={} argv-mem={} multi-mem={} rbs={} rbp={} obl={} \
             oll={} omem={} tot-mem={} events={} cmd={} user={} redir={} resp={}",
            conn.0,
            c.addr,
            c.laddr,
            c.fd,
            name,
            (self.now.mono_us.saturating_sub(c.created_us)) / 1_000_000,
            (self.now.mono_us.saturating_sub(c.last_interaction_us)) / 1_000_000,
            c.flag_letters(),
            c.db,
            sub,
            psub,
            ssub,
            multi,
            qbuf,
            free,
            argv_mem,
            multi_mem,
            STATIC_REPLY,
            waits.min(STATIC_REPLY),
            obl,
            oll,
            omem,
            mem,
            events,
            c.last_cmd.unwrap_or("NULL"),
            if c.is_master_link() { "(superuser)" } else { "default" },
            c.tracking.as_ref().map_or(-1, |t| t.wishes.redirect as i64),
            c.resp,
        )
    }
}
