//! The engine's only source of chance: a seeded generator (xoshiro256++).

/// A deterministic stream of numbers. The same seed gives the same stream, on every machine.
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    pub fn new(seed: [u8; 32]) -> Rng {
        let mut state = [0u64; 4];
        for (word, bytes) in state.iter_mut().zip(seed.chunks_exact(8)) {
            let mut eight = [0u8; 8];
            eight.copy_from_slice(bytes);
            *word = u64::from_le_bytes(eight);
        }
        // The generator stands still at all zeros; splitmix fills it from any seed.
        let mut mix = state[0] ^ state[1].rotate_left(17) ^ state[2].rotate_left(31) ^ state[3];
        for word in &mut state {
            mix = mix.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = mix;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *word ^= z ^ (z >> 31);
        }
        if state == [0; 4] {
            state[0] = 1;
        }
        Rng { state }
    }

    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// A number below `bound`, without bias; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        let zone = u64::MAX - u64::MAX % bound;
        loop {
            let n = self.next_u64();
            if n < zone {
                return n % bound;
            }
        }
    }

    /// So many lower-case hexadecimal characters: replication ids, EOF marks.
    pub fn hex<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0u8; N];
        for chunk in out.chunks_mut(16) {
            let mut bits = self.next_u64();
            for c in chunk {
                *c = b"0123456789abcdef"[(bits & 15) as usize];
                bits >>= 4;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn same_seed_same_stream_and_zero_seed_moves() {
        let (mut a, mut b) = (Rng::new([0; 32]), Rng::new([0; 32]));
        let first: Vec<u64> = (0..8).map(|_| a.next_u64()).collect();
        assert_eq!(first, (0..8).map(|_| b.next_u64()).collect::<Vec<_>>());
        assert!(first.windows(2).all(|w| w[0] != w[1]));
        assert_ne!(Rng::new([1; 32]).hex::<40>(), a.hex::<40>());
        assert!((0..1000).all(|_| a.below(7) < 7));
    }
}
