//! The value of a key of type stream.

use super::Container;
use crate::engine::keyspace::Value;
use std::sync::Arc;

/// A stream.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    len: usize,
}

impl Stream {
    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "stream"
    }

    /// How many elements it holds.
    pub fn len(&self) -> usize {
        self.len
    }
}

impl Container for Stream {
    fn of(value: &Value) -> Option<&Stream> {
        match value {
            Value::Stream(v) => Some(v),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Stream> {
        match value {
            Value::Stream(v) => Some(Arc::make_mut(v)),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        Value::Stream(Arc::new(self))
    }

    fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Stream>() + 16
    }
}
