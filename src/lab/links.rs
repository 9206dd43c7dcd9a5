//! Faults of links: how many bytes each direction of a replication link may carry.
//!
//! The sending end asks before it writes; what is not granted stays in the engine's buffers, where
//! its limits and the picture see it. All times here are link time, so a bound stands still when
//! the links are held.

use super::error::{LabError, LabErrorKind};
use crate::node::{Gate, GateKey, Grant};
use crate::observe::Now;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// A bucket holds what flows in this part of a second, so that a transfer moves smoothly.
const BURSTS_PER_SECOND: u64 = 20;

/// Two ports, smaller first: one link in both directions.
pub type Pair = (u16, u16);

/// The pair in its one order.
pub fn pair(a: u16, b: u16) -> Pair {
    (a.min(b), a.max(b))
}

/// The bounds of all links.
#[derive(Debug, Default)]
pub struct Links {
    /// Nothing is bounded: nobody needs the lock.
    any: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes per second for each direction.
    bounds: BTreeMap<Pair, u64>,
    /// Each direction of a link has its own.
    buckets: BTreeMap<GateKey, Bucket>,
}

/// Tokens, counted in millionths of a byte so that a slow bound loses nothing to rounding.
#[derive(Debug)]
struct Bucket {
    rate: u64,
    micro: u128,
    at_us: u64,
}

const MICRO: u128 = 1_000_000;

impl Bucket {
    /// Begins empty: even the first byte takes its time, so that a bound is seen at once.
    fn new(rate: u64, now_us: u64) -> Bucket {
        Bucket { rate, micro: 0, at_us: now_us }
    }

    fn burst(&self) -> u64 {
        (self.rate / BURSTS_PER_SECOND).max(1)
    }

    fn take(&mut self, now_us: u64, want: usize) -> Grant {
        let passed = now_us.saturating_sub(self.at_us);
        self.at_us = self.at_us.max(now_us);
        let full = u128::from(self.burst()) * MICRO;
        self.micro = (self.micro + u128::from(passed) * u128::from(self.rate)).min(full);
        let whole = usize::try_from(self.micro / MICRO).unwrap_or(usize::MAX);
        let bytes = whole.min(want);
        self.micro -= bytes as u128 * MICRO;
        if bytes == want {
            return Grant { bytes, again_at_link_us: None };
        }
        // Wake when the rest, or a full bucket, is there: not for every single byte.
        let next = ((want - bytes) as u128 * MICRO).min(full);
        let wait = (next - self.micro.min(next)).div_ceil(u128::from(self.rate)).max(1);
        let again = now_us.saturating_add(u64::try_from(wait).unwrap_or(u64::MAX));
        Grant { bytes, again_at_link_us: Some(again) }
    }
}

impl Links {
    /// Bounds both directions of a link, each on its own, or lifts the bound.
    pub fn throttle(&self, a: u16, b: u16, bytes_per_second: Option<u64>) -> Result<(), LabError> {
        if a == b {
            return Err(LabError::new(LabErrorKind::Link, format!("{a} has no link to itself")));
        }
        if bytes_per_second == Some(0) {
            return Err(LabError::new(LabErrorKind::Link, "a bound of 0 bytes a second")
                .hint("The smallest bound is 1 byte a second."));
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match bytes_per_second {
            Some(rate) => state.bounds.insert(pair(a, b), rate),
            None => state.bounds.remove(&pair(a, b)),
        };
        state.buckets.retain(|key, _| pair(key.local, key.peer) != pair(a, b));
        self.any.store(!state.bounds.is_empty(), Ordering::Release);
        Ok(())
    }

    /// The links that are bounded now.
    pub fn bounded(&self) -> Vec<(Pair, u64)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.bounds.iter().map(|(pair, rate)| (*pair, *rate)).collect()
    }
}

impl Gate for Links {
    fn allow(&self, link: &GateKey, now: Now, want: usize) -> Grant {
        if !self.any.load(Ordering::Acquire) {
            return Grant::ALL;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(&rate) = state.bounds.get(&pair(link.local, link.peer)) else {
            return Grant::ALL;
        };
        let bucket = state.buckets.entry(*link).or_insert_with(|| Bucket::new(rate, now.link_us));
        bucket.take(now.link_us, want)
    }

    fn give_back(&self, link: &GateKey, bytes: usize) {
        if !self.any.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = state.buckets.get_mut(link) {
            bucket.micro += bytes as u128 * MICRO;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Side;

    fn ask(links: &Links, local: u16, peer: u16, link_us: u64, want: usize) -> Grant {
        let key = GateKey { local, peer, from: Side::Master };
        links.allow(&key, Now { link_us, ..Now::default() }, want)
    }

    /// Sends `total` bytes as a driver would, in virtual time. Returns how long it took, and how
    /// often it had to ask.
    fn send(links: &Links, local: u16, peer: u16, total: usize) -> (u64, usize) {
        let (mut now, mut sent, mut asked) = (1_000, 0, 0);
        while sent < total {
            let got = ask(links, local, peer, now, total - sent);
            sent += got.bytes.min(total - sent);
            asked += 1;
            assert!(asked < 100_000, "no progress");
            match got.again_at_link_us {
                Some(at) => {
                    assert!(at > now, "asked again at once");
                    now = at;
                }
                None => assert_eq!(sent, total),
            }
        }
        (now - 1_000, asked)
    }

    #[test]
    fn a_bound_holds_in_virtual_time() {
        let links = Links::default();
        assert_eq!(send(&links, 6380, 6381, 1 << 20), (0, 1));
        links.throttle(6381, 6380, Some(65_536)).expect("throttled");
        let (us, asked) = send(&links, 6380, 6381, 655_360);
        assert!((9_990_000..=10_010_000).contains(&us), "{us}");
        assert!(asked < 250, "{asked} questions in ten seconds");
        assert_eq!(send(&links, 6380, 6382, 1 << 20), (0, 1), "another link is free");
        links.throttle(6380, 6381, None).expect("lifted");
        assert_eq!(send(&links, 6380, 6381, 1 << 20), (0, 1));
        assert!(links.bounded().is_empty());
    }

    #[test]
    fn directions_do_not_share_a_bucket() {
        let links = Links::default();
        links.throttle(1, 2, Some(1_000)).expect("throttled");
        let at = |us| (ask(&links, 1, 2, us, 1_000).bytes, ask(&links, 2, 1, us, 1_000).bytes);
        assert_eq!(at(0), (0, 0));
        assert_eq!(at(20_000), (20, 20));
        assert_eq!(at(20_000), (0, 0));
    }

    #[test]
    fn tiny_bounds_let_single_bytes_through_and_time_may_stand() {
        let links = Links::default();
        links.throttle(1, 2, Some(1)).expect("throttled");
        let none_yet = Grant { bytes: 0, again_at_link_us: Some(1_000_000) };
        assert_eq!(ask(&links, 1, 2, 0, 3), none_yet);
        assert_eq!(ask(&links, 1, 2, 0, 3).bytes, 0);
        assert_eq!(ask(&links, 1, 2, 1_000_000, 3).bytes, 1);
        links.give_back(&GateKey { local: 1, peer: 2, from: Side::Master }, 1);
        assert_eq!(ask(&links, 1, 2, 1_000_000, 1).bytes, 1);
        assert_eq!(send(&links, 2, 1, 3).0, 3_000_000);
    }

    #[test]
    fn nonsense_is_refused() {
        let links = Links::default();
        assert!(links.throttle(1, 1, Some(5)).is_err());
        assert!(links.throttle(1, 2, Some(0)).is_err());
    }
}
