//! The databases of one instance.

/// All databases.
#[derive(Debug, Default)]
pub struct Keyspace {}

impl Keyspace {
    pub fn new(_databases: usize, _hash_seed: u64) -> Keyspace {
        Keyspace {}
    }
}
