//! A client in one line, as CLIENT LIST, CLIENT INFO and log lines show it.

use super::Engine;
use super::client_memory::STATIC_REPLY;
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

impl Engine {
    /// The line of a client, empty if it is gone.
    pub(crate) fn client_line(&self, conn: ConnId) -> String {
        let Some(c) = self.clients.get(conn) else { return String::new() };
        let running = self.executing == Some(conn);
        let m = self.memory_of(c);
        let waits = if running { self.reply.buf.len() - c.out.head_done } else { c.out.len() };
        let (obl, oll) = if waits <= STATIC_REPLY { (waits, 0) } else { (0, 1) };
        let oll = oll + usize::from(replication::behind(self, conn) > 0);
        let [sub, psub, ssub] = c.subscriptions.as_ref().map_or([0; 3], |s| s.counts());
        let multi = c.multi.as_ref().map_or(-1, |m| m.queue.len() as i64);
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
            m.qbuf,
            m.qbuf_free,
            m.argv,
            m.multi,
            STATIC_REPLY,
            waits.min(STATIC_REPLY),
            obl,
            oll,
            m.output,
            m.total,
            events,
            c.last_cmd.unwrap_or("NULL"),
            if c.is_master_link() { "(superuser)" } else { "default" },
            c.tracking.as_ref().map_or(-1, |t| t.wishes.redirect as i64),
            c.resp,
        )
    }
}
