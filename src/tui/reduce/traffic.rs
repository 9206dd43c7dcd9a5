//! What was sent on each link just now, so that it can be seen travelling, and how fast the RDB
//! goes.
//!
//! Only news make a mark: an acknowledgement that repeats an offset, the stream's PING and the
//! newlines that keep a link alive are silent, so that a lab at rest is a picture at rest.

use super::link::{LinkKey, Peer};
use super::links::periodic;
use crate::lab::model::{self, Model};
use crate::observe::{Addr, Body, Event, Fact, LinkRef, Message, Now, Side, Source};
use std::collections::{BTreeMap, VecDeque};

/// Marks kept for one link.
const MARKS: usize = 6;
/// Marks of one kind are not closer together than this.
const APART_US: u64 = 90_000;
/// The rate of a transfer is measured over this stretch.
const RATE_US: u64 = 3_000_000;
/// So long without a piece, and the transfer stands.
const STANDS_US: u64 = 3_000_000;

/// What travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// A message of the handshake.
    Handshake,
    Rdb,
    Stream,
    Ack,
}

/// Something that left one end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    pub at: Now,
    pub load: Load,
    pub to_master: bool,
}

/// One link's traffic.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    /// The latest things sent, oldest first.
    pub sent: VecDeque<Sent>,
    /// Up to where the stream was sent and acknowledged, as far as was seen.
    streamed: i64,
    acked: i64,
    /// Moments and bytes of the transfer that runs.
    rdb: VecDeque<(u64, u64)>,
}

impl Lane {
    fn add(&mut self, at: Now, load: Load, to_master: bool) {
        let like = |s: &&Sent| s.load == load && s.to_master == to_master;
        if let Some(last) = self.sent.iter().rev().find(like)
            && at.mono_us.saturating_sub(last.at.mono_us) < APART_US
        {
            return;
        }
        if self.sent.len() == MARKS {
            self.sent.pop_front();
        }
        self.sent.push_back(Sent { at, load, to_master });
    }

    fn piece(&mut self, at: Now, bytes: u64) {
        if self.rdb.back().is_some_and(|(_, before)| bytes < *before) {
            self.rdb.clear();
        }
        self.rdb.push_back((at.mono_us, bytes));
        while self.rdb.len() > 2
            && self.rdb.front().is_some_and(|(t, _)| at.mono_us.saturating_sub(*t) > RATE_US)
        {
            self.rdb.pop_front();
        }
        self.add(at, Load::Rdb, false);
    }

    /// Bytes of the RDB a second, over the last few seconds; 0 when it stands.
    pub fn rate(&self, now_us: u64) -> Option<u64> {
        let ((began, first), (last, bytes)) = (*self.rdb.front()?, *self.rdb.back()?);
        if now_us.saturating_sub(last) > STANDS_US {
            return Some(0);
        }
        let us = last.checked_sub(began).filter(|us| *us > 200_000)?;
        u64::try_from(u128::from(bytes - first) * 1_000_000 / u128::from(us)).ok()
    }
}

/// Every link's traffic.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    lanes: BTreeMap<LinkKey, Lane>,
    /// The end of the last real command of an instance's stream: a PING is none.
    real: BTreeMap<u16, i64>,
    newest_us: Option<u64>,
}

impl Traffic {
    /// The traffic of a link.
    pub fn of(&self, key: &LinkKey) -> Option<&Lane> {
        self.lanes.get(key)
    }

    /// When anything was sent last.
    pub fn newest_us(&self) -> Option<u64> {
        self.newest_us
    }

    /// Folds one event; the model has folded it already.
    pub fn apply(&mut self, event: &Event, model: &Model) {
        let (Source::Instance(me), Body::Fact(fact)) = (event.source, &event.body) else {
            return;
        };
        let at = event.at;
        let outside = |addr: &Addr| matches!(model.peer(addr), model::Peer::Outside(_));
        match fact {
            Fact::Propagated { wire, to, .. } if periodic(wire).is_none() => {
                self.real.insert(me, to.0);
            }
            Fact::Applied { wire, to, .. } if periodic(wire).is_none() => {
                self.real.insert(me, to.0);
                // A master outside tells nothing: what arrived was sent.
                if let Some(master) = model.instance(me).and_then(|i| i.master.as_ref())
                    && outside(master)
                {
                    self.add(
                        at,
                        LinkKey::new(Peer::port(me), Peer::of(master)),
                        Load::Stream,
                        false,
                    );
                }
            }
            Fact::Summary { offset, propagated, applied, .. } if propagated + applied > 0 => {
                self.real.insert(me, offset.0);
            }
            Fact::StreamSent { replica, upto, .. } => {
                let real = self.real.get(&me).copied().unwrap_or(0);
                let key = below(me, replica);
                let lane = self.lanes.entry(key.clone()).or_default();
                let news = real > lane.streamed && upto.0 > lane.streamed;
                lane.streamed = upto.0;
                if news {
                    self.add(at, key, Load::Stream, false);
                }
            }
            Fact::RdbSent { replica, sent, .. } => {
                self.piece(at, below(me, replica), *sent);
            }
            Fact::RdbReceived { master, got, .. } if outside(master) => {
                self.piece(at, LinkKey::new(Peer::port(me), Peer::of(master)), *got);
            }
            Fact::Acked { replica, offset } if outside(replica) => {
                self.ack(at, below(me, replica), me, offset.0);
            }
            Fact::Said { link, message, .. } => self.message(at, me, link, message, true, model),
            Fact::Heard { link, message, .. } => self.message(at, me, link, message, false, model),
            _ => {}
        }
    }

    /// Both ends tell of a message; the replica's tale is taken where there is one.
    fn message(
        &mut self,
        at: Now,
        me: u16,
        link: &LinkRef,
        message: &Message,
        said: bool,
        model: &Model,
    ) {
        let replica = link.side == Side::Replica;
        if !replica && !matches!(model.peer(&link.peer), model::Peer::Outside(_)) {
            return;
        }
        let to_master = replica == said;
        let key = LinkKey::seen_by(me, link);
        match message {
            Message::Ack { offset } if replica => {
                let master = if key.master.host.is_empty() { key.master.port } else { me };
                self.ack(at, key, master, offset.0);
            }
            Message::Ping
            | Message::Pong(_)
            | Message::Auth { .. }
            | Message::ListeningPort(_)
            | Message::AnnounceIp(_)
            | Message::Capa(_)
            | Message::Ok
            | Message::Psync { .. }
            | Message::Sync
            | Message::FullResync { .. }
            | Message::Continue { .. }
            | Message::Error(_) => self.add(at, key, Load::Handshake, to_master),
            _ => {}
        }
    }

    fn ack(&mut self, at: Now, key: LinkKey, master: u16, offset: i64) {
        let own = self.real.get(&key.replica.port).copied().unwrap_or(0);
        let real = self.real.get(&master).copied().unwrap_or(own);
        let lane = self.lanes.entry(key.clone()).or_default();
        let news = real > lane.acked && offset > lane.acked;
        lane.acked = offset;
        if news {
            self.add(at, key, Load::Ack, true);
        }
    }

    fn piece(&mut self, at: Now, key: LinkKey, bytes: u64) {
        self.lanes.entry(key).or_default().piece(at, bytes);
        self.newest_us = self.newest_us.max(Some(at.mono_us));
    }

    fn add(&mut self, at: Now, key: LinkKey, load: Load, to_master: bool) {
        self.lanes.entry(key).or_default().add(at, load, to_master);
        self.newest_us = self.newest_us.max(Some(at.mono_us));
    }
}

fn below(me: u16, replica: &Addr) -> LinkKey {
    LinkKey::new(Peer::of(replica), Peer::port(me))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Offset, Preview};

    fn told(traffic: &mut Traffic, us: u64, port: u16, fact: Fact) {
        let at = Now::default().plus_us(us);
        let event = Event { seq: 0, at, source: Source::Instance(port), body: Body::Fact(fact) };
        traffic.apply(&event, &Model::new());
    }

    fn wrote(command: &str, to: i64) -> Fact {
        let wire = command.split(' ').map(|w| Preview::of(w.as_bytes())).collect();
        Fact::Propagated { db: 0, wire, from: Offset(to - 13), to: Offset(to) }
    }

    #[test]
    fn a_ping_of_the_stream_makes_no_mark_and_a_write_does() {
        let mut traffic = Traffic::default();
        let addr = Addr::new("127.0.0.1", 6381);
        let sent = |upto| Fact::StreamSent { replica: addr.clone(), upto: Offset(upto), left: 0 };
        told(&mut traffic, 1_000_000, 6380, wrote("PING", 14));
        told(&mut traffic, 1_000_001, 6380, sent(14));
        assert_eq!(traffic.newest_us(), None);
        told(&mut traffic, 2_000_000, 6380, wrote("SET a b", 45));
        told(&mut traffic, 2_000_001, 6380, sent(45));
        assert_eq!(traffic.newest_us(), Some(2_000_001));
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut lane = Lane::default();
        let at = |us| Now::default().plus_us(us);
        for n in 0..100u64 {
            // First 10 bytes each tenth of a second, then 100.
            let bytes = if n < 50 { n * 10 } else { 500 + (n - 50) * 100 };
            lane.piece(at(n * 100_000), bytes);
        }
        assert_eq!(lane.rate(9_900_000), Some(1_000));
        assert_eq!(lane.rate(20_000_000), Some(0));
    }
}
