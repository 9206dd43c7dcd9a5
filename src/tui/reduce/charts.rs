//! Numbers over time: where each instance stands in the stream, how far behind its master it is,
//! and what waits for it in its master's output buffer.
//!
//! A series holds the moments at which a number changed, so that time in which nothing happens
//! costs nothing. It is bounded: what lies far back is kept more coarsely.

use super::link::Peer;
use crate::lab::model::{Downstream, Instance, Model};
use crate::observe::{Body, Event, Fact, LabFact, LinkState, Role, Source};
use std::collections::BTreeMap;

/// Points of one series at most.
pub const POINTS: usize = 512;
/// Changes that are closer together are one point.
const GRAIN_US: u64 = 100_000;

/// From here on the number had this value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Microseconds on the clients' monotonic clock.
    pub at_us: u64,
    /// `None`: there was no such number (no link, nobody up).
    pub value: Option<u64>,
    /// The largest value between this point and the next.
    pub peak: u64,
}

/// A number over time, as a step function.
#[derive(Clone, Debug, Default)]
pub struct Series {
    points: Vec<Point>,
}

impl Series {
    /// The number has this value from `at_us` on.
    fn set(&mut self, at_us: u64, value: Option<u64>) {
        match self.points.last_mut() {
            Some(last) if last.value == value => return,
            Some(last) if last.value.is_some() && value.is_some() && within(last.at_us, at_us) => {
                last.value = value;
                last.peak = last.peak.max(value.unwrap_or(0));
                return;
            }
            None if value.is_none() => return,
            _ => {}
        }
        // Threads tell in turn: an event may be a little older than the one before it.
        let at_us = self.points.last().map_or(at_us, |last| at_us.max(last.at_us));
        self.points.push(Point { at_us, value, peak: value.unwrap_or(0) });
        if self.points.len() > POINTS {
            self.thin();
        }
    }

    /// Makes one of every two points in the older half.
    fn thin(&mut self) {
        let (old, new) = self.points.split_at(POINTS / 2);
        let mut kept: Vec<Point> = Vec::with_capacity(POINTS);
        for pair in old.chunks(2) {
            let mut point = pair[0];
            if let Some(second) = pair.get(1) {
                // The later value goes on from here; the larger one is still to be seen.
                point.peak = point.peak.max(second.peak);
                point.value = second.value;
            }
            kept.push(point);
        }
        kept.extend_from_slice(new);
        self.points = kept;
    }

    /// The present value.
    pub fn last(&self) -> Option<u64> {
        self.points.last().and_then(|p| p.value)
    }

    /// Whether the number ever was one.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The stretch from `from_us` to `to_us` in `cells` equal parts: for each the largest value in
    /// it, and the value at its end. `None`: there was no number in all of it.
    /// A stretch may begin before the clock did.
    pub fn cells(&self, from_us: i64, to_us: i64, cells: usize) -> Vec<Option<(u64, u64)>> {
        let mut out = Vec::with_capacity(cells);
        let wide = i128::from(to_us.saturating_sub(from_us).max(1));
        let by = |p: &Point, us: i64| i64::try_from(p.at_us).is_ok_and(|at| at <= us);
        let mut next = self.points.partition_point(|p| by(p, from_us));
        let before = next.checked_sub(1).map(|i| self.points[i]);
        let mut now = before.and_then(|p| p.value);
        // Points that were joined may reach into the stretch with their peak.
        let mut first = before.and_then(|p| p.value.map(|v| v.max(p.peak)));
        for cell in 1..=cells as i128 {
            let end = from_us + (wide * cell / cells as i128) as i64;
            let mut peak = now.max(first.take());
            while let Some(point) = self.points.get(next).filter(|p| by(p, end)) {
                now = point.value;
                if point.value.is_some() {
                    peak = peak.max(Some(point.peak));
                }
                next += 1;
            }
            out.push(peak.map(|peak| (peak, now.unwrap_or(peak))));
        }
        out
    }

    /// Since when the number has been larger than `bound` without a break.
    pub fn above_since(&self, bound: u64) -> Option<u64> {
        let above = self.points.iter().rev().take_while(|p| p.value.is_some_and(|v| v > bound));
        above.last().map(|p| p.at_us)
    }
}

fn within(earlier: u64, later: u64) -> bool {
    later.saturating_sub(earlier) < GRAIN_US
}

/// The three numbers of one instance or guest.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The last byte written (master), executed (replica) or acknowledged (a guest).
    pub offset: Series,
    /// Bytes that its master has written and it has not executed; only while the stream flows.
    pub behind: Series,
    /// Bytes that wait for it in its master's output buffer.
    pub buffer: Series,
}

/// The numbers of everybody.
#[derive(Clone, Debug, Default)]
pub struct Charts {
    by_peer: BTreeMap<Peer, Lines>,
}

impl Charts {
    /// Folds one event; the model has folded it already.
    pub fn apply(&mut self, event: &Event, model: &Model) {
        let at = event.at.mono_us;
        match (event.source, &event.body) {
            (Source::Instance(port), Body::Fact(fact)) if tells(fact) => {
                self.sample(at, port, model);
            }
            (_, Body::Lab(LabFact::InstanceDown { port, .. })) => self.sample(at, *port, model),
            (_, Body::Lab(LabFact::PortRemoved { port })) => {
                self.by_peer.remove(&Peer::port(*port));
            }
            _ => {}
        }
    }

    /// Everybody who has numbers, in order.
    pub fn all(&self) -> impl Iterator<Item = (&Peer, &Lines)> {
        self.by_peer.iter()
    }

    /// The numbers of one.
    pub fn of(&self, peer: &Peer) -> Option<&Lines> {
        self.by_peer.get(peer)
    }

    /// For how many microseconds something has been written at `master` that whoever stands at
    /// `offset` does not have yet.
    pub fn late_us(&self, master: &Peer, offset: i64, now_us: u64) -> Option<u64> {
        let bound = u64::try_from(offset).unwrap_or(0);
        let since = self.of(master)?.offset.above_since(bound)?;
        Some(now_us.saturating_sub(since))
    }

    fn sample(&mut self, at: u64, port: u16, model: &Model) {
        let Some(i) = model.instance(port) else { return };
        let own = self.by_peer.entry(Peer::port(port)).or_default();
        own.offset.set(at, i.is_up().then_some(bytes(i.offset.0)));
        let behind = behind(model, i);
        own.behind.set(at, behind);
        for down in i.replicas.values() {
            self.below(at, i, down, model);
        }
    }

    /// A replica as `master` tells of it.
    fn below(&mut self, at: u64, master: &Instance, down: &Downstream, model: &Model) {
        let peer = Peer::of(&down.addr);
        if peer.port == 0 {
            return;
        }
        let attached = master.is_up() && down.is_attached();
        let ours = peer.host.is_empty().then(|| model.instance(peer.port)).flatten();
        // It may follow another master by now, who tells of it then.
        if ours.is_some_and(|i| !follows(i, master.port)) && !attached {
            return;
        }
        let lines = self.by_peer.entry(peer).or_default();
        lines.buffer.set(at, attached.then_some(down.left.max(down.held_bytes)));
        match ours {
            Some(i) => lines.behind.set(at, behind(model, i)),
            None => {
                let acked = down.acked.filter(|_| attached).map(|(offset, _)| offset);
                lines.offset.set(at, acked.map(|o| bytes(o.0)));
                lines.behind.set(at, acked.map(|o| bytes(master.offset - o)));
            }
        }
    }
}

fn follows(replica: &Instance, master: u16) -> bool {
    replica.role == Role::Replica && replica.master.as_ref().is_some_and(|m| m.port == master)
}

/// How many bytes of its master's stream a replica of the lab has not executed yet.
fn behind(model: &Model, i: &Instance) -> Option<u64> {
    if i.role != Role::Replica || !i.is_up() || i.upstream.state != LinkState::Connected {
        return None;
    }
    let master = Peer::of(i.master.as_ref()?);
    let master = master.host.is_empty().then(|| model.instance(master.port)).flatten()?;
    master.is_up().then(|| bytes(master.offset - i.offset))
}

fn bytes(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// Whether a fact can change one of the numbers.
fn tells(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Booted { .. }
            | Fact::RoleChanged { .. }
            | Fact::IdsChanged { .. }
            | Fact::LinkState { .. }
            | Fact::LinkLost { .. }
            | Fact::ReplicaState { .. }
            | Fact::PsyncDecision { .. }
            | Fact::Held { .. }
            | Fact::StreamSent { .. }
            | Fact::Acked { .. }
            | Fact::BacklogMoved { .. }
            | Fact::Propagated { .. }
            | Fact::Applied { .. }
            | Fact::Summary { .. }
            | Fact::LoadEnded { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_bounded_and_keeps_what_is_near_exactly() {
        let mut s = Series::default();
        for n in 0..100_000u64 {
            s.set(n * GRAIN_US, Some(n));
        }
        assert!(s.points.len() <= POINTS);
        assert_eq!(s.last(), Some(99_999));
        // The last ten seconds, one value a cell.
        let (to, grain) = (99_999 * GRAIN_US as i64, GRAIN_US as i64);
        let cells = s.cells(to - 100 * grain, to, 100);
        let ends: Vec<u64> = cells.iter().flatten().map(|(_, end)| *end).collect();
        assert_eq!(ends, (99_900..=99_999).collect::<Vec<_>>());
    }

    #[test]
    fn a_peak_survives_although_its_point_was_joined_with_another() {
        let mut s = Series::default();
        for n in 0..5_000u64 {
            s.set(n * GRAIN_US, Some(if n == 7 { 1_000 } else { n % 2 }));
        }
        let cells = s.cells(0, 5_000 * GRAIN_US as i64, 10);
        assert_eq!(cells.iter().flatten().map(|(peak, _)| *peak).max(), Some(1_000));
    }

    #[test]
    fn a_gap_is_no_number() {
        let mut s = Series::default();
        s.set(1_000_000, Some(5));
        s.set(2_000_000, None);
        s.set(4_000_000, Some(6));
        let ends: Vec<_> = s.cells(0, 5_000_000, 5).iter().map(|c| c.map(|(p, _)| p)).collect();
        assert_eq!(ends, [Some(5), Some(5), None, Some(6), Some(6)]);
        assert_eq!(s.above_since(5), Some(4_000_000));
        assert_eq!(s.above_since(6), None);
    }
}
