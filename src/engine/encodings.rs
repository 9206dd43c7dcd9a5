//! The limits that choose between the encodings of a value, as the configuration has them now.

use super::Engine;
use super::types::stream::NodeLimits;
use super::types::{HashLimits, SetLimits, ZSetLimits};

/// A setting that is a count, which the directive's bounds keep from being negative.
pub(crate) fn count(setting: i64) -> usize {
    usize::try_from(setting).unwrap_or(0)
}

impl Engine {
    /// What a hash is kept by.
    pub(crate) fn hash_limits(&self) -> HashLimits {
        HashLimits {
            entries: count(self.config.hash_max_listpack_entries),
            value_bytes: count(self.config.hash_max_listpack_value),
            seed: self.keyspace.seed(),
        }
    }

    /// What a set is kept by.
    pub(crate) fn set_limits(&self) -> SetLimits {
        SetLimits {
            intset_entries: count(self.config.set_max_intset_entries),
            seed: self.keyspace.seed(),
        }
    }

    /// What opens a new node of a stream.
    pub(crate) fn stream_limits(&self) -> NodeLimits {
        NodeLimits {
            max_bytes: count(self.config.stream_node_max_bytes),
            max_entries: self.config.stream_node_max_entries,
        }
    }

    /// What a zset is kept by.
    pub(crate) fn zset_limits(&self) -> ZSetLimits {
        ZSetLimits {
            entries: count(self.config.zset_max_listpack_entries),
            value: count(self.config.zset_max_listpack_value),
            seed: self.keyspace.seed(),
        }
    }
}
