//! Worlds of earlier moments, evenly spread over the session, never more than a few.

use super::position;
use crate::tui::reduce::World;

/// Events between two checkpoints, to begin with.
const EVERY: u64 = 2048;
/// When there are so many, every second one goes and the next come half as often.
const MOST: usize = 16;

/// The checkpoints of a session, oldest first.
pub struct Checkpoints {
    every: u64,
    worlds: Vec<World>,
}

impl Default for Checkpoints {
    fn default() -> Checkpoints {
        Checkpoints { every: EVERY, worlds: Vec::new() }
    }
}

impl Checkpoints {
    /// Keeps the world, if it is time for another checkpoint.
    pub fn offer(&mut self, world: &World) {
        let last = self.worlds.last().map_or(0, position);
        if position(world) < last + self.every {
            return;
        }
        if self.worlds.len() == MOST {
            let mut odd = false;
            self.worlds.retain(|_| {
                odd = !odd;
                !odd
            });
            self.every *= 2;
        }
        self.worlds.push(world.clone());
    }

    pub fn worlds(&self) -> impl Iterator<Item = &World> {
        self.worlds.iter()
    }
}
