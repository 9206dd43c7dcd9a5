//! Rounding a binary number to a width: to nearest, ties to even, gradual underflow. And the
//! hexadecimal notation of C (`0x1.8p3`), which both widths read.

/// `mant × 2^exp`, rounded to at most `bits` bits with no exponent below `min_exp`.
/// `sticky` tells that the true value is a little larger than `mant`: bits were cut off below it.
/// Returns 0 as `(0, min_exp)`.
pub(super) fn round(mant: u128, sticky: bool, exp: i64, bits: u32, min_exp: i64) -> (u64, i64) {
    debug_assert!(bits <= 64);
    let width = 128 - mant.leading_zeros();
    let drop = i64::from(width.saturating_sub(bits)).max(min_exp - exp);
    if drop <= 0 {
        // Fits as it is. (Callers with a sticky bit keep more than `bits` bits above it.)
        return (mant as u64, exp);
    }
    if drop > 127 {
        return (0, min_exp);
    }
    let kept = mant >> drop;
    let cut = mant & ((1u128 << drop) - 1);
    let half = 1u128 << (drop - 1);
    let up = cut > half || (cut == half && (sticky || kept & 1 == 1));
    let (mut kept, mut exp) = (kept + u128::from(up), exp + drop);
    if kept >> bits != 0 {
        // 0.111…1 became 1.000…0.
        kept >>= 1;
        exp += 1;
    }
    if kept == 0 { (0, min_exp) } else { (kept as u64, exp) }
}

/// A C hexadecimal float without its sign: `(mant, sticky, exp)`, or None for anything else.
pub(super) fn parse_hex(text: &[u8]) -> Option<(u128, bool, i64)> {
    let [b'0', b'x' | b'X', rest @ ..] = text else { return None };
    let (mut mant, mut sticky, mut exp) = (0u128, false, 0i64);
    let (mut digits, mut point, mut at) = (0usize, false, 0usize);
    while let Some(&byte) = rest.get(at) {
        match (byte as char).to_digit(16) {
            Some(digit) => {
                digits += 1;
                if mant >> 120 == 0 {
                    mant = mant << 4 | u128::from(digit);
                    exp -= if point { 4 } else { 0 };
                } else {
                    sticky |= digit != 0;
                    exp += if point { 0 } else { 4 };
                }
            }
            None if byte == b'.' && !point => point = true,
            None => break,
        }
        at += 1;
    }
    if digits == 0 {
        return None;
    }
    match rest.get(at) {
        None => {}
        Some(b'p' | b'P') => exp += exponent(&rest[at + 1..])?,
        Some(_) => return None,
    }
    Some((mant, sticky, exp))
}

/// A decimal exponent with optional sign. Held within ±1,000,000,000: beyond any range anyway.
pub(super) fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0i64, |value, &digit| (value * 10 + i64::from(digit - b'0')).min(1_000_000_000));
    Some(if negative { -value } else { value })
}
