//! Where an element counts: MurmurHash2 in its form of 64 bits, as Redis has chosen it.

use super::{HASH_BITS, INDEX_BITS, REGISTERS};

const SEED: u64 = 0xadc8_3b19;

/// The register of an element, and how far its hash reaches: the zeros behind the register's
/// bits, and one.
pub fn place(element: &[u8]) -> (usize, u8) {
    let hash = murmur(element, SEED);
    let index = hash as usize & (REGISTERS - 1);
    // The bit on top ends the longest row of zeros.
    let rest = (hash >> INDEX_BITS) | (1 << HASH_BITS);
    (index, rest.trailing_zeros() as u8 + 1)
}

fn murmur(data: &[u8], seed: u64) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    const R: u32 = 47;
    // The length is an int in Redis.
    let mut h = seed ^ (data.len() as i32 as u64).wrapping_mul(M);
    let mut words = data.chunks_exact(8);
    for word in words.by_ref() {
        let mut k = word.iter().rev().fold(0, |k, b| (k << 8) | u64::from(*b));
        k = k.wrapping_mul(M);
        k ^= k >> R;
        k = k.wrapping_mul(M);
        h = (h ^ k).wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        h ^= rest.iter().rev().fold(0, |k, b| (k << 8) | u64::from(*b));
        h = h.wrapping_mul(M);
    }
    h ^= h >> R;
    h = h.wrapping_mul(M);
    h ^ (h >> R)
}
