//! Just enough of a big natural number to turn decimals into binary and back exactly.

use std::cmp::Ordering;

/// A natural number in 32-bit words, the lowest first, none of them a leading zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Big(Vec<u32>);

impl Big {
    pub(super) fn from_u64(n: u64) -> Big {
        let mut big = Big(vec![n as u32, (n >> 32) as u32]);
        big.trim();
        big
    }

    /// Reads ASCII digits; the caller has checked that they are.
    pub(super) fn from_digits(digits: impl Iterator<Item = u8>) -> Big {
        let mut big = Big::default();
        let (mut chunk, mut scale) = (0u32, 1u32);
        for digit in digits {
            chunk = chunk * 10 + u32::from(digit - b'0');
            scale *= 10;
            if scale == 1_000_000_000 {
                big.mul_add(scale, chunk);
                (chunk, scale) = (0, 1);
            }
        }
        big.mul_add(scale, chunk);
        big
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of bits; 0 for zero.
    pub(super) fn bits(&self) -> i64 {
        match self.0.last() {
            None => 0,
            Some(top) => self.0.len() as i64 * 32 - i64::from(top.leading_zeros()),
        }
    }

    /// `self × factor + add`
    pub(super) fn mul_add(&mut self, factor: u32, add: u32) {
        let mut carry = u64::from(add);
        for word in &mut self.0 {
            let value = u64::from(*word) * u64::from(factor) + carry;
            *word = value as u32;
            carry = value >> 32;
        }
        if carry != 0 {
            self.0.push(carry as u32);
        }
        self.trim();
    }

    /// `self × 10^n`
    pub(super) fn mul_pow10(&mut self, mut n: u64) {
        while n >= 9 {
            self.mul_add(1_000_000_000, 0);
            n -= 9;
        }
        self.mul_add(10u32.pow(n as u32), 0);
    }

    pub(super) fn shl(&mut self, n: u64) {
        if self.is_zero() {
            return;
        }
        let (words, bits) = ((n / 32) as usize, (n % 32) as u32);
        if bits > 0 {
            let mut carry = 0;
            for word in &mut self.0 {
                let next = *word >> (32 - bits);
                *word = *word << bits | carry;
                carry = next;
            }
            if carry != 0 {
                self.0.push(carry);
            }
        }
        self.0.splice(0..0, std::iter::repeat_n(0, words));
    }

    fn shr1(&mut self) {
        let mut carry = 0;
        for word in self.0.iter_mut().rev() {
            let next = *word << 31;
            *word = *word >> 1 | carry;
            carry = next;
        }
        self.trim();
    }

    /// `self - other`, which must not be larger.
    fn sub(&mut self, other: &Big) {
        let mut borrow = false;
        for (i, word) in self.0.iter_mut().enumerate() {
            let (value, under) = word.overflowing_sub(other.0.get(i).copied().unwrap_or(0));
            let (value, under_too) = value.overflowing_sub(u32::from(borrow));
            *word = value;
            borrow = under || under_too;
        }
        self.trim();
    }

    /// `(self / by, whether a remainder is left)` for a quotient known to be below 2^`bits`.
    pub(super) fn div(mut self, by: Big, bits: u32) -> (u128, bool) {
        let mut by = by;
        by.shl(u64::from(bits) - 1);
        let mut quotient = 0u128;
        for _ in 0..bits {
            quotient <<= 1;
            if self >= by {
                self.sub(&by);
                quotient |= 1;
            }
            by.shr1();
        }
        (quotient, !self.is_zero())
    }

    /// In decimal.
    pub(super) fn into_decimal(mut self) -> String {
        let mut chunks = Vec::new();
        while !self.is_zero() {
            let mut rest = 0u64;
            for word in self.0.iter_mut().rev() {
                let value = rest << 32 | u64::from(*word);
                *word = (value / 1_000_000_000) as u32;
                rest = value % 1_000_000_000;
            }
            self.trim();
            chunks.push(rest);
        }
        let Some(first) = chunks.pop() else { return "0".into() };
        let mut text = first.to_string();
        for chunk in chunks.iter().rev() {
            text.push_str(&format!("{chunk:09}"));
        }
        text
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

impl PartialOrd for Big {
    fn partial_cmp(&self, other: &Big) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Big {
    fn cmp(&self, other: &Big) -> Ordering {
        let by_len = self.0.len().cmp(&other.0.len());
        by_len.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decimal_round_trip(text in "[1-9][0-9]{0,60}") {
            prop_assert_eq!(Big::from_digits(text.bytes()).into_decimal(), text);
        }

        #[test]
        fn division_agrees_with_u128(a in 1u64.., b in 1u64.., shift in 0u64..60) {
            let mut big = Big::from_u64(a);
            big.shl(shift);
            let wide = u128::from(a) << shift;
            let (quotient, rest) = big.div(Big::from_u64(b), 127);
            prop_assert_eq!(quotient, wide / u128::from(b));
            prop_assert_eq!(rest, wide % u128::from(b) != 0);
        }
    }
}
