//! The virtual network: pipes of bytes with a latency, a bound of bytes under way, and rules for
//! each pair of instances.

use super::ClientId;
use crate::engine::conn::ConnId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Bytes that a pipe takes before the writer must wait, like a socket's buffer.
const WINDOW: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PipeId(u64);

/// Who holds an end of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Host(u16, ConnId),
    Client(ClientId),
}

/// One direction: bytes under way, oldest first.
#[derive(Default)]
struct Lane {
    parcels: VecDeque<Parcel>,
    under_way: usize,
    /// With a throttle: the lane is busy sending until then.
    busy_until: u64,
}

struct Parcel {
    arrives: u64,
    bytes: Vec<u8>,
    /// The writer closed after these bytes.
    last: bool,
}

struct Pipe {
    ends: [End; 2],
    /// `lanes[i]` carries what `ends[i]` wrote.
    lanes: [Lane; 2],
}

/// What arrives at an end.
pub(super) enum Arrival {
    Bytes(Vec<u8>),
    Closed,
}

#[derive(Clone, Copy, Default)]
struct Rule {
    held: bool,
    cut: bool,
    bytes_per_second: Option<u64>,
}

#[derive(Default)]
pub(super) struct Net {
    pipes: BTreeMap<PipeId, Pipe>,
    rules: BTreeMap<(u16, u16), Rule>,
    made: u64,
}

fn pair(a: u16, b: u16) -> (u16, u16) {
    (a.min(b), a.max(b))
}

impl Net {
    pub(super) fn hold(&mut self, a: u16, b: u16) {
        self.rules.entry(pair(a, b)).or_default().held = true;
    }

    pub(super) fn release(&mut self, a: u16, b: u16) {
        self.rules.entry(pair(a, b)).or_default().held = false;
    }

    pub(super) fn cut(&mut self, a: u16, b: u16) {
        self.rules.entry(pair(a, b)).or_default().cut = true;
    }

    pub(super) fn heal(&mut self, a: u16, b: u16) {
        self.rules.remove(&pair(a, b));
    }

    pub(super) fn throttle(&mut self, a: u16, b: u16, bytes_per_second: u64) {
        self.rules.entry(pair(a, b)).or_default().bytes_per_second = Some(bytes_per_second);
    }

    pub(super) fn is_held(&self, a: u16, b: u16) -> bool {
        self.rules.get(&pair(a, b)).is_some_and(|r| r.held)
    }

    pub(super) fn is_cut(&self, a: u16, b: u16) -> bool {
        self.rules.get(&pair(a, b)).is_some_and(|r| r.cut)
    }

    pub(super) fn join(&mut self, one: End, other: End) -> PipeId {
        self.made += 1;
        let id = PipeId(self.made);
        self.pipes.insert(id, Pipe { ends: [one, other], lanes: Default::default() });
        id
    }

    pub(super) fn find(&self, end: End) -> Option<PipeId> {
        self.pipes.iter().find(|(_, p)| p.ends.contains(&end)).map(|(id, _)| *id)
    }

    /// Forgets a pipe and tells who held its ends.
    pub(super) fn remove(&mut self, pipe: PipeId) -> Vec<End> {
        self.pipes.remove(&pipe).map(|p| p.ends.to_vec()).unwrap_or_default()
    }

    /// All pipes with an end at this instance.
    pub(super) fn of(&self, port: u16) -> Vec<PipeId> {
        let holds = |e: &End| matches!(e, End::Host(p, _) if *p == port);
        self.pipes.iter().filter(|(_, p)| p.ends.iter().any(holds)).map(|(id, _)| *id).collect()
    }

    /// All pipes that join these two instances.
    pub(super) fn between(&self, a: u16, b: u16) -> Vec<PipeId> {
        let with_b: BTreeSet<PipeId> = self.of(b).into_iter().collect();
        self.of(a).into_iter().filter(|p| with_b.contains(p)).collect()
    }

    fn rule(&self, pipe: &Pipe) -> Rule {
        match pipe.ends {
            [End::Host(a, _), End::Host(b, _)] => {
                self.rules.get(&pair(a, b)).copied().unwrap_or_default()
            }
            _ => Rule::default(),
        }
    }

    /// How many bytes this end may write now.
    pub(super) fn room(&self, pipe: PipeId, from: End) -> usize {
        let Some(p) = self.pipes.get(&pipe) else { return 0 };
        let Some(lane) = p.ends.iter().position(|e| *e == from) else { return 0 };
        // A slow link must not swallow the queue: what waits, waits at the sender, in sight.
        let window = match self.rule(p).bytes_per_second {
            Some(rate) => usize::try_from(rate / 20).unwrap_or(WINDOW).clamp(64, WINDOW),
            None => WINDOW,
        };
        window.saturating_sub(p.lanes[lane].under_way)
    }

    /// Takes bytes (or the end of them) from this end; tells when they arrive.
    pub(super) fn write(
        &mut self,
        pipe: PipeId,
        from: End,
        bytes: Vec<u8>,
        last: bool,
        now: u64,
        latency: u64,
    ) -> Option<u64> {
        let rate = self.rule(self.pipes.get(&pipe)?).bytes_per_second;
        let p = self.pipes.get_mut(&pipe)?;
        let lane = &mut p.lanes[p.ends.iter().position(|e| *e == from)?];
        let sending = rate.map_or(0, |r| bytes.len() as u64 * 1_000_000 / r);
        lane.busy_until = lane.busy_until.max(now) + sending;
        // Never overtaking what was written before.
        let after = lane.parcels.back().map_or(0, |q| q.arrives);
        let arrives = (lane.busy_until + latency).max(after);
        lane.under_way += bytes.len();
        lane.parcels.push_back(Parcel { arrives, bytes, last });
        Some(arrives)
    }

    /// The ends of a pipe.
    pub(super) fn ends(&self, pipe: PipeId) -> Option<[End; 2]> {
        self.pipes.get(&pipe).map(|p| p.ends)
    }

    /// What has arrived at this end by now: at most `most` bytes.
    pub(super) fn arrived(
        &mut self,
        pipe: PipeId,
        at: End,
        now: u64,
        most: usize,
    ) -> Option<Arrival> {
        if self.pipes.get(&pipe).is_none_or(|p| self.rule(p).held) {
            return None;
        }
        let p = self.pipes.get_mut(&pipe)?;
        let lane = &mut p.lanes[1 - p.ends.iter().position(|e| *e == at)?];
        let first = lane.parcels.front_mut().filter(|q| q.arrives <= now)?;
        if first.bytes.is_empty() {
            let last = first.last;
            lane.parcels.pop_front();
            return if last { Some(Arrival::Closed) } else { None };
        }
        if most == 0 {
            return None;
        }
        let bytes: Vec<u8> = first.bytes.drain(..most.min(first.bytes.len())).collect();
        lane.under_way -= bytes.len();
        if first.bytes.is_empty() && !first.last {
            lane.parcels.pop_front();
        }
        Some(Arrival::Bytes(bytes))
    }

    /// When the next bytes for either end arrive; on a held link, never.
    pub(super) fn next_arrival(&self, pipe: PipeId) -> Option<u64> {
        let p = self.pipes.get(&pipe).filter(|p| !self.rule(p).held)?;
        p.lanes.iter().filter_map(|l| l.parcels.front().map(|q| q.arrives)).min()
    }
}
