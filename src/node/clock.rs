use crate::observe::Now;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where a driver gets the time from. The lab bends link time; everything else is the machine's.
pub trait Clock: Send + Sync {
    /// This moment on all three clocks. Monotonic and link time never go back.
    fn now(&self) -> Now;

    /// How long, in real time, until link time reaches `link_us`. `None`: it stands still, and
    /// whoever lets it go on sends [`Control::Wake`](super::Control::Wake).
    fn real_until_link(&self, link_us: u64) -> Option<Duration> {
        Some(Duration::from_micros(link_us.saturating_sub(self.now().link_us)))
    }

    /// The time that bytes on links travel by, in microseconds: what latencies and bounds count in.
    /// It runs as slowly as link time does, but it never stands: a message that was let go arrives,
    /// although others wait.
    fn travel_us(&self, now: Now) -> u64 {
        now.link_us
    }

    /// How long, in real time from `now` on, until travel time reaches `travel_us`.
    fn real_until_travel(&self, now: Now, travel_us: u64) -> Duration {
        Duration::from_micros(travel_us.saturating_sub(self.travel_us(now)))
    }
}

/// The machine's clock: link time is the monotonic time.
#[derive(Debug)]
pub struct SystemClock {
    born: Instant,
}

impl SystemClock {
    /// Monotonic time counts from here.
    pub fn new() -> SystemClock {
        SystemClock { born: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let mono_us = micros(self.born.elapsed());
        // A wall clock before 1970 is a broken machine; 0 is as good an answer as any.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            wall_us: i64::try_from(wall.as_micros()).unwrap_or(i64::MAX),
            mono_us,
            link_us: mono_us,
        }
    }
}

fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Clock, SystemClock};

    #[test]
    fn clock_goes_forward_and_wall_is_this_century() {
        let clock = SystemClock::new();
        let a = clock.now();
        let b = clock.now();
        assert!(b.mono_us >= a.mono_us && b.link_us >= a.link_us);
        assert!(a.wall_s() > 1_600_000_000);
        let ahead = clock.real_until_link(b.link_us + 5_000_000).expect("link time runs");
        assert!(ahead.as_millis() <= 5_000 && ahead.as_millis() > 4_000);
        assert!(clock.real_until_link(0).expect("past").is_zero());
    }
}
