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
    /// An instance that ended without the other end's knowing.
    Nobody,
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
    /// What is written is lost, and an end that closes is not told of.
    swallows: bool,
}

/// What arrives at an end.
pub(super) enum Arrival {
    Bytes(Vec<u8>),
    Closed,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Rule {
    pub(super) held: bool,
    pub(super) cut: bool,
    pub(super) half_open: bool,
    pub(super) bytes_per_second: Option<u64>,
    pub(super) delay_us: Option<u64>,
}

pub(super) struct Net {
    slow: u64,
    pipes: BTreeMap<PipeId, Pipe>,
    rules: BTreeMap<(u16, u16), Rule>,
    made: u64,
}

impl Default for Net {
    fn default() -> Net {
        Net { slow: 1, pipes: BTreeMap::new(), rules: BTreeMap::new(), made: 0 }
    }
}

fn pair(a: u16, b: u16) -> (u16, u16) {
    (a.min(b), a.max(b))
}

impl Net {
    /// What is done to the link between these two.
    pub(super) fn rule(&mut self, a: u16, b: u16) -> &mut Rule {
        self.rules.entry(pair(a, b)).or_default()
    }

    /// Nothing is done to that link any more; what was.
    pub(super) fn heal(&mut self, a: u16, b: u16) -> Rule {
        self.rules.remove(&pair(a, b)).unwrap_or_default()
    }

    /// Links between instances are so much slower than usual.
    pub(super) fn slow(&mut self, factor: u32) {
        self.slow = u64::from(factor);
    }

    pub(super) fn is_held(&self, a: u16, b: u16) -> bool {
        self.rules.get(&pair(a, b)).is_some_and(|r| r.held)
    }

    pub(super) fn is_cut(&self, a: u16, b: u16) -> bool {
        self.rules.get(&pair(a, b)).is_some_and(|r| r.cut)
    }

    pub(super) fn is_half_open(&self, a: u16, b: u16) -> bool {
        self.rules.get(&pair(a, b)).is_some_and(|r| r.half_open)
    }

    /// From now on this pipe swallows everything; what was under way is lost too.
    pub(super) fn swallow(&mut self, pipe: PipeId) {
        if let Some(p) = self.pipes.get_mut(&pipe) {
            p.swallows = true;
            p.lanes = Default::default();
        }
    }

    /// The pipes between these two that swallow what is written, also when an end is gone.
    pub(super) fn swallowing(&self, a: u16, b: u16) -> Vec<PipeId> {
        let of = |p: &Pipe| {
            p.swallows
                && p.ends.iter().all(|e| match e {
                    End::Host(port, _) => *port == a || *port == b,
                    End::Client(_) => false,
                    End::Nobody => true,
                })
        };
        self.pipes.iter().filter(|(_, p)| of(p)).map(|(id, _)| *id).collect()
    }

    /// An instance ended. Whether this pipe keeps that from the other end.
    pub(super) fn abandon(&mut self, pipe: PipeId, port: u16) -> bool {
        let Some(p) = self.pipes.get_mut(&pipe).filter(|p| p.swallows) else { return false };
        for end in &mut p.ends {
            if matches!(end, End::Host(of, _) if *of == port) {
                *end = End::Nobody;
            }
        }
        true
    }

    pub(super) fn join(&mut self, one: End, other: End) -> PipeId {
        self.made += 1;
        let id = PipeId(self.made);
        let lanes = Default::default();
        self.pipes.insert(id, Pipe { ends: [one, other], lanes, swallows: false });
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

    fn rule_of(&self, pipe: &Pipe) -> Rule {
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
        let window = match self.rule_of(p).bytes_per_second {
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
        let rule = self.rule_of(self.pipes.get(&pipe)?);
        let p = self.pipes.get_mut(&pipe)?;
        if p.swallows {
            return None;
        }
        let between = !p.ends.iter().any(|e| matches!(e, End::Client(_)));
        let slow = if between { self.slow } else { 1 };
        let latency = (latency + rule.delay_us.unwrap_or(0)) * slow;
        let rate = rule.bytes_per_second;
        let lane = &mut p.lanes[p.ends.iter().position(|e| *e == from)?];
        let sending = rate.map_or(0, |r| bytes.len() as u64 * 1_000_000 / r * slow);
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
        if self.pipes.get(&pipe).is_none_or(|p| self.rule_of(p).held) {
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
        let p = self.pipes.get(&pipe).filter(|p| !self.rule_of(p).held)?;
        p.lanes.iter().filter_map(|l| l.parcels.front().map(|q| q.arrives)).min()
    }
}
