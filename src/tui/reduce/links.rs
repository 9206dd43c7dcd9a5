//! Which conversation a fact belongs to, and what it adds there.

use super::link::{LinkKey, Peer};
use super::row::{Dir, LabDid, RowKind, Teller};
use super::sequence::Sequence;
use crate::observe::{
    Addr, Body, Event, Fact, IdCause, LabFact, LinkLoss, LinkRef, LinkState, Message, Now, Offset,
    Preview, Role, SaveTarget, Side, Source, StepKind,
};
use std::collections::BTreeMap;

/// Every link of the session, with its rows.
#[derive(Clone, Debug, Default)]
pub struct Links {
    by_key: BTreeMap<LinkKey, Sequence>,
    /// Whom each instance follows, or followed last.
    master_of: BTreeMap<u16, Peer>,
    /// The link on which something worth a look happened last.
    newest: Option<LinkKey>,
    /// For a replica that has not said its port: the link that its last message was given to.
    unnamed: BTreeMap<u16, LinkKey>,
}

impl Links {
    /// Every link that was ever seen, ordered by master and replica.
    pub fn keys(&self) -> impl Iterator<Item = &LinkKey> {
        self.by_key.keys()
    }

    pub fn get(&self, key: &LinkKey) -> Option<&Sequence> {
        self.by_key.get(key)
    }

    pub fn all(&self) -> impl Iterator<Item = &Sequence> {
        self.by_key.values()
    }

    /// The link on which something happened last, periodic traffic apart.
    pub fn newest(&self) -> Option<&LinkKey> {
        self.newest.as_ref()
    }

    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        match (&event.source, &event.body) {
            (Source::Instance(me), Body::Fact(fact)) => self.fact(event.at, *me, fact),
            (_, Body::Lab(LabFact::InstanceDown { port, .. })) => self.down(event.at, *port),
            (_, Body::Lab(LabFact::InstanceUp { port, .. })) => {
                self.instance(event.at, *port, true);
            }
            (_, Body::Lab(LabFact::StepWaits { id, port, step })) => {
                if let Some(link) = &step.link {
                    let key = self.find(*port, link);
                    let dir = match link.side {
                        Side::Master => Dir::ToReplica,
                        Side::Replica => Dir::ToMaster,
                    };
                    let seq = self.news(&key, event.at);
                    if link.side == Side::Master && step.kind != StepKind::LinkEnd {
                        seq.comes_back(event.at);
                    }
                    seq.step_waits(*id, dir, step);
                }
            }
            (_, Body::Lab(LabFact::StepTaken { id })) => {
                self.by_key.values_mut().for_each(|s| s.step_over(event.at, *id, false));
            }
            (_, Body::Lab(LabFact::StepGone { id })) => {
                self.by_key.values_mut().for_each(|s| s.step_over(event.at, *id, true));
            }
            (_, Body::Lab(fact)) => self.lab(event.at, fact),
            _ => {}
        }
    }

    /// The link that the instance `me` means, without a report of its own: a step that waits, bytes
    /// that passed. A master does not know the replica's port at first.
    pub fn find(&self, me: u16, link: &LinkRef) -> LinkKey {
        let named = LinkKey::seen_by(me, link);
        if link.side == Side::Replica || link.peer.port != 0 {
            return named;
        }
        let master = Peer::port(me);
        let shaking = |k: &&LinkKey| {
            let seq = self.by_key.get(k);
            k.master == master && seq.is_some_and(|s| is_shaking(s.replica_state))
        };
        let last = self.unnamed.get(&me).filter(|k| **k == named || shaking(k));
        last.or_else(|| self.keys().filter(|k| k.replica.port != 0).find(shaking))
            .cloned()
            .unwrap_or(named)
    }

    /// What the learner does to links, to instances and to time, where it concerns a link.
    fn lab(&mut self, now: Now, fact: &LabFact) {
        let between = |a: u16, b: u16| {
            let (a, b) = (Peer::port(a), Peer::port(b));
            move |k: &LinkKey| {
                (k.master == a && k.replica == b) || (k.master == b && k.replica == a)
            }
        };
        match fact {
            LabFact::LinkThrottled { a, b, bytes_per_second } => {
                self.did(now, between(*a, *b), LabDid::Throttle(*bytes_per_second));
            }
            LabFact::LinkFault { a, b, fault, on } => {
                self.did(now, between(*a, *b), LabDid::Fault { fault: *fault, on: *on });
            }
            LabFact::LinkDropped { a, b } => self.did(now, between(*a, *b), LabDid::Dropped),
            LabFact::Frozen { port, on } => {
                let peer = Peer::port(*port);
                let mine = |k: &LinkKey| k.master == peer || k.replica == peer;
                self.did(now, mine, LabDid::Frozen { port: *port, on: *on });
            }
            LabFact::Slowed { factor } => {
                self.did(now, |_| true, LabDid::Slowed { factor: *factor });
            }
            LabFact::StepMode { on, hit } => {
                self.did(now, |_| true, LabDid::Stepping { on: *on, hit: *hit });
            }
            _ => {}
        }
    }

    /// Something that an instance tells of itself: a row of each link that it holds.
    fn both_sides(&mut self, now: Now, me: u16, kind: RowKind) {
        let mine = Peer::port(me);
        for seq in self.by_key.values_mut() {
            if (seq.key.master == mine || seq.key.replica == mine)
                && (seq.is_alive() || seq.lost_at.is_some())
            {
                seq.push(now, kind.clone());
            }
        }
    }

    fn did(&mut self, now: Now, concerns: impl Fn(&LinkKey) -> bool, what: LabDid) {
        for seq in self.by_key.values_mut() {
            if concerns(&seq.key) && (seq.is_alive() || seq.lost_at.is_some()) {
                seq.push(now, RowKind::Lab(what));
            }
        }
    }

    fn at(&mut self, key: &LinkKey, now: Now) -> &mut Sequence {
        self.by_key.entry(key.clone()).or_insert_with(|| Sequence::new(key.clone(), now))
    }

    /// The same, and something worth a look happens there.
    fn news(&mut self, key: &LinkKey, now: Now) -> &mut Sequence {
        self.newest = Some(key.clone());
        self.at(key, now)
    }

    fn up_link(&self, me: u16) -> Option<LinkKey> {
        self.master_of.get(&me).map(|master| LinkKey::new(Peer::port(me), master.clone()))
    }

    fn live_below(&mut self, me: u16) -> impl Iterator<Item = &mut Sequence> {
        let me = Peer::port(me);
        self.by_key.values_mut().filter(move |s| s.key.master == me && s.is_alive())
    }

    fn fact(&mut self, now: Now, me: u16, fact: &Fact) {
        match fact {
            Fact::RoleChanged { role, master, cause } => {
                let kind =
                    RowKind::Role { port: me, role: *role, master: master.clone(), cause: *cause };
                self.role(now, me, *role, master.as_ref(), kind);
            }
            Fact::IdsChanged { replid, replid2, second_offset, offset, cause } => {
                let kind = RowKind::Ids {
                    port: me,
                    replid: *replid,
                    replid2: *replid2,
                    second_offset: *second_offset,
                    offset: *offset,
                    cause: *cause,
                };
                self.ids(now, me, *cause, kind);
            }
            Fact::LinkState { master, to, .. } => {
                let key = LinkKey::new(Peer::port(me), Peer::of(master));
                if *to != LinkState::None {
                    self.master_of.insert(me, Peer::of(master));
                }
                // Dialling again every second is no reason to turn the eye.
                let calm = matches!(to, LinkState::Connect | LinkState::Connecting)
                    && self.by_key.get(&key).is_some_and(|s| s.lost_at.is_some());
                let seq = if calm { self.at(&key, now) } else { self.news(&key, now) };
                if *to == LinkState::Connected {
                    seq.lost_at = None;
                }
                seq.set_replica_state(now, *to);
            }
            Fact::Refused { command, rule, .. } => {
                let (command, rule) = (command.clone(), rule.clone());
                self.both_sides(now, me, RowKind::Refused { port: me, command, rule });
            }
            Fact::Failover(step) => {
                self.both_sides(now, me, RowKind::Failover { port: me, step: step.clone() });
            }
            Fact::SoftLimit { replica, over, bytes, limit, patience_s } => {
                let kind = RowKind::SoftLimit {
                    over: *over,
                    bytes: *bytes,
                    limit: *limit,
                    patience_s: *patience_s,
                };
                self.below(now, me, replica).push(now, kind);
            }
            Fact::LinkLost { link, cause } => {
                let key = self.resolve(now, me, link, None, Teller::Heard);
                let calm = matches!(cause, LinkLoss::ConnectFailed(_));
                let seq = if calm { self.at(&key, now) } else { self.news(&key, now) };
                seq.lost(now, link.side, cause);
            }
            Fact::Said { link, message, bytes } => {
                self.message(now, me, link, message, *bytes, Teller::Said);
            }
            Fact::Heard { link, message, bytes } => {
                self.message(now, me, link, message, *bytes, Teller::Heard);
            }
            Fact::ReplicaState { replica, to, .. } => {
                let key = LinkKey::new(Peer::of(replica), Peer::port(me));
                self.news(&key, now).set_master_state(now, Some(*to));
            }
            Fact::PsyncDecision { replica, decision } => {
                self.below(now, me, replica).push(now, RowKind::Decision(decision.clone()));
            }
            Fact::FullSyncWaits { replica, reason } => {
                let kind = RowKind::Wait { reason: *reason, until: None };
                self.below(now, me, replica).push(now, kind);
            }
            Fact::SnapshotBegan { target, offset, keys } if *target != SaveTarget::File => {
                for seq in self.live_below(me).filter(|s| {
                    use crate::observe::ReplicaState::{WaitBgsaveEnd, WaitBgsaveStart};
                    matches!(s.master_state, Some(WaitBgsaveStart | WaitBgsaveEnd))
                }) {
                    seq.snapshot_began(now, *target, *offset, *keys);
                }
            }
            Fact::SnapshotProgress { keys_done, keys_total, bytes } => {
                for seq in self.live_below(me) {
                    seq.snapshot_progress(now, *keys_done, *keys_total, *bytes);
                }
            }
            Fact::SnapshotEnded { target, ok, bytes, .. } if *target != SaveTarget::File => {
                for seq in self.live_below(me) {
                    seq.snapshot_ended(now, *ok, *bytes);
                }
            }
            Fact::RdbSent { replica, sent, framing } => {
                let seq = self.below(now, me, replica);
                seq.transfer(now, *framing, |t| t.sent = t.sent.max(*sent));
            }
            Fact::RdbReceived { master, got, framing } => {
                let key = LinkKey::new(Peer::port(me), Peer::of(master));
                let seq = self.news(&key, now);
                seq.transfer(now, *framing, |t| t.got = t.got.max(*got));
            }
            Fact::Held { replica, from, to, held_bytes } => {
                self.below(now, me, replica).held(now, *from, *to, *held_bytes);
            }
            Fact::StreamSent { replica, upto, left } => {
                let key = LinkKey::new(Peer::of(replica), Peer::port(me));
                self.at(&key, now).stream_sent(now, *upto, *left);
            }
            Fact::Acked { replica, offset } => {
                let key = LinkKey::new(Peer::of(replica), Peer::port(me));
                let seq = self.at(&key, now);
                seq.acked = seq.acked.max(Some(*offset));
                seq.last_ack_at = Some(now);
            }
            Fact::LoadBegan { from_link: true, total } => {
                if let Some(key) = self.up_link(me) {
                    self.news(&key, now).load_began(now, *total);
                }
            }
            Fact::RdbKey { key, kind, value, bytes, .. } => {
                if let Some(link) = self.up_link(me)
                    && let Some(seq) = self.by_key.get_mut(&link)
                    && seq.replica_state == LinkState::Transfer
                {
                    seq.rdb_key(now, key, kind.shown(value), *bytes);
                }
            }
            Fact::LoadEnded { ok, keys, bytes, took_us, .. } => {
                if let Some(link) = self.up_link(me)
                    && let Some(seq) = self.by_key.get_mut(&link)
                {
                    seq.load_ended(now, *ok, *keys, *bytes, *took_us);
                }
            }
            Fact::Propagated { db, wire, from, to } => {
                self.stream(now, me, *db, wire, (*from, *to), Teller::Propagated);
            }
            Fact::Applied { db, wire, from, to } => {
                if let Some(key) = self.up_link(me) {
                    let outside = key.master.port != 0 && !self.tells(&key.master);
                    let seq = self.at(&key, now);
                    if seq.waited(*to) {
                        // It has its rows among the writes that were held back.
                    } else if let Some(message) = periodic(wire) {
                        seq.message(now, Dir::ToReplica, &message, 0, Teller::Applied);
                    } else if outside {
                        seq.write(now, *db, wire, *from, *to);
                    }
                    seq.applied(now, *to);
                }
                // A replica hands the stream on to replicas of its own, byte for byte.
                self.stream(now, me, *db, wire, (*from, *to), Teller::Propagated);
            }
            Fact::Summary { propagated, propagated_bytes, applied, offset, .. } => {
                for seq in self.live_below(me) {
                    seq.writes_summed(now, *propagated, *propagated_bytes, *offset);
                }
                if *applied > 0
                    && let Some(key) = self.up_link(me)
                {
                    self.at(&key, now).applied(now, *offset);
                }
            }
            _ => {}
        }
    }

    /// Whether this peer reports its own end: then the commands of its stream are told there.
    fn tells(&self, peer: &Peer) -> bool {
        self.by_key.values().any(|s| s.key.master == *peer && s.master_state.is_some())
    }

    fn stream(
        &mut self,
        now: Now,
        me: u16,
        db: u32,
        wire: &[Preview],
        (from, to): (Offset, Offset),
        by: Teller,
    ) {
        use crate::observe::ReplicaState::Online;
        let message = periodic(wire);
        let mut newest = None;
        for seq in self.live_below(me) {
            match &message {
                Some(m) if seq.master_state.is_none_or(|s| s == Online) => {
                    seq.message(now, Dir::ToReplica, m, 0, by);
                    seq.passed(to);
                }
                // During the transfer it is one more command that waits, and before the snapshot
                // it concerns nobody.
                Some(_) => seq.write(now, db, wire, from, to),
                None => {
                    seq.write(now, db, wire, from, to);
                    newest.get_or_insert_with(|| seq.key.clone());
                }
            }
        }
        // A write goes to all replicas at once: stay with the link that was looked at.
        let here = self.newest.as_ref().is_some_and(|k| k.master == Peer::port(me));
        if !here && let Some(key) = newest {
            self.newest = Some(key);
        }
    }

    fn below(&mut self, now: Now, me: u16, replica: &Addr) -> &mut Sequence {
        let key = LinkKey::new(Peer::of(replica), Peer::port(me));
        self.news(&key, now)
    }

    fn message(
        &mut self,
        now: Now,
        me: u16,
        link: &LinkRef,
        message: &Message,
        bytes: u64,
        by: Teller,
    ) {
        let dir = match (link.side, by) {
            (Side::Master, Teller::Said) | (Side::Replica, Teller::Heard) => Dir::ToReplica,
            _ => Dir::ToMaster,
        };
        let key = self.resolve(now, me, link, Some((dir, message)), by);
        let periodic =
            matches!(message, Message::Ack { .. } | Message::StreamPing | Message::Newline);
        let seq = if periodic { self.at(&key, now) } else { self.news(&key, now) };
        if link.side == Side::Master {
            seq.comes_back(now);
        }
        seq.message(now, dir, message, bytes, by);
    }

    /// The link that a report means. A master does not know the replica's port before `REPLCONF
    /// listening-port`: until then its reports go to the replica of ours that is shaking hands
    /// with it, and to a link without a port when there is none (a peer from outside).
    fn resolve(
        &mut self,
        now: Now,
        me: u16,
        link: &LinkRef,
        what: Option<(Dir, &Message)>,
        by: Teller,
    ) -> LinkKey {
        let named = LinkKey::seen_by(me, link);
        if link.side == Side::Replica {
            return named;
        }
        if link.peer.port != 0 {
            let mut bare = named.clone();
            bare.replica.port = 0;
            if self.unnamed.get(&me) == Some(&bare)
                && let Some(rows) = self.by_key.remove(&bare)
            {
                self.unnamed.remove(&me);
                if self.newest.as_ref() == Some(&bare) {
                    self.newest = Some(named.clone());
                }
                self.at(&named, now).adopt(rows);
            }
            return named;
        }
        let master = Peer::port(me);
        let mut shaking = Vec::new();
        let mut awaited = None;
        for seq in self.by_key.values_mut().filter(|s| s.key.master == master) {
            if seq.key.replica.port == 0 {
                continue;
            }
            if let Some((dir, message)) = what
                && seq.expects(dir, message, by)
            {
                awaited.get_or_insert_with(|| seq.key.clone());
            }
            if is_shaking(seq.replica_state) {
                shaking.push(seq.key.clone());
            }
        }
        let last = self.unnamed.get(&me).filter(|k| shaking.contains(k)).cloned();
        let key = awaited.or(last).or_else(|| shaking.into_iter().next()).unwrap_or(named);
        self.unnamed.insert(me, key.clone());
        key
    }

    fn role(&mut self, now: Now, me: u16, role: Role, master: Option<&Addr>, kind: RowKind) {
        let old = self.up_link(me);
        match (role, master) {
            (Role::Replica, Some(addr)) => {
                self.master_of.insert(me, Peer::of(addr));
                let key = LinkKey::new(Peer::port(me), Peer::of(addr));
                if let Some(old) = old.filter(|old| *old != key) {
                    let seq = self.at(&old, now);
                    seq.push(now, kind.clone());
                    seq.set_replica_state(now, LinkState::None);
                }
                let seq = self.news(&key, now);
                seq.lost_at = None;
                seq.push(now, kind);
            }
            _ => {
                if let Some(old) = old {
                    let seq = self.news(&old, now);
                    seq.set_replica_state(now, LinkState::None);
                    seq.lost_at = None;
                    seq.push(now, kind.clone());
                }
                let below: Vec<LinkKey> = self.live_below(me).map(|s| s.key.clone()).collect();
                for key in below {
                    self.at(&key, now).push(now, kind.clone());
                }
            }
        }
    }

    fn ids(&mut self, now: Now, me: u16, cause: IdCause, kind: RowKind) {
        if let Some(key) = self.up_link(me)
            && matches!(cause, IdCause::FullSync | IdCause::Continued | IdCause::Promoted)
        {
            self.at(&key, now).push(now, kind.clone());
        }
        if !matches!(cause, IdCause::FullSync) {
            for seq in self.live_below(me) {
                seq.push(now, kind.clone());
            }
        }
    }

    fn down(&mut self, now: Now, port: u16) {
        self.instance(now, port, false);
        let peer = Peer::port(port);
        for seq in self.by_key.values_mut() {
            if seq.key.master == peer {
                seq.set_master_state(now, None);
            }
            if seq.key.replica == peer {
                seq.set_replica_state(now, LinkState::None);
            }
        }
    }

    fn instance(&mut self, now: Now, port: u16, up: bool) {
        let peer = Peer::port(port);
        for seq in self.by_key.values_mut() {
            let mine = seq.key.master == peer || seq.key.replica == peer;
            if mine && (seq.is_alive() || seq.lost_at.is_some()) {
                seq.push(now, RowKind::Instance { port, up });
            }
        }
    }
}

fn is_shaking(state: LinkState) -> bool {
    !matches!(
        state,
        LinkState::None | LinkState::Connect | LinkState::Transfer | LinkState::Connected
    )
}

/// The periodic commands of the stream, told as the messages that they are.
pub(super) fn periodic(wire: &[Preview]) -> Option<Message> {
    let is = |i: usize, word: &str| {
        wire.get(i).is_some_and(|p: &Preview| p.text().eq_ignore_ascii_case(word))
    };
    match wire.len() {
        1 if is(0, "ping") => Some(Message::StreamPing),
        3 if is(0, "replconf") && is(1, "getack") => Some(Message::GetAck),
        _ => None,
    }
}
