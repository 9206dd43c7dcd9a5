//! Steps of replication that the host holds back until the learner lets them go.

use super::Engine;
use crate::observe::Now;

impl Engine {
    /// Asks the host again for every step that it refused: it changed its mind about some.
    pub fn poke(&mut self, now: Now) {
        self.now = now;
    }
}
