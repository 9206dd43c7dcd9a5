//! Link time: how far it is, while the world's own time goes on.

/// Runs at 1/`slow` of the world's time, or stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkClock {
    /// What it showed at the world's `since`.
    us: u64,
    since: u64,
    slow: u32,
    stands: bool,
}

impl Default for LinkClock {
    fn default() -> LinkClock {
        LinkClock { us: 0, since: 0, slow: 1, stands: false }
    }
}

impl LinkClock {
    /// What it shows at this moment of the world.
    pub(super) fn at(&self, now_us: u64) -> u64 {
        match self.stands {
            true => self.us,
            false => self.us + now_us.saturating_sub(self.since) / u64::from(self.slow),
        }
    }

    /// When it will show this; `None` while it stands.
    pub(super) fn when(&self, link_us: u64) -> Option<u64> {
        let left = link_us.saturating_sub(self.us).saturating_mul(u64::from(self.slow));
        (!self.stands).then(|| self.since.saturating_add(left))
    }

    /// From this moment on it stands, or runs.
    pub(super) fn stand(&mut self, now_us: u64, stands: bool) {
        (self.us, self.since) = (self.at(now_us), now_us);
        self.stands = stands;
    }

    /// From this moment on it runs so much slower than the world.
    pub(super) fn slow(&mut self, now_us: u64, factor: u32) {
        (self.us, self.since) = (self.at(now_us), now_us);
        self.slow = factor.max(1);
    }

    pub(super) fn stands(&self) -> bool {
        self.stands
    }
}

#[cfg(test)]
mod tests {
    use super::LinkClock;

    #[test]
    fn link_time_stands_and_crawls() {
        let mut clock = LinkClock::default();
        assert_eq!((clock.at(500), clock.when(700)), (500, Some(700)));
        clock.stand(500, true);
        assert_eq!((clock.at(9000), clock.when(700)), (500, None));
        clock.stand(9000, false);
        clock.slow(9100, 10);
        assert_eq!((clock.at(9200), clock.when(620)), (610, Some(9300)));
    }
}
