//! The value of a key of type zset.

use super::Container;
use crate::engine::keyspace::Value;
use std::sync::Arc;

/// A zset.
#[derive(Clone, Debug, Default)]
pub struct ZSet {
    len: usize,
}

impl ZSet {
    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "skiplist"
    }

    /// How many elements it holds.
    pub fn len(&self) -> usize {
        self.len
    }
}

impl Container for ZSet {
    fn of(value: &Value) -> Option<&ZSet> {
        match value {
            Value::ZSet(v) => Some(v),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut ZSet> {
        match value {
            Value::ZSet(v) => Some(Arc::make_mut(v)),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        Value::ZSet(Arc::new(self))
    }

    fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn heap_bytes(&self) -> usize {
        size_of::<ZSet>() + 16
    }
}
