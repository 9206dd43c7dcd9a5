//! The books of the stream: do the facts add up? Every byte that a master tells is counted once,
//! lies behind the one before it, is held or sent, and what was held goes out.

use crate::observe::{
    Addr, Body, Event, Fact, IdCause, LabFact, LinkState, Message, Offset, PsyncVerdict,
    ReplicaState, Side, Source,
};
use std::collections::BTreeMap;

/// A master's book about one attachment of a replica.
#[derive(Debug, Default)]
struct Account {
    state: Option<ReplicaState>,
    /// Last byte before the first that it is owed.
    base: i64,
    /// Where that is was told already: by +FULLRESYNC or, where that waits for its step, by the
    /// first write held.
    based: bool,
    held_to: i64,
    sent_to: i64,
    acked: i64,
    rdb_sent: u64,
    rdb_ended: Option<u64>,
}

impl Account {
    /// Its snapshot stands at this offset.
    fn begins_behind(&mut self, offset: i64) {
        (self.base, self.held_to, self.sent_to) = (offset, offset, offset);
        self.based = true;
    }
}

/// What one instance told since it started.
#[derive(Debug, Default)]
struct Book {
    /// Last byte of the stream, once something told it.
    end: Option<i64>,
    link: Option<LinkState>,
    accounts: BTreeMap<(String, u16), Account>,
    /// Replicas that were attached twice at once (the old connection was half open): their facts
    /// cannot be told apart, so they are not judged until all of them left.
    twice: BTreeMap<(String, u16), u32>,
    /// Where the next partial resync begins, from the decision.
    asked: i64,
    applied: Option<i64>,
    in_multi: bool,
    rdb_got: u64,
    /// Bytes that were told as held before the turn's sum counted them.
    ahead: Option<i64>,
}

/// Counts of what was seen, so that a test knows that it judged something.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub propagated: u64,
    pub applied: u64,
    pub held: u64,
    pub sent: u64,
    pub acked: u64,
    pub transfers: u64,
    pub partial: u64,
}

/// Audits all events; `settled`: at the end everything written has reached whoever is online.
pub fn audit(events: &[Event], settled: bool) -> Result<Seen, String> {
    let mut books: BTreeMap<u16, Book> = BTreeMap::new();
    let mut seen = Seen::default();
    for event in events {
        let wrong = |text: String| format!("event {}: {text}: {:?}", event.seq, event.body);
        match (&event.source, &event.body) {
            (_, Body::Lab(LabFact::InstanceUp { port, .. })) => {
                books.insert(*port, Book::default());
            }
            (Source::Instance(port), Body::Fact(fact)) => {
                let book = books.entry(*port).or_default();
                book.take(fact, &mut seen).map_err(wrong)?;
            }
            _ => {}
        }
    }
    if settled {
        for (port, book) in &books {
            if book.ahead.is_some() {
                return Err(format!("{port} holds what it never had: {book:?}"));
            }
            for (replica, a) in &book.accounts {
                let online = a.state == Some(ReplicaState::Online);
                if online && !book.twice.contains_key(replica) && Some(a.sent_to) != book.end {
                    return Err(format!("{port} has not sent all to {replica:?}: {book:?}"));
                }
            }
        }
    }
    Ok(seen)
}

fn key(addr: &Addr) -> (String, u16) {
    (addr.host.clone(), addr.port)
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Result<(), String> {
    if got == want { Ok(()) } else { Err(format!("{what} is {got:?}, not {want:?}")) }
}

impl Book {
    fn take(&mut self, fact: &Fact, seen: &mut Seen) -> Result<(), String> {
        match fact {
            Fact::IdsChanged { offset: Offset(offset), cause, .. } => {
                if !matches!(cause, IdCause::FullSync | IdCause::Restored)
                    && let Some(end) = self.end
                {
                    expect("the offset", *offset, end)?;
                }
                self.end = Some(*offset);
                self.applied = None;
            }
            Fact::Propagated { from, to, .. } => {
                if let Some(end) = self.end {
                    expect("the first byte", from.0, end + 1)?;
                }
                if to.0 < from.0 {
                    return Err("a command of no bytes".into());
                }
                self.end = Some(to.0);
                seen.propagated += 1;
            }
            // Some commands were only counted: the books go on from what the sum says.
            Fact::Summary { offset, propagated, applied, .. } if propagated + applied > 0 => {
                if let Some(ahead) = self.ahead.take() {
                    expect("what was held before it was counted", ahead, offset.0)?;
                }
                // The end of a transaction may be among what was only counted.
                let in_multi = std::mem::take(&mut self.in_multi);
                self.end = (!in_multi).then_some(offset.0);
                self.applied = None;
            }
            Fact::Applied { wire, from, to, .. } => {
                if let Some(applied) = self.applied {
                    expect("the first byte applied", from.0, applied + 1)?;
                }
                self.applied = Some(to.0);
                match wire.first().map(|w| w.text()) {
                    Some("MULTI") => self.in_multi = true,
                    Some("EXEC") => self.in_multi = false,
                    _ => {}
                }
                // A transaction is passed on as a whole, at its EXEC.
                if !self.in_multi {
                    self.end = Some(to.0);
                }
                seen.applied += 1;
            }
            Fact::BacklogMoved { first, histlen, size } if *size > 0 => {
                if let (Some(end), false) = (self.end, self.link == Some(LinkState::Connected)) {
                    expect("the backlog's end", first.0 + *histlen as i64 - 1, end)?;
                }
            }
            Fact::LinkState { from, to, .. } => {
                expect("the state before", *from, self.link.unwrap_or(LinkState::None))?;
                self.link = Some(*to);
                // A transaction that was cut is told again from its MULTI on.
                self.applied = None;
                self.in_multi = false;
            }
            Fact::PsyncDecision { decision, .. } => {
                self.asked = decision.asked_offset.0;
                if matches!(decision.verdict, PsyncVerdict::Continue { .. }) {
                    seen.partial += 1;
                }
                if let Some(end) = self.end.filter(|_| decision.backlog.is_some()) {
                    expect("the master's offset", decision.master_offset.0, end)?;
                }
            }
            Fact::RdbReceived { got, .. } => {
                if *got < self.rdb_got {
                    return Err("the RDB shrinks".into());
                }
                self.rdb_got = *got;
            }
            Fact::Heard { message: Message::RdbBegin(_), .. } => self.rdb_got = 0,
            Fact::Heard { message: Message::RdbEnd { bytes }, .. } => {
                expect("the RDB received", self.rdb_got, *bytes)?;
            }
            Fact::ReplicaState { replica, from, to } => self.replica_state(replica, *from, *to)?,
            Fact::LinkLost { link, .. } if link.side == Side::Master => self.left(&link.peer),
            _ => self.account(fact, seen)?,
        }
        Ok(())
    }

    fn replica_state(
        &mut self,
        replica: &Addr,
        from: Option<ReplicaState>,
        to: ReplicaState,
    ) -> Result<(), String> {
        let key = key(replica);
        if let Some(n) = self.twice.get_mut(&key) {
            *n += u32::from(from.is_none());
            return Ok(());
        }
        match from {
            None if self.accounts.contains_key(&key) => {
                self.twice.insert(key, 2);
            }
            None => {
                let mut a = Account { state: Some(to), ..Account::default() };
                if to == ReplicaState::Online {
                    a.sent_to = self.asked - 1;
                    a.held_to = self.asked - 1;
                }
                self.accounts.insert(key, a);
            }
            Some(_) => {
                let a = self.accounts.get_mut(&key).ok_or("a replica that never came")?;
                expect("the state before", from, a.state)?;
                a.state = Some(to);
            }
        }
        Ok(())
    }

    fn left(&mut self, peer: &Addr) {
        let key = key(peer);
        match self.twice.get_mut(&key) {
            Some(n) if *n > 1 => *n -= 1,
            _ => {
                self.twice.remove(&key);
                self.accounts.remove(&key);
            }
        }
    }

    /// Facts that belong to one replica's account.
    fn account(&mut self, fact: &Fact, seen: &mut Seen) -> Result<(), String> {
        let peer = match fact {
            Fact::Held { replica, .. }
            | Fact::StreamSent { replica, .. }
            | Fact::Acked { replica, .. }
            | Fact::RdbSent { replica, .. } => replica,
            Fact::Said { link, .. } if link.side == Side::Master => &link.peer,
            _ => return Ok(()),
        };
        let key = key(peer);
        if self.twice.contains_key(&key) {
            return Ok(());
        }
        let end = self.end;
        let Some(a) = self.accounts.get_mut(&key) else {
            return match fact {
                // The handshake comes before the attachment.
                Fact::Said { .. } => Ok(()),
                _ => Err("no such replica".into()),
            };
        };
        match fact {
            Fact::Held { from, to, held_bytes, .. } => {
                // One that died before its +FULLRESYNC left may still go through the motions.
                let granted = a.state == Some(ReplicaState::Online) && a.held_to > 0;
                if !a.based && !granted {
                    a.begins_behind(from.0 - 1);
                }
                expect("the first byte held", from.0, a.held_to + 1)?;
                if end.is_some_and(|end| to.0 > end) {
                    self.ahead = Some(to.0);
                } else if let Some(end) = end {
                    expect("the last byte held", to.0, end)?;
                }
                expect("what is held", *held_bytes as i64, to.0 - a.base)?;
                a.held_to = to.0;
                seen.held += 1;
            }
            Fact::StreamSent { upto, left, .. } => {
                if upto.0 <= a.sent_to {
                    return Err(format!("sent again behind {}", a.sent_to));
                }
                if let Some(end) = end {
                    expect("sent and left", upto.0 + *left as i64, end)?;
                }
                a.sent_to = upto.0;
                seen.sent += 1;
            }
            Fact::Acked { offset, .. } => {
                if offset.0 < a.acked || offset.0 > a.sent_to.max(a.base) {
                    return Err(format!("acknowledged out of range: {a:?}"));
                }
                a.acked = offset.0;
                seen.acked += 1;
            }
            Fact::RdbSent { sent, .. } => {
                if *sent < a.rdb_sent || a.rdb_ended.is_some() {
                    return Err(format!("RDB bytes go back: {a:?}"));
                }
                a.rdb_sent = *sent;
            }
            Fact::Said { message, .. } => match message {
                Message::FullResync { offset, .. } => {
                    if a.based {
                        expect("the offset that its writes are held from", offset.0, a.base)?;
                    } else {
                        a.begins_behind(offset.0);
                    }
                }
                Message::RdbEnd { bytes } => {
                    expect("the RDB sent", a.rdb_sent, *bytes)?;
                    expect("the end of the RDB, told before", a.rdb_ended, None)?;
                    a.rdb_ended = Some(*bytes);
                    seen.transfers += 1;
                }
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }
}
