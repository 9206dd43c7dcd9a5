//! The bits of a range: how many are set, and where the first of a kind is.

use std::ops::RangeInclusive;

/// How many bits are set in the bit positions `range` (inclusive; within the string).
pub fn count_bits(bytes: &[u8], range: RangeInclusive<u64>) -> u64 {
    let mut count = 0;
    each_part(bytes, range, |part, keep| {
        match part {
            [edge] => count += u64::from((edge & keep).count_ones()),
            whole => {
                let mut words = whole.chunks_exact(8);
                for word in words.by_ref() {
                    count += u64::from(word_of(word).count_ones());
                }
                count += words.remainder().iter().map(|b| u64::from(b.count_ones())).sum::<u64>();
            }
        }
        true
    });
    count
}

/// The position of the first bit of this kind in the bit positions `range` (inclusive; within the
/// string); `None` if there is none.
pub fn first_bit(bytes: &[u8], range: RangeInclusive<u64>, set: bool) -> Option<u64> {
    let mut at = *range.start() & !7;
    let mut found = None;
    each_part(bytes, range, |part, keep| {
        let index = match part {
            [edge] => {
                let hits = if set { edge & keep } else { !edge & keep };
                (hits != 0).then(|| u64::from(hits.leading_zeros()))
            }
            whole => first_in_bytes(whole, set),
        };
        found = index.map(|index| at + index);
        at += part.len() as u64 * 8;
        found.is_none()
    });
    found
}

/// Cuts the range into its first byte, the whole bytes between, and its last byte; the edges come
/// alone with the mask of the bits that belong to the range. `show` says whether to go on.
fn each_part(bytes: &[u8], range: RangeInclusive<u64>, mut show: impl FnMut(&[u8], u8) -> bool) {
    let (start, end) = (*range.start(), *range.end());
    if start > end || end / 8 >= bytes.len() as u64 {
        return;
    }
    let (first, last) = ((start / 8) as usize, (end / 8) as usize);
    let head = 0xffu8 >> (start % 8);
    let tail = 0xffu8 << (7 - end % 8);
    if first == last {
        show(&bytes[first..=last], head & tail);
        return;
    }
    if !show(&bytes[first..=first], head) {
        return;
    }
    let between = &bytes[first + 1..last];
    if !between.is_empty() && !show(between, 0xff) {
        return;
    }
    show(&bytes[last..=last], tail);
}

fn first_in_bytes(bytes: &[u8], set: bool) -> Option<u64> {
    let flip = if set { 0 } else { u64::MAX };
    let mut words = bytes.chunks_exact(8);
    let mut at = 0;
    for word in words.by_ref() {
        let hits = word_of(word) ^ flip;
        if hits != 0 {
            return Some(at + u64::from(hits.leading_zeros()));
        }
        at += 64;
    }
    for byte in words.remainder() {
        let hits = byte ^ flip as u8;
        if hits != 0 {
            return Some(at + u64::from(hits.leading_zeros()));
        }
        at += 8;
    }
    None
}

fn word_of(eight: &[u8]) -> u64 {
    eight.iter().fold(0, |word, b| (word << 8) | u64::from(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, one bit after the other.
    fn bit(bytes: &[u8], at: u64) -> bool {
        (bytes[(at / 8) as usize] >> (7 - at % 8)) & 1 == 1
    }

    #[test]
    fn every_range_of_a_few_bytes_is_as_counted_by_hand() {
        let mut bytes = [0u8; 21];
        for (i, b) in bytes.iter_mut().enumerate() {
            *b = [0x00, 0xff, 0x5a, 0x01, 0x80][i * i % 5];
        }
        let bits = bytes.len() as u64 * 8;
        for start in 0..bits {
            for end in start..bits {
                let count = (start..=end).filter(|at| bit(&bytes, *at)).count() as u64;
                assert_eq!(count_bits(&bytes, start..=end), count, "{start}..={end}");
                for set in [false, true] {
                    let first = (start..=end).find(|at| bit(&bytes, *at) == set);
                    assert_eq!(first_bit(&bytes, start..=end, set), first, "{start}..={end} {set}");
                }
            }
        }
    }

    #[test]
    fn what_is_outside_counts_as_nothing() {
        assert_eq!(count_bits(b"", 0..=0), 0);
        assert_eq!(count_bits(b"\xff", 0..=8), 0);
        let (start, end) = (3, 2);
        assert_eq!(first_bit(b"\xff", start..=end, true), None);
    }
}
