//! The keys that are likeliest to go: the worst of the samples so far, kept from one eviction to the
//! next, so that a few samples at a time come close to the order over all keys.

/// How many candidates are kept.
const KEPT: usize = 16;

/// A key that was sampled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The higher, the sooner it goes.
    pub score: u64,
    pub db: usize,
    pub key: Vec<u8>,
}

/// Candidates, the best one last.
#[derive(Debug, Default)]
pub struct Pool {
    candidates: Vec<Candidate>,
}

impl Pool {
    /// Adds a sample, if it is better than one that is kept or there is room.
    pub fn offer(&mut self, db: usize, key: &[u8], score: u64) {
        if self.candidates.iter().any(|c| c.db == db && c.key == key) {
            return;
        }
        let at = self.candidates.partition_point(|c| c.score < score);
        if self.candidates.len() == KEPT {
            if at == 0 {
                return;
            }
            self.candidates.remove(0);
            self.candidates.insert(at - 1, Candidate { score, db, key: key.to_vec() });
        } else {
            self.candidates.insert(at, Candidate { score, db, key: key.to_vec() });
        }
    }

    /// Takes the best candidate out. It may have gone or been used since it was sampled.
    pub fn take(&mut self) -> Option<Candidate> {
        self.candidates.pop()
    }

    /// Forgets all: what the scores mean has changed.
    pub fn clear(&mut self) {
        self.candidates.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_kept_and_taken_first() {
        let mut pool = Pool::default();
        for n in 0..100u64 {
            let score = n * 37 % 101;
            pool.offer(0, score.to_string().as_bytes(), score);
            pool.offer(0, score.to_string().as_bytes(), score);
        }
        pool.offer(0, b"low", 1);
        let taken: Vec<u64> = std::iter::from_fn(|| pool.take()).map(|c| c.score).collect();
        assert_eq!(taken.len(), KEPT);
        assert!(taken.windows(2).all(|w| w[0] > w[1]));
        assert_eq!(taken[0], 100);
        pool.offer(1, b"k", 5);
        pool.clear();
        assert_eq!(pool.take(), None);
    }
}
