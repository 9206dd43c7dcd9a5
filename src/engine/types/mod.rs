//! What a key can hold beside a string: one folder for each type.
//!
//! In: elements, and the limits that choose an encoding. Out: the same elements, in the type's own
//! order, and what they cost in memory. Never here: keys, clients, replies, propagation, the clock.
//!
//! A value may be held by a snapshot at any time. Therefore a clone of one shares all that is
//! large (nodes behind `Arc`s), and a write copies the few nodes that it touches, never the whole:
//! no client waits for a copy of a million elements.

pub mod bitmap;
pub mod chunk_map;
pub mod hash;
pub mod hll;
pub mod list;
mod preview;
pub mod set;
pub mod stream;
pub mod zset;

pub use hash::{Hash, HashLimits};
pub use list::List;
pub use set::{Elem, Set, SetLimits};
pub use stream::Stream;
pub use zset::{ZSet, ZSetLimits};

use crate::engine::keyspace::Value;

/// What all these types can do, so that the rules between commands and keys are written once.
/// (A stream may be empty and stay; all others go with their last element.)
pub trait Container: Clone {
    /// The value as this type; `None` if it is of another.
    fn of(value: &Value) -> Option<&Self>;

    /// The same, to be changed: unshared first, which must be cheap (see the module's head).
    fn of_mut(value: &mut Value) -> Option<&mut Self>;

    /// As a key's value.
    fn into_value(self) -> Value;

    /// Whether it holds no element.
    fn is_empty(&self) -> bool;

    /// Bytes on the heap, with what an allocator adds. Kept as it changes: never a walk.
    fn heap_bytes(&self) -> usize;
}
