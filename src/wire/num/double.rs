//! Doubles: the text that a command takes for one, and the 17 digits of a reply.

use super::round::{parse_hex, round};

/// A double as commands take it: all of the text, no blank in front, no NaN; `inf` and `infinity` with
/// a sign in any case; hexadecimal too. A number beyond the range, or too small to be told from zero,
/// is refused.
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let (negative, body) = split_sign(text);
    if is_infinity(body) {
        return Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    let value = match parse_hex(body) {
        Some((mant, sticky, exp)) => {
            let (rounded, exp) = round(mant, sticky, exp, 53, -1074);
            if mant != 0 && rounded == 0 {
                return None;
            }
            scale(rounded, exp)
        }
        None => {
            // A digit first keeps out the words (nan, inf) that Rust would read.
            if !body.first().is_some_and(|b| b.is_ascii_digit() || *b == b'.') {
                return None;
            }
            let value: f64 = std::str::from_utf8(body).ok()?.parse().ok()?;
            if value == 0.0 && has_nonzero_digit(body) {
                return None;
            }
            value
        }
    };
    value.is_finite().then_some(if negative { -value } else { value })
}

/// `%.17g`: 17 significant digits, trailing zeros dropped, an exponent of at least two digits where the
/// number is below 1e-4 or has more than 17 digits before the point.
pub fn fmt_f64_17g(value: f64) -> String {
    if value.is_nan() {
        return if value.is_sign_negative() { "-nan".into() } else { "nan".into() };
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf".into() } else { "inf".into() };
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0".into() } else { "0".into() };
    }
    let scientific = format!("{value:.16e}");
    // The form is fixed: [-]d.dddddddddddddddde[-]x
    let (mantissa, exp) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exp: i32 = exp.parse().unwrap_or(0);
    let sign = if value < 0.0 { "-" } else { "" };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if !(-4..17).contains(&exp) {
        let digits = digits.trim_end_matches('0');
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exp_sign = if exp < 0 { '-' } else { '+' };
        return format!("{sign}{first}{point}{rest}e{exp_sign}{:02}", exp.abs());
    }
    let text = if exp < 0 {
        format!("{sign}0.{}{digits}", "0".repeat((-exp - 1) as usize))
    } else {
        let (whole, fraction) = digits.split_at(exp as usize + 1);
        format!("{sign}{whole}.{fraction}")
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Takes one sign off.
pub(super) fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// The two words for infinity, in any case.
pub(super) fn is_infinity(body: &[u8]) -> bool {
    body.eq_ignore_ascii_case(b"inf") || body.eq_ignore_ascii_case(b"infinity")
}

/// Whether the digits in front of an exponent say anything but zero.
fn has_nonzero_digit(body: &[u8]) -> bool {
    body.iter().take_while(|b| !matches!(b, b'e' | b'E')).any(|b| matches!(b, b'1'..=b'9'))
}

/// `mant × 2^exp` for at most 53 bits and an exponent from -1074 on: always exact, or infinite.
fn scale(mant: u64, exp: i64) -> f64 {
    if mant == 0 {
        return 0.0;
    }
    let top = 63 - i64::from(mant.leading_zeros());
    if top + exp > 1023 {
        return f64::INFINITY;
    }
    if top + exp < -1022 {
        // Subnormal: the bits are the multiple of 2^-1074.
        return f64::from_bits(mant << (exp + 1074));
    }
    let fraction = (mant << (52 - top)) & ((1 << 52) - 1);
    f64::from_bits(((top + exp + 1023) as u64) << 52 | fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seventeen_digits() {
        for (value, want) in [
            (3.15, "3.1499999999999999"),
            (1.5, "1.5"),
            (10.0, "10"),
            (0.1, "0.10000000000000001"),
            (0.0001, "0.0001"),
            (0.00001, "1.0000000000000001e-05"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (1e300, "1.0000000000000001e+300"),
            (5e-324, "4.9406564584124654e-324"),
            (-2.5, "-2.5"),
            // Exactly between two neighbours of 17 digits: the even one.
            (12345678901234.0 + 0.0625, "12345678901234.062"),
            (12345678901234.0 + 0.1875, "12345678901234.188"),
            (-0.0, "-0"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(fmt_f64_17g(value), want, "{value:?}");
        }
    }

    #[test]
    fn texts_that_are_doubles() {
        for (text, want) in [
            ("1", 1.0),
            ("+1.5", 1.5),
            ("-.5", -0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("1E-3", 0.001),
            ("0e5", 0.0),
            ("INF", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("0x10", 16.0),
            ("0x1.8p3", 12.0),
            ("-0X.8", -0.5),
            ("0x1p-1074", 5e-324),
            ("0x1.fffffffffffff8p0", 2.0),
            ("0x1.fffffffffffff7p0", 1.9999999999999998),
            ("4e-320", 4e-320),
            ("0x0p99999", 0.0),
        ] {
            assert_eq!(parse_f64(text.as_bytes()), Some(want), "{text:?}");
        }
    }

    #[test]
    fn texts_that_are_not() {
        for text in [
            "",
            " 1",
            "1 ",
            "nan",
            "-nan",
            "1e",
            "e5",
            ".",
            "1.2.3",
            "0x",
            "0x.",
            "0xg",
            "0x1p",
            "1e400",
            "-1e400",
            "1e-400",
            "0x1p-1080",
            "0x1p1024",
            "1\0",
            "infx",
            "++1",
            "--1",
            "1_0",
            "+-1",
        ] {
            assert_eq!(parse_f64(text.as_bytes()), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn seventeen_digits_tell_every_double_apart(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = fmt_f64_17g(value);
            prop_assert_eq!(parse_f64(text.as_bytes()).map(f64::to_bits), Some(bits), "{}", text);
        }

        #[test]
        fn garbage_never_panics(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse_f64(&text);
        }

        #[test]
        fn hexadecimal_is_exact(mant in 0u64..1 << 53, exp in -500i32..500) {
            let text = format!("0x{mant:x}p{exp}");
            prop_assert_eq!(parse_f64(text.as_bytes()), Some(mant as f64 * 2f64.powi(exp)));
        }
    }
}
