//! Integers of 1 to 64 bits at any bit position of a string.

/// A field's kind: `i1` to `i64`, `u1` to `u63`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// 1 to 64; up to 63 if not signed, because a reply's integer has a sign.
    pub bits: u32,
    pub signed: bool,
}

/// What happens to a number that does not fit its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// It begins again at the other end.
    Wrap,
    /// It stays at the last value that fits.
    Saturate,
    /// Nothing is written.
    Fail,
}

/// The number at bit `offset`. What lies behind the string's end counts as zeros.
pub fn get_field(bytes: &[u8], offset: u64, width: Width) -> i64 {
    // A field touches at most nine bytes.
    let mut window = [0u8; 16];
    let first = usize::try_from(offset / 8).unwrap_or(usize::MAX);
    let there = bytes.get(first..).unwrap_or_default();
    let n = there.len().min(9);
    window[..n].copy_from_slice(&there[..n]);
    let all = u128::from_be_bytes(window);
    let shift = 128 - (offset % 8) as u32 - width.bits;
    let value = (all >> shift) as u64 & width.mask();
    width.to_number(value)
}

/// Writes the low bits of `value` at bit `offset`; the string is long enough.
pub fn set_field(bytes: &mut [u8], offset: u64, width: Width, value: i64) {
    let value = value as u64;
    for i in 0..width.bits {
        let at = offset + u64::from(i);
        let bit = ((value >> (width.bits - 1 - i)) & 1) as u8;
        let shift = 7 - at % 8;
        if let Some(byte) = bytes.get_mut((at / 8) as usize) {
            *byte = (*byte & !(1 << shift)) | (bit << shift);
        }
    }
}

impl Width {
    fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits.clamp(1, 64))
    }

    /// The bits of a field as the number that they stand for.
    fn to_number(self, bits: u64) -> i64 {
        if self.signed && (bits >> (self.bits - 1)) & 1 == 1 {
            (bits | !self.mask()) as i64
        } else {
            bits as i64
        }
    }

    /// `old + by` as it fits; `None` if it does not and nothing is to be written.
    pub fn add(self, old: i64, by: i64, overflow: Overflow) -> Option<i64> {
        self.fit(i128::from(old) + i128::from(by), overflow)
    }

    /// `value` as it fits. Redis takes a negative number for an unsigned field as a giant one.
    /// A number so far below the field's range that the distance overflows counts as too great.
    pub fn set(self, value: i64, overflow: Overflow) -> Option<i64> {
        if !self.signed {
            return self.fit(i128::from(value as u64), overflow);
        }
        let max = (1i128 << (self.bits - 1)) - 1;
        let far = self.bits < 64 && max - i128::from(value) > i128::from(i64::MAX);
        match overflow {
            Overflow::Saturate if far => Some(max as i64),
            _ => self.fit(i128::from(value), overflow),
        }
    }

    fn fit(self, exact: i128, overflow: Overflow) -> Option<i64> {
        let (min, max) = match self.signed {
            true => (-(1i128 << (self.bits - 1)), (1i128 << (self.bits - 1)) - 1),
            false => (0, (1i128 << self.bits) - 1),
        };
        if (min..=max).contains(&exact) {
            return Some(exact as i64);
        }
        match overflow {
            Overflow::Wrap => Some(self.to_number(exact as u64 & self.mask())),
            Overflow::Saturate => Some(if exact > max { max } else { min } as i64),
            Overflow::Fail => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn i(bits: u32) -> Width {
        Width { bits, signed: true }
    }

    const fn u(bits: u32) -> Width {
        Width { bits, signed: false }
    }

    #[test]
    fn a_field_lies_where_redis_puts_it() {
        let mut bytes = [0u8; 2];
        set_field(&mut bytes, 7, u(5), 23);
        assert_eq!(bytes, [0b0000_0001, 0b0111_0000]);
        assert_eq!(get_field(&bytes, 7, u(5)), 23);
        assert_eq!(get_field(&bytes, 7, i(5)), -9);
    }

    #[test]
    fn what_was_written_is_read_at_every_offset_and_width() {
        for bits in 1..=64 {
            for offset in 0..24 {
                for value in [0i64, 1, -1, 0x5a5a_5a5a_5a5a_5a5a, i64::MIN, i64::MAX] {
                    let mut bytes = [0xaau8; 12];
                    let before = bytes;
                    set_field(&mut bytes, offset, i(bits), value);
                    let short = value << (64 - bits) >> (64 - bits);
                    assert_eq!(get_field(&bytes, offset, i(bits)), short);
                    let (head, rest) = (u(offset.clamp(1, 63) as u32), offset + u64::from(bits));
                    if offset > 0 {
                        assert_eq!(get_field(&bytes, 0, head), get_field(&before, 0, head));
                    }
                    assert_eq!(get_field(&bytes, rest, u(8)), get_field(&before, rest, u(8)));
                }
            }
        }
    }

    #[test]
    fn behind_the_end_there_are_zeros() {
        assert_eq!(get_field(b"\xff", 4, u(8)), 0xf0);
        assert_eq!(get_field(b"", u64::MAX - 63, i(64)), 0);
    }

    #[test]
    fn numbers_that_do_not_fit() {
        assert_eq!(u(8).add(255, 1, Overflow::Wrap), Some(0));
        assert_eq!(u(8).add(255, 1, Overflow::Saturate), Some(255));
        assert_eq!(u(8).add(255, 1, Overflow::Fail), None);
        assert_eq!(u(8).add(0, -1, Overflow::Saturate), Some(0));
        assert_eq!(u(8).set(-1, Overflow::Saturate), Some(255));
        assert_eq!(i(8).add(127, 1, Overflow::Wrap), Some(-128));
        assert_eq!(i(8).set(-200, Overflow::Saturate), Some(-128));
        assert_eq!(i(10).set(i64::MIN, Overflow::Saturate), Some(511));
        assert_eq!(i(10).set(i64::MIN + 512, Overflow::Saturate), Some(-512));
        assert_eq!(i(64).add(i64::MAX, 1, Overflow::Wrap), Some(i64::MIN));
        assert_eq!(i(64).add(i64::MIN, -1, Overflow::Saturate), Some(i64::MIN));
        assert_eq!(u(63).add(i64::MAX, i64::MAX, Overflow::Saturate), Some(i64::MAX));
        assert_eq!(i(1).set(1, Overflow::Wrap), Some(-1));
    }
}
