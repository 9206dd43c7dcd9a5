//! The keyed hash that decides where a key lies.

/// Width of a hash, and with it of a SCAN cursor: what a segment keeps beside every entry. Names
/// with the same hash are rare (a hundred pairs among a million), and are told apart by themselves.
pub const HASH_BITS: u32 = 32;

/// One past the largest hash.
pub const HASH_END: u64 = 1 << HASH_BITS;

/// The secret of one instance's hash function. Handed in, so that the same seed lays the keys out
/// the same way and every trace repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashSeed(pub [u64; 2]);

impl HashSeed {
    /// Both words of the secret from one random number.
    pub fn new(seed: u64) -> HashSeed {
        HashSeed([fold(seed ^ 0x2d35_8dcc_aa6c_78a5, 0x8bb8_4b93_962e_acc9), seed])
    }

    /// The hash of a key, below [`HASH_END`]. Every bit of the input reaches the top bits, which
    /// choose the segment.
    pub fn hash(&self, key: &[u8]) -> u64 {
        let [a, b] = self.0;
        let mut acc = a ^ (key.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut chunks = key.chunks_exact(16);
        for c in &mut chunks {
            acc = fold(word(&c[..8]) ^ acc, word(&c[8..]) ^ b);
        }
        let rest = chunks.remainder();
        let mut last = [0u8; 16];
        last[..rest.len()].copy_from_slice(rest);
        acc = fold(
            word(&last[..8]) ^ acc ^ 0xd6e8_feb8_6659_fd93,
            word(&last[8..]) ^ b ^ 0xa076_1d64_78bd_642f,
        );
        fold(acc ^ 0xe703_7ed1_a0b4_28db, b | 1) >> (64 - HASH_BITS)
    }
}

fn word(bytes: &[u8]) -> u64 {
    let mut w = [0u8; 8];
    w.copy_from_slice(bytes);
    u64::from_le_bytes(w)
}

/// The two halves of the full product, mixed: cheap, and no bit stays where it was.
fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    (wide as u64) ^ ((wide >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::{HASH_END, HashSeed};

    #[test]
    fn hash_spreads_counted_keys_over_the_top_bits() {
        let seed = HashSeed([0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210]);
        let mut buckets = [0u32; 256];
        for i in 0..25_600 {
            let h = seed.hash(format!("key:{i:012}").as_bytes());
            assert!(h < HASH_END);
            buckets[(h >> 24) as usize] += 1;
        }
        // 100 expected in each; six standard deviations is 60.
        assert!(buckets.iter().all(|&n| (40..=160).contains(&n)), "{buckets:?}");
    }

    #[test]
    fn hash_depends_on_the_seed_and_the_length() {
        let (x, y) = (HashSeed([1, 2]), HashSeed([1, 3]));
        assert_ne!(x.hash(b"name"), y.hash(b"name"));
        assert_ne!(x.hash(b"a"), x.hash(b"a\0"));
        assert_ne!(x.hash(b""), x.hash(b"\0"));
    }
}
