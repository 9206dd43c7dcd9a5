//! INCRBYFLOAT's number: the 80-bit long double of x86 (64 bits of mantissa), which is what makes
//! `0.1 + 0.2` print as `0.3`. Emulated with integers, so that every machine says the same.

use super::big::Big;
use super::double::{is_infinity, split_sign};
use super::round::{exponent, parse_hex, round};

/// Bits of the mantissa, and the exponent of its last bit in the smallest number and the largest.
const BITS: u32 = 64;
const MIN_EXP: i64 = -16_445;
const MAX_EXP: i64 = 16_383 - 63;
/// Texts of this length and more are not taken for a number.
const MAX_TEXT: usize = 5 * 1024;

/// A number of the long double kind; never NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongDouble {
    negative: bool,
    class: Class,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// `mant × 2^exp`. The mantissa's top bit is set unless the number is subnormal or zero.
    Finite {
        mant: u64,
        exp: i64,
    },
    Infinite,
}

impl LongDouble {
    pub const ZERO: LongDouble =
        LongDouble { negative: false, class: Class::Finite { mant: 0, exp: MIN_EXP } };

    /// False for the infinities, which INCRBYFLOAT refuses as a result.
    pub fn is_finite(&self) -> bool {
        self.class != Class::Infinite
    }

    /// `self + other`, rounded to nearest. None for `inf - inf`, which is no number.
    pub fn checked_add(self, other: LongDouble) -> Option<LongDouble> {
        let (Class::Finite { mant: a, exp: a_exp }, Class::Finite { mant: b, exp: b_exp }) =
            (self.class, other.class)
        else {
            let one = if self.is_finite() { other } else { self };
            let clash = !self.is_finite() && !other.is_finite() && self.negative != other.negative;
            return (!clash).then_some(one);
        };
        if b == 0 {
            let negative = self.negative && (a != 0 || other.negative);
            return Some(LongDouble { negative, ..self });
        }
        if a == 0 {
            return Some(other);
        }
        // The one with the larger last-place value leads, 62 guard bits below it.
        let ((large, negative, exp), (small, small_negative, small_exp)) = if a_exp >= b_exp {
            ((a, self.negative, a_exp), (b, other.negative, b_exp))
        } else {
            ((b, other.negative, b_exp), (a, self.negative, a_exp))
        };
        let shift = (exp - small_exp).min(127) as u32;
        let large = u128::from(large) << 62;
        let full = u128::from(small) << 62;
        // What is shifted out is kept as one set bit at the bottom, enough to break a tie rightly.
        let small = full >> shift | u128::from(full & ((1u128 << shift) - 1) != 0);
        let (sum, negative) = if negative == small_negative {
            (large + small, negative)
        } else if large >= small {
            (large - small, negative)
        } else {
            (small - large, small_negative)
        };
        if sum == 0 {
            return Some(LongDouble::ZERO);
        }
        Some(LongDouble::rounded(negative, sum, false, exp - 62))
    }

    fn rounded(negative: bool, mant: u128, sticky: bool, exp: i64) -> LongDouble {
        // All finite numbers are kept in one form: as many bits as there is room for.
        let room = (i64::from(mant.leading_zeros()) - 1).min(exp - MIN_EXP).max(0);
        let (mant, exp) = round(mant << room, sticky, exp - room, BITS, MIN_EXP);
        let class = if exp > MAX_EXP { Class::Infinite } else { Class::Finite { mant, exp } };
        LongDouble { negative, class }
    }
}

impl From<i64> for LongDouble {
    fn from(n: i64) -> LongDouble {
        if n == 0 {
            return LongDouble::ZERO;
        }
        LongDouble::rounded(n < 0, u128::from(n.unsigned_abs()), false, 0)
    }
}

/// A long double as INCRBYFLOAT takes it: all of the text, no blank in front, no NaN; decimal,
/// hexadecimal, or infinity. Beyond the range or too small to be told from zero: refused.
pub fn parse_long_double(text: &[u8]) -> Option<LongDouble> {
    if text.is_empty() || text.len() >= MAX_TEXT {
        return None;
    }
    let (negative, body) = split_sign(text);
    if is_infinity(body) {
        return Some(LongDouble { negative, class: Class::Infinite });
    }
    let number = match parse_hex(body) {
        Some((0, ..)) => LongDouble { negative, ..LongDouble::ZERO },
        Some((mant, sticky, exp)) => nonzero(LongDouble::rounded(negative, mant, sticky, exp))?,
        None => parse_decimal(negative, body)?,
    };
    number.is_finite().then_some(number)
}

fn nonzero(number: LongDouble) -> Option<LongDouble> {
    (!matches!(number.class, Class::Finite { mant: 0, .. })).then_some(number)
}

fn parse_decimal(negative: bool, body: &[u8]) -> Option<LongDouble> {
    let split = body.iter().position(|b| matches!(b, b'e' | b'E'));
    let (mantissa, exp) = match split {
        Some(at) => (&body[..at], exponent(&body[at + 1..])?),
        None => (body, 0),
    };
    let point = mantissa.iter().position(|b| *b == b'.').unwrap_or(mantissa.len());
    let fraction = mantissa.get(point + 1..).unwrap_or(&[]);
    let digits = || mantissa[..point].iter().chain(fraction).copied();
    if digits().count() == 0 || !digits().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut num = Big::from_digits(digits());
    if num.is_zero() {
        return Some(LongDouble { negative, ..LongDouble::ZERO });
    }
    let exp = exp - fraction.len() as i64;
    // Far outside the range the answer is known; the powers of ten stay small.
    if !(-12_000..=6_000).contains(&exp) {
        return None;
    }
    let mut den = Big::from_u64(1);
    if exp >= 0 {
        num.mul_pow10(exp as u64);
    } else {
        den.mul_pow10(exp.unsigned_abs());
    }
    // Scaled so that the quotient has 66 or 67 bits: all that rounding to 64 asks for.
    let scale = 66 - (num.bits() - den.bits());
    if scale >= 0 {
        num.shl(scale as u64);
    } else {
        den.shl(scale.unsigned_abs());
    }
    let (quotient, sticky) = num.div(den, 68);
    nonzero(LongDouble::rounded(negative, quotient, sticky, -scale))
}

/// `%.17Lf` without trailing zeros, and without a sign on zero: how INCRBYFLOAT stores its result.
pub fn fmt_human_long_double(number: &LongDouble) -> String {
    let sign = if number.negative { "-" } else { "" };
    let Class::Finite { mant, exp } = number.class else {
        return format!("{sign}inf");
    };
    if exp >= 0 {
        let mut big = Big::from_u64(mant);
        big.shl(exp as u64);
        let text = big.into_decimal();
        return if text == "0" { text } else { sign.to_owned() + &text };
    }
    // In units of 10^-17: at most 121 bits, so nothing is lost before the one rounding.
    let scaled = u128::from(mant) * 100_000_000_000_000_000;
    // Below 2^-127 not even half a unit is left.
    let units = if exp < -127 { 0 } else { divide_pow2(scaled, exp.unsigned_abs()) };
    if units == 0 {
        return "0".into();
    }
    let (whole, fraction) = (units / 100_000_000_000_000_000, units % 100_000_000_000_000_000);
    let text = format!("{sign}{whole}.{fraction:017}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `n / 2^shift` to nearest, ties to even.
fn divide_pow2(n: u128, shift: u64) -> u128 {
    let (kept, cut) = (n >> shift, n & ((1u128 << shift) - 1));
    let half = 1u128 << (shift - 1);
    let up = cut > half || (cut == half && kept & 1 == 1);
    kept + u128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(a: &str, b: &str) -> String {
        let a = parse_long_double(a.as_bytes()).unwrap();
        let b = parse_long_double(b.as_bytes()).unwrap();
        fmt_human_long_double(&a.checked_add(b).unwrap())
    }

    fn shown(text: &str) -> Option<String> {
        parse_long_double(text.as_bytes()).map(|n| fmt_human_long_double(&n))
    }

    #[test]
    fn sums_are_the_ones_people_expect() {
        for (a, b, want) in [
            ("10.5", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("0.1", "0.2", "0.3"),
            ("3.0", "0", "3"),
            ("10.50", "-5", "5.5"),
            ("1e20", "8", "100000000000000000008"),
            // Beyond 64 bits: the last place counts in eights.
            ("1e20", "1", "100000000000000000000"),
            ("1", "-1", "0"),
            ("-0.1", "0.1", "0"),
            ("-0", "-0", "0"),
            ("1", "1e-30", "1"),
            ("1e18", "0.5", "1000000000000000000.5"),
            ("-5", "2", "-3"),
            ("2", "-5", "-3"),
            ("0", "-7.25", "-7.25"),
        ] {
            assert_eq!(sum(a, b), want, "{a} + {b}");
            assert_eq!(sum(b, a), want, "{b} + {a}");
        }
    }

    #[test]
    fn texts_and_what_they_print_as() {
        for (text, want) in [
            ("3.0", Some("3")),
            ("5.0e3", Some("5000")),
            ("0x10", Some("16")),
            ("0x1.8p1", Some("3")),
            ("1e-17", Some("0.00000000000000001")),
            ("1e-18", Some("0")),
            ("-1e-18", Some("0")),
            ("inf", Some("inf")),
            ("-INFINITY", Some("-inf")),
            ("", None),
            (" 1", None),
            ("1 ", None),
            ("nan", None),
            ("1e5000", None),
            ("1e-5000", None),
            ("1e", None),
            (".", None),
            ("1e99999999999999999999", None),
        ] {
            assert_eq!(shown(text).as_deref(), want, "{text:?}");
        }
        assert_eq!(shown("1e4932").unwrap().len(), 4933);
        assert!(parse_long_double(b"4e-4951").is_some(), "subnormal");
    }

    #[test]
    fn infinities_add_or_clash() {
        let inf = parse_long_double(b"inf").unwrap();
        let minus = parse_long_double(b"-inf").unwrap();
        assert_eq!(inf.checked_add(LongDouble::from(1)), Some(inf));
        assert_eq!(LongDouble::from(1).checked_add(minus), Some(minus));
        assert_eq!(inf.checked_add(minus), None);
        let max = parse_long_double(b"1.18e4932").unwrap();
        assert!(!max.checked_add(max).unwrap().is_finite());
    }

    proptest! {
        #[test]
        fn integers_add_exactly(a in -(1i64 << 62)..1 << 62, b in -(1i64 << 62)..1 << 62) {
            let total = LongDouble::from(a).checked_add(LongDouble::from(b)).unwrap();
            prop_assert_eq!(fmt_human_long_double(&total), (a + b).to_string());
            let text = parse_long_double(a.to_string().as_bytes()).unwrap();
            prop_assert_eq!(text, LongDouble::from(a));
        }

        #[test]
        fn fifteen_decimals_survive(whole in 0u32..64, fraction in 0u64..1_000_000_000_000_000) {
            let text = format!("{whole}.{fraction:015}");
            let want = text.trim_end_matches('0').trim_end_matches('.').to_owned();
            prop_assert_eq!(shown(&text), Some(want));
        }

        #[test]
        fn garbage_never_panics(text in "[-+0-9.eExXpPaAbBfF]{0,30}", other in "-?[0-9]{1,30}\\.[0-9]{0,30}(e-?[0-9]{1,4})?") {
            let numbers = [&text, &other].map(|t| parse_long_double(t.as_bytes()));
            if let [Some(a), Some(b)] = numbers
                && let Some(total) = a.checked_add(b)
            {
                prop_assert!(!fmt_human_long_double(&total).is_empty());
            }
        }
    }
}
