//! LZF, the compression of long strings in RDB files. An own implementation of the format:
//!
//! - control byte below 32: that many literals plus one follow;
//! - else a copy: length `(c >> 5) + 2`, one more byte added when those bits are 7; distance
//!   `((c & 31) << 8 | next byte) + 1`, counted back from the end of the output. It may overlap itself.

/// The farthest a copy reaches back.
const MAX_DISTANCE: usize = 1 << 13;
/// The longest copy, and the longest run of literals.
const MAX_COPY: usize = 264;
const MAX_LITERALS: usize = 32;
const HASH_BITS: u32 = 14;

/// The input is no LZF, or not of the announced length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid LZF compressed string")]
pub struct Corrupt;

/// Compresses many strings with one table (64 KiB), which is not cleared in between.
#[derive(Debug)]
pub struct Compressor {
    /// Hash of three bytes → `base` + where they were last seen. What is below `base` was left by
    /// earlier strings and does not count, so the output depends on the input alone.
    table: Vec<u32>,
    base: u32,
}

impl Default for Compressor {
    fn default() -> Compressor {
        Compressor { table: vec![0; 1 << HASH_BITS], base: 1 }
    }
}

impl Compressor {
    /// The compressed form, if it takes at most `max_out` bytes. (Strings of 4 GiB: never.)
    pub fn compress(&mut self, input: &[u8], max_out: usize) -> Option<Vec<u8>> {
        let len = u32::try_from(input.len()).ok().filter(|len| *len < u32::MAX)?;
        let base = match self.base.checked_add(len) {
            Some(next) => std::mem::replace(&mut self.base, next),
            None => {
                self.table.fill(0);
                self.base = len + 1;
                1
            }
        };
        let mut out = Vec::with_capacity(max_out.min(input.len()));
        let (mut at, mut literals) = (0, 0);
        while at + 3 <= input.len() {
            let seen = self.swap(base, input, at);
            let Some(seen) = seen.filter(|seen| {
                at - seen <= MAX_DISTANCE && input[*seen..*seen + 3] == input[at..at + 3]
            }) else {
                at += 1;
                continue;
            };
            let limit = MAX_COPY.min(input.len() - at);
            let len = 3 + input[at + 3..at + limit]
                .iter()
                .zip(&input[seen + 3..])
                .take_while(|(a, b)| a == b)
                .count();
            push_literals(&mut out, &input[literals..at]);
            push_copy(&mut out, at - seen, len);
            if out.len() > max_out {
                return None;
            }
            // Two places inside the copy are worth knowing; noting all would cost more than it saves.
            for place in (at + len).saturating_sub(2)..at + len {
                if place + 3 <= input.len() {
                    self.swap(base, input, place);
                }
            }
            at += len;
            literals = at;
        }
        push_literals(&mut out, &input[literals..]);
        (out.len() <= max_out).then_some(out)
    }

    /// Notes the three bytes at `at`; returns where in this input they, or others with their hash,
    /// were before.
    fn swap(&mut self, base: u32, input: &[u8], at: usize) -> Option<usize> {
        let slot = &mut self.table[hash(&input[at..at + 3])];
        let seen = std::mem::replace(slot, base + at as u32);
        seen.checked_sub(base).map(|seen| seen as usize)
    }
}

/// Compresses one string: see [`Compressor::compress`].
pub fn compress(input: &[u8], max_out: usize) -> Option<Vec<u8>> {
    Compressor::default().compress(input, max_out)
}

/// Restores exactly `len` bytes. A length that the input cannot expand to is refused before any
/// memory is taken for it.
pub fn decompress(input: &[u8], len: usize) -> Result<Vec<u8>, Corrupt> {
    let mut out = Vec::new();
    decompress_into(input, len, &mut out)?;
    Ok(out)
}

/// The same into a vector whose content goes and whose memory is used again.
pub fn decompress_into(input: &[u8], len: usize, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    out.clear();
    // Three bytes of input make at most one longest copy.
    if len > (input.len() / 3 + 1).saturating_mul(MAX_COPY) {
        return Err(Corrupt);
    }
    out.reserve(len);
    let mut rest = input;
    while let [control, tail @ ..] = rest {
        rest = tail;
        match Op::of(*control) {
            Op::Literals(n) => {
                let (literals, tail) = rest.split_at_checked(n).ok_or(Corrupt)?;
                out.extend_from_slice(literals);
                rest = tail;
            }
            Op::Copy { len: mut copy, mut distance, longer } => {
                if longer {
                    let (more, tail) = rest.split_first().ok_or(Corrupt)?;
                    copy += usize::from(*more);
                    rest = tail;
                }
                let (low, tail) = rest.split_first().ok_or(Corrupt)?;
                rest = tail;
                distance += usize::from(*low);
                let from = out.len().checked_sub(distance).ok_or(Corrupt)?;
                // Overlapping, the bytes from `from` on repeat: what was copied can be copied again, in
                // portions that double.
                while copy > 0 {
                    let n = copy.min(out.len() - from);
                    out.extend_from_within(from..from + n);
                    copy -= n;
                }
            }
        }
        if out.len() > len {
            return Err(Corrupt);
        }
    }
    if out.len() == len { Ok(()) } else { Err(Corrupt) }
}

/// What a control byte begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// So many bytes follow that stand for themselves.
    Literals(usize),
    /// Bytes again: `longer`: a byte follows that is added to `len`. Then a byte that is added to
    /// `distance`.
    Copy { len: usize, distance: usize, longer: bool },
}

impl Op {
    pub fn of(control: u8) -> Op {
        let control = usize::from(control);
        if control < MAX_LITERALS {
            return Op::Literals(control + 1);
        }
        let len = (control >> 5) + 2;
        Op::Copy { len, distance: ((control & 31) << 8) + 1, longer: len == 9 }
    }
}

/// Decompresses bit by bit and remembers no more than a copy can reach back to.
#[derive(Debug, Default)]
pub struct Expander {
    window: Vec<u8>,
}

impl Expander {
    /// Bytes that stand for themselves.
    pub fn literals(&mut self, bytes: &[u8]) {
        self.forget();
        self.window.extend_from_slice(bytes);
    }

    /// Bytes again that came `distance` before.
    pub fn copy(&mut self, distance: usize, len: usize) -> Result<(), Corrupt> {
        self.forget();
        let from = self.window.len().checked_sub(distance).ok_or(Corrupt)?;
        for i in from..from + len {
            // Overlapping: bytes written a moment ago are read again.
            self.window.push(self.window[i]);
        }
        Ok(())
    }

    /// Of the newest `back` bytes the first `n`. No more than the last step brought.
    pub fn newest(&self, back: usize, n: usize) -> &[u8] {
        let from = self.window.len().saturating_sub(back);
        &self.window[from..(from + n).min(self.window.len())]
    }

    fn forget(&mut self) {
        if self.window.len() > 4 * MAX_DISTANCE {
            self.window.drain(..self.window.len() - MAX_DISTANCE);
        }
    }
}

fn hash(three: &[u8]) -> usize {
    let value = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
    (value.wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)) as usize
}

fn push_literals(out: &mut Vec<u8>, literals: &[u8]) {
    for run in literals.chunks(MAX_LITERALS) {
        out.push((run.len() - 1) as u8);
        out.extend_from_slice(run);
    }
}

fn push_copy(out: &mut Vec<u8>, distance: usize, len: usize) {
    let (distance, len) = (distance - 1, len - 2);
    let high = (distance >> 8) as u8;
    if len < 7 {
        out.push((len << 5) as u8 | high);
    } else {
        out.extend([7 << 5 | high, (len - 7) as u8]);
    }
    out.push(distance as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_redis_wrote() {
        // SET of 63 times `a`, as redis-server saved it.
        let bytes = [0x01, 0x61, 0x61, 0xe0, 0x32, 0x00, 0x01, 0x61, 0x61];
        assert_eq!(decompress(&bytes, 63).unwrap(), vec![b'a'; 63]);
    }

    #[test]
    fn repetition_shrinks_and_noise_does_not() {
        let text = b"hello redis ".repeat(100);
        let small = compress(&text, text.len() - 4).unwrap();
        assert!(small.len() < 60, "{} bytes", small.len());
        assert_eq!(decompress(&small, text.len()).unwrap(), text);
        assert_eq!(compress(b"abcdefghijklmnopqrstuvwxyz", 22), None);
        assert_eq!(compress(b"", 0).as_deref(), Some(&b""[..]));
    }

    #[test]
    fn lies_about_lengths_are_refused() {
        assert_eq!(decompress(&[0, b'a'], 2), Err(Corrupt));
        assert_eq!(decompress(&[0, b'a'], 0), Err(Corrupt));
        assert_eq!(decompress(&[5, b'a'], 6), Err(Corrupt));
        assert_eq!(decompress(&[0x20, 0], 3), Err(Corrupt), "copy from before the start");
        assert_eq!(decompress(&[0, b'a', 0xe0], 10), Err(Corrupt));
        assert_eq!(decompress(&[0, b'a'], usize::MAX), Err(Corrupt));
    }

    #[test]
    fn the_output_depends_on_the_input_alone() {
        let text = b"one two one two one two one two".repeat(3);
        let fresh = compress(&text, usize::MAX);
        let mut used = Compressor::default();
        used.compress(&b"two one zwei eins two one".repeat(50), usize::MAX);
        assert_eq!(used.compress(&text, usize::MAX), fresh);
        used.base = u32::MAX - 5;
        assert_eq!(used.compress(&text, usize::MAX), fresh, "when the places wrap around");
        assert_eq!(used.compress(&text, usize::MAX), fresh);
    }

    proptest! {
        #[test]
        fn round_trip(parts in proptest::collection::vec((proptest::collection::vec(0u8..4, 1..40), 1usize..30), 0..40)) {
            let input: Vec<u8> = parts.iter().flat_map(|(part, n)| part.repeat(*n)).collect();
            let packed = compress(&input, usize::MAX).unwrap();
            prop_assert_eq!(decompress(&packed, input.len()).unwrap(), input);
        }

        #[test]
        fn garbage_never_panics(input in proptest::collection::vec(any::<u8>(), 0..200), len in 0usize..5000) {
            if let Ok(out) = decompress(&input, len) {
                prop_assert_eq!(out.len(), len);
            }
        }
    }
}
