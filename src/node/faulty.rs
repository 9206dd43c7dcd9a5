//! Connections of links with which something is wrong: bytes that travel slowly, are swallowed, or
//! do not pass at all.

use super::conn::{Pulled, SLICES, Sock, WRITE_BUDGET};
use super::control::DropLinks;
use super::dial::Way;
use super::gate::{GateKey, Grant, LinkRule};
use super::instance::Instance;
use super::log::os_text;
use super::travel::{Arrivals, Arrived, Departures};
use crate::engine::conn::ConnId;
use crate::observe::{LinkRef, Now, Side};
use std::io::IoSlice;
use std::task::Poll;

/// What is remembered of a connection since something was wrong with its link.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// The direction in which we send, once it is known.
    key: Option<GateKey>,
    /// Bytes went missing, or the end of the connection did: with the link healed, it ends.
    swallowed: bool,
    out: Departures,
    arriving: Arrivals,
}

/// Slices of output looked at together: a link with a long latency has much on its way.
const FAR_SLICES: usize = 1_024;

/// Bytes read from an outside peer with one call.
const PULL: usize = 64 * 1024;

/// Bytes of an outside peer that may be on their way to us; beyond that its socket is not read.
const WINDOW: usize = 64 * 1024 * 1024;

/// What a dial of a link that was cut meets.
pub(super) const RESET: &str = "Connection reset by peer";

impl Instance {
    fn key_of(&self, link: &LinkRef) -> GateKey {
        GateKey { local: self.place.get().port, peer: link.peer.port, from: link.side }
    }

    /// The link that this connection is, if something is or was wrong with it.
    pub(super) fn troubled_link(&self, conn: ConnId) -> Option<LinkRef> {
        let open = self.gate.is_open();
        if open && !self.troubled {
            return None;
        }
        let troubled = self.socks.get(&conn).is_some_and(|s| s.trouble.is_some());
        if troubled || !open { self.engine.link_of(conn) } else { None }
    }

    /// How a dial to this port goes.
    pub(super) fn way_to(&self, port: u16) -> Way {
        if self.gate.is_open() {
            return Way::Free;
        }
        let key = GateKey { local: self.place.get().port, peer: port, from: Side::Replica };
        let rule = self.gate.rule(&key);
        match (rule.cut, rule.half_open) {
            (true, _) => Way::Refused,
            (_, true) => Way::Nowhere,
            _ => {
                // There and back: that is what a connection takes to stand.
                let now = self.clock.now();
                let there = self.clock.travel_us(now) + 2 * rule.latency_us;
                Way::After(self.clock.real_until_travel(now, there))
            }
        }
    }

    /// The rules changed: looks at every link anew.
    pub(super) fn review_links(&mut self, now: Now) {
        let open = self.gate.is_open();
        if open && !self.troubled {
            return;
        }
        self.troubled = true;
        let conns: Vec<ConnId> = self.socks.keys().copied().collect();
        for conn in conns {
            let Some(link) = self.troubled_link(conn) else { continue };
            let key = self.key_of(&link);
            let rule = self.gate.rule(&key);
            let Some(sock) = self.socks.get_mut(&conn) else { continue };
            if ends(sock, rule) {
                self.lose(now, conn);
                continue;
            }
            if rule.half_open {
                sock.trouble.get_or_insert_default().key = Some(key);
            }
            if open && sock.trouble.as_ref().is_some_and(|t| t.arriving.is_empty()) {
                sock.trouble = None;
            }
            // What was on its way may be due by now.
            self.again.push(conn);
            self.to_write.push(conn);
        }
        self.troubled = !open || self.socks.values().any(|s| s.trouble.is_some());
    }

    /// Ends the connections of the link to a port.
    pub(super) fn drop_links(&mut self, now: Now, drop: DropLinks) {
        let is = |conn: &ConnId| {
            self.engine.link_of(*conn).is_some_and(|link| link.peer.port == drop.peer)
        };
        let conns: Vec<ConnId> = self.socks.keys().copied().filter(is).collect();
        (drop.tell)(!conns.is_empty());
        for conn in conns {
            self.lose(now, conn);
        }
    }

    /// Ends a connection as if the network had.
    fn lose(&mut self, now: Now, conn: ConnId) {
        if let Some(sock) = self.socks.remove(&conn) {
            self.put_away(sock);
            self.engine.peer_closed(now, conn, Some(RESET.to_owned()));
        }
    }

    /// Closes a socket; on a half-open link the peer does not learn of it.
    pub(super) fn put_away(&self, sock: Sock) {
        let Some(key) = sock.trouble.as_ref().and_then(|t| t.key) else { return };
        if !self.gate.is_open()
            && self.gate.rule(&key).half_open
            && let Some(socket) = sock.into_std()
        {
            self.gate.keep(&key, socket);
        }
    }

    /// The instance ends, and the system with it closes every socket.
    pub(super) fn put_all_away(&mut self) {
        if !self.gate.is_open() {
            for (_, sock) in self.socks.drain() {
                if let Some(key) = sock.trouble.as_ref().and_then(|t| t.key)
                    && self.gate.rule(&key).half_open
                    && let Some(socket) = sock.into_std()
                {
                    self.gate.keep(&key, socket);
                }
            }
        }
    }

    /// Writes what the link lets through.
    pub(super) fn write_troubled(&mut self, now: Now, conn: ConnId, link: &LinkRef) {
        self.troubled = true;
        let key = self.key_of(link);
        let travel = self.clock.travel_us(now);
        let mut budget = WRITE_BUDGET;
        loop {
            let rule = self.gate.rule(&key);
            let Some(sock) = self.socks.get_mut(&conn) else { return };
            if ends(sock, rule) {
                return self.lose(now, conn);
            }
            let mut slices: Vec<IoSlice<'_>> = Vec::new();
            slices.resize_with(if rule.latency_us > 0 { FAR_SLICES } else { SLICES }, || {
                IoSlice::new(&[])
            });
            let filled = self.engine.write_slices(conn, &mut slices);
            let total: usize = slices[..filled].iter().map(|s| s.len()).sum();
            let trouble = sock.trouble.get_or_insert_default();
            trouble.key = Some(key);
            if total == 0 {
                sock.blocked = false;
                return;
            }
            if budget == 0 {
                self.again.push(conn);
                sock.blocked = true;
                return;
            }
            if rule.half_open {
                trouble.swallowed = true;
                let n = total.min(budget);
                budget -= n;
                drop(slices);
                self.engine.wrote(now, conn, n);
                continue;
            }
            let (due, next) = trouble.out.due(travel, rule.latency_us, total);
            let want = due.min(budget);
            let grant = match want {
                0 => Grant { bytes: 0, again_at_us: next },
                want if rule.bounded => self.gate.allow(&key, travel, want),
                _ => Grant::ALL,
            };
            let allowed = want.min(grant.bytes);
            if allowed == 0 {
                sock.write_again_us = grant
                    .again_at_us
                    .map(|us| now.mono_us + micros(self.clock.real_until_travel(now, us)));
                if !self.held.contains(&conn) {
                    self.held.push(conn);
                }
                return;
            }
            let outcome = sock.write(&mut slices[..filled], allowed);
            let written = match outcome {
                Poll::Ready(Ok(n)) => n,
                _ => 0,
            };
            if let Some(trouble) = &mut sock.trouble {
                trouble.out.left(written);
            }
            if rule.bounded && written < allowed {
                self.gate.give_back(&key, allowed - written);
            }
            drop(slices);
            match outcome {
                Poll::Pending => {
                    sock.blocked = true;
                    return;
                }
                Poll::Ready(Ok(n)) => {
                    sock.wrote_us = now.mono_us;
                    budget -= n.min(budget);
                    self.engine.wrote(now, conn, n);
                }
                Poll::Ready(Err(e)) => {
                    self.engine.peer_closed(now, conn, Some(os_text(&e)));
                    return;
                }
            }
        }
    }

    /// Reads what the link lets through.
    pub(super) fn read_troubled(&mut self, conn: ConnId, link: &LinkRef) {
        self.troubled = true;
        let now = self.clock.now();
        let key = self.key_of(link);
        let rule = self.gate.rule(&key);
        let Some(sock) = self.socks.get_mut(&conn) else { return };
        if ends(sock, rule) {
            return self.lose(now, conn);
        }
        if rule.half_open {
            let trouble = sock.trouble.get_or_insert_default();
            trouble.key = Some(key);
            let mut buf = vec![0; PULL];
            loop {
                match sock.pull(&mut buf) {
                    Pulled::Nothing => return,
                    Pulled::Bytes(_) => {}
                    // The end is swallowed too; nothing more will come.
                    Pulled::End(_) => {
                        sock.swallow();
                        return;
                    }
                }
                sock.swallow();
            }
        }
        let waits = sock.trouble.as_ref().is_some_and(|t| !t.arriving.is_empty());
        let slow = rule.latency_us > 0 || rule.bounded;
        if waits || (slow && !self.gate.is_inside(now, &link.peer)) {
            self.pull_in(now, conn, key.back(), rule);
            return self.hand_in(now, conn, rule);
        }
        if self.gate.is_open() {
            sock.trouble = None;
        }
        self.read_plain(conn);
    }

    /// Takes what an outside peer sent from its socket, as fast as the link lets it.
    fn pull_in(&mut self, now: Now, conn: ConnId, key: GateKey, rule: LinkRule) {
        let travel = self.clock.travel_us(now);
        let Some(sock) = self.socks.get_mut(&conn) else { return };
        let mut budget = WRITE_BUDGET;
        let mut buf = Vec::new();
        loop {
            let trouble = sock.trouble.get_or_insert_default();
            if trouble.arriving.has_end() || trouble.arriving.len() >= WINDOW {
                return;
            }
            if budget == 0 {
                self.again.push(conn);
                return;
            }
            let want = PULL.min(budget);
            let grant = if rule.bounded { self.gate.allow(&key, travel, want) } else { Grant::ALL };
            let allowed = want.min(grant.bytes);
            if allowed == 0 {
                sock.read_again_us = grant
                    .again_at_us
                    .map(|us| now.mono_us + micros(self.clock.real_until_travel(now, us)));
                if !self.late.contains(&conn) {
                    self.late.push(conn);
                }
                return;
            }
            buf.resize(allowed, 0);
            let pulled = sock.pull(&mut buf);
            let got = if let Pulled::Bytes(n) = pulled { n } else { 0 };
            if rule.bounded {
                self.gate.give_back(&key, allowed - got);
            }
            let due = travel + rule.latency_us;
            let trouble = sock.trouble.get_or_insert_default();
            match pulled {
                Pulled::Nothing => return,
                Pulled::Bytes(n) => {
                    budget -= n;
                    trouble.arriving.push(due, buf[..n].to_vec());
                }
                Pulled::End(error) => trouble.arriving.push_end(due, error),
            }
        }
    }

    /// Hands in what has arrived.
    fn hand_in(&mut self, now: Now, conn: ConnId, rule: LinkRule) {
        let by = (rule.latency_us > 0).then(|| self.clock.travel_us(now));
        loop {
            let Some(sock) = self.socks.get_mut(&conn) else { return };
            let Some(trouble) = &mut sock.trouble else { return };
            let n = match trouble.arriving.next(by) {
                Some(Arrived::Bytes(bytes)) => {
                    let Some(space) = self.engine.read_space(conn) else {
                        self.stalled.push(conn);
                        return;
                    };
                    let n = bytes.len().min(space.len());
                    space[..n].copy_from_slice(&bytes[..n]);
                    n
                }
                Some(Arrived::End(error)) => {
                    return self.engine.peer_closed(now, conn, error);
                }
                None => {
                    let Some(due) = trouble.arriving.next_due() else { return };
                    let at = now.mono_us + micros(self.clock.real_until_travel(now, due));
                    sock.read_again_us = Some(sock.read_again_us.map_or(at, |us| us.min(at)));
                    if !self.late.contains(&conn) {
                        self.late.push(conn);
                    }
                    return;
                }
            };
            trouble.arriving.take(n);
            sock.read_us = now.mono_us;
            self.engine.bytes_read(now, conn, n);
            self.carry_out();
        }
    }
}

/// Whether a connection ends by this rule: its link is cut, or healed after bytes went missing.
fn ends(sock: &Sock, rule: LinkRule) -> bool {
    rule.cut || !rule.half_open && sock.trouble.as_ref().is_some_and(|t| t.swallowed)
}

impl Sock {
    fn swallow(&mut self) {
        self.trouble.get_or_insert_default().swallowed = true;
    }
}

fn micros(d: std::time::Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}
