use serde::{Deserialize, Serialize};

/// One moment, told three ways, because the learner owns only the third of them.
///
/// All three are handed in by a driver; the engine never asks for the time itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Now {
    /// Microseconds since the Unix epoch. Expiry, TIME, log lines.
    pub wall_us: i64,
    /// Microseconds on the clients' monotonic clock: cron, idle times, WAIT.
    pub mono_us: u64,
    /// Microseconds of link time: replication's cron and its time-outs. It stands still while the
    /// learner holds the links, and runs slower in slow motion.
    pub link_us: u64,
}

impl Now {
    /// Wall time in milliseconds since the Unix epoch, the unit of every expiry.
    pub fn wall_ms(&self) -> i64 {
        self.wall_us.div_euclid(1000)
    }

    /// Wall time in whole seconds since the Unix epoch.
    pub fn wall_s(&self) -> i64 {
        self.wall_us.div_euclid(1_000_000)
    }

    /// The clients' monotonic time in milliseconds.
    pub fn mono_ms(&self) -> u64 {
        self.mono_us / 1000
    }

    /// Link time in milliseconds.
    pub fn link_ms(&self) -> u64 {
        self.link_us / 1000
    }

    /// The same moment, `us` microseconds later on all three clocks.
    pub fn plus_us(self, us: u64) -> Now {
        Now {
            wall_us: self.wall_us.saturating_add(i64::try_from(us).unwrap_or(i64::MAX)),
            mono_us: self.mono_us.saturating_add(us),
            link_us: self.link_us.saturating_add(us),
        }
    }
}
