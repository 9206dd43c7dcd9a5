//! A bound on bytes a second: bytes pass as the time for them passes.

use crate::node::Grant;

/// A bucket holds what flows in this part of a second, so that a transfer moves smoothly.
const BURSTS_PER_SECOND: u64 = 20;

/// Tokens, counted in millionths of a byte so that a slow bound loses nothing to rounding.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) rate: u64,
    micro: u128,
    at_us: u64,
}

const MICRO: u128 = 1_000_000;

impl Bucket {
    /// Begins empty: even the first byte takes its time, so that a bound is seen at once.
    pub(super) fn new(rate: u64, now_us: u64) -> Bucket {
        Bucket { rate, micro: 0, at_us: now_us }
    }

    fn burst(&self) -> u64 {
        (self.rate / BURSTS_PER_SECOND).max(1)
    }

    pub(super) fn take(&mut self, now_us: u64, want: usize) -> Grant {
        let passed = now_us.saturating_sub(self.at_us);
        self.at_us = self.at_us.max(now_us);
        let full = u128::from(self.burst()) * MICRO;
        self.micro = (self.micro + u128::from(passed) * u128::from(self.rate)).min(full);
        let whole = usize::try_from(self.micro / MICRO).unwrap_or(usize::MAX);
        let bytes = whole.min(want);
        self.micro -= bytes as u128 * MICRO;
        if bytes == want {
            return Grant { bytes, again_at_us: None };
        }
        // Wake when the rest, or a full bucket, is there: not for every single byte.
        let next = ((want - bytes) as u128 * MICRO).min(full);
        let wait = (next - self.micro.min(next)).div_ceil(u128::from(self.rate)).max(1);
        let again = now_us.saturating_add(u64::try_from(wait).unwrap_or(u64::MAX));
        Grant { bytes, again_at_us: Some(again) }
    }

    /// So many bytes fewer than granted did flow.
    pub(super) fn give_back(&mut self, bytes: usize) {
        self.micro += bytes as u128 * MICRO;
    }
}
