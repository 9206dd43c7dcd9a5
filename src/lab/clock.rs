//! The lab's three times. Wall and monotonic time are the machine's; link time can be bent.

use crate::node::{Clock, SystemClock};
use crate::observe::Now;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How fast link time runs: `num` microseconds for every `den` of real time. `num` 0: it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkRate {
    pub num: u32,
    pub den: u32,
}

impl LinkRate {
    pub const REAL: LinkRate = LinkRate { num: 1, den: 1 };
    pub const STOPPED: LinkRate = LinkRate { num: 0, den: 1 };

    /// `1/n` of real time; 0 counts as 1.
    pub fn slow(n: u32) -> LinkRate {
        LinkRate { num: 1, den: n.max(1) }
    }
}

/// The clock that all instances of a lab share.
#[derive(Debug, Default)]
pub struct LabClock {
    machine: SystemClock,
    /// Whether link time was ever bent: before, nobody needs the lock.
    bent: AtomicBool,
    bends: Mutex<Bends>,
}

/// Two times that are bent alike, except that one of them can be held.
#[derive(Debug)]
struct Bends {
    slow: u32,
    held: bool,
    link: Bend,
    travel: Bend,
}

impl Default for Bends {
    fn default() -> Bends {
        Bends { slow: 1, held: false, link: Bend::default(), travel: Bend::default() }
    }
}

/// From `mono_us` on, the bent time counts from `link_us` with this rate.
#[derive(Clone, Copy, Debug)]
struct Bend {
    mono_us: u64,
    link_us: u64,
    rate: LinkRate,
}

impl Default for Bend {
    fn default() -> Bend {
        Bend { mono_us: 0, link_us: 0, rate: LinkRate::REAL }
    }
}

impl Bend {
    fn go_on(self, mono_us: u64, rate: LinkRate) -> Bend {
        Bend { mono_us, link_us: self.at(mono_us), rate }
    }

    fn at(&self, mono_us: u64) -> u64 {
        let real = u128::from(mono_us.saturating_sub(self.mono_us));
        let link = real * u128::from(self.rate.num) / u128::from(self.rate.den.max(1));
        self.link_us.saturating_add(u64::try_from(link).unwrap_or(u64::MAX))
    }

    /// Real microseconds from `mono_us` until link time is `link_us`.
    fn until(&self, mono_us: u64, link_us: u64) -> Option<u64> {
        let ahead = u128::from(link_us.saturating_sub(self.at(mono_us)));
        match self.rate.num {
            _ if ahead == 0 => Some(0),
            0 => None,
            num => {
                let real = (ahead * u128::from(self.rate.den)).div_ceil(u128::from(num));
                Some(u64::try_from(real).unwrap_or(u64::MAX))
            }
        }
    }
}

impl LabClock {
    /// Monotonic and link time count from here, together.
    pub fn new() -> LabClock {
        LabClock::default()
    }

    /// Lets link time and travel time run at 1/`factor` of real time from now on (0 counts as 1),
    /// without a jump. Whoever calls it wakes the instances, which wait by the old rate.
    pub fn set_slow(&self, factor: u32) {
        self.bend(|bends| bends.slow = factor.max(1));
    }

    /// Stops link time, or lets it go on at the rate that it had. Travel time runs on. Whoever lets
    /// it go on wakes the instances.
    pub fn set_held(&self, held: bool) {
        self.bend(|bends| bends.held = held);
    }

    fn bend(&self, change: impl FnOnce(&mut Bends)) {
        let mut bends = self.lock();
        // Before the moment of the bend is read: whoever finds the clock straight has read an
        // earlier one, so link time never goes back.
        self.bent.store(true, Ordering::SeqCst);
        change(&mut bends);
        let mono_us = self.machine.now().mono_us;
        let rate = LinkRate::slow(bends.slow);
        bends.travel = bends.travel.go_on(mono_us, rate);
        let rate = if bends.held { LinkRate::STOPPED } else { rate };
        bends.link = bends.link.go_on(mono_us, rate);
    }

    fn lock(&self) -> MutexGuard<'_, Bends> {
        self.bends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By how much link time is slowed; 1 is real time.
    pub fn slow(&self) -> u32 {
        self.lock().slow
    }

    /// Whether link time stands.
    pub fn held(&self) -> bool {
        self.bent.load(Ordering::Acquire) && self.lock().held
    }
}

impl Clock for LabClock {
    fn now(&self) -> Now {
        let now = self.machine.now();
        if !self.bent.load(Ordering::SeqCst) {
            return now;
        }
        // Inside the lock, so that link time never goes back when the rate changes just now.
        let bends = self.lock();
        let now = self.machine.now();
        Now { link_us: bends.link.at(now.mono_us), ..now }
    }

    fn real_until_link(&self, link_us: u64) -> Option<Duration> {
        if !self.bent.load(Ordering::SeqCst) {
            return self.machine.real_until_link(link_us);
        }
        let bends = self.lock();
        bends.link.until(self.machine.now().mono_us, link_us).map(Duration::from_micros)
    }

    fn travel_us(&self, now: Now) -> u64 {
        self.lock().travel.at(now.mono_us)
    }

    fn real_until_travel(&self, now: Now, travel_us: u64) -> Duration {
        let us = self.lock().travel.until(now.mono_us, travel_us);
        // It never stands.
        Duration::from_micros(us.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bent_time_has_no_jump_and_knows_how_long() {
        let bend = Bend { mono_us: 1_000, link_us: 700, rate: LinkRate::slow(10) };
        assert_eq!(bend.at(1_000), 700);
        assert_eq!(bend.at(2_000), 800);
        assert_eq!(bend.until(2_000, 850), Some(500));
        assert_eq!(bend.until(2_000, 10), Some(0));
        let held = Bend { rate: LinkRate::STOPPED, ..bend };
        assert_eq!((held.at(9_999), held.until(9_999, 701)), (700, None));
    }

    #[test]
    fn link_time_stops_and_goes_on() {
        let clock = LabClock::new();
        clock.set_held(true);
        let held = clock.now();
        let later = loop {
            let now = clock.now();
            if now.mono_us > held.mono_us {
                break now;
            }
        };
        assert_eq!(later.link_us, held.link_us);
        assert_eq!(clock.real_until_link(held.link_us + 1), None);
        assert!(clock.travel_us(later) > clock.travel_us(held), "bytes still travel");
        clock.set_slow(10);
        assert!(clock.held(), "slow motion does not let it go");
        clock.set_held(false);
        assert!(clock.now().link_us >= held.link_us);
        let ahead = clock.real_until_link(clock.now().link_us + 1_000_000).expect("it runs");
        assert!(ahead > Duration::from_secs(9), "at the slow rate: {ahead:?}");
        clock.set_slow(1);
        assert!(clock.real_until_link(clock.now().link_us + 1_000_000) < Some(ahead));
        assert_eq!(clock.slow(), 1);
    }
}
