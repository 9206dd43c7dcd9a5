//! A string as an array of bits: counted, searched, combined, and read as small integers.
//!
//! In: bytes and positions that the caller has checked. Out: counts, positions, numbers. Bit 0 is
//! the highest bit of the first byte, as in Redis.

mod combine;
mod field;
mod range;

pub use combine::{BitOp, combine};
pub use field::{Overflow, Width, get_field, set_field};
pub use range::{count_bits, first_bit};
