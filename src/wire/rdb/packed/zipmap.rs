//! Zipmap, the oldest form of a small hash: `u8 entries (254: count them) · entries · FF`. An entry is
//! a key (length, content) and a value (length, one byte that counts unused bytes behind it,
//! content, those bytes).

use super::{Damaged, Head, bytes_at};

/// This count means that the entries must be counted.
pub const UNKNOWN: u8 = 254;

/// The length that a key or a value begins with.
pub fn head(bytes: &[u8]) -> Head {
    match bytes.first() {
        None => Head::Need(1),
        Some(0xff) => Head::End,
        // Written in the order of the machine; that is little-endian wherever Redis runs.
        Some(0xfe) => match bytes_at(bytes, 1) {
            Some(len) => Head::Str { len: u64::from(u32::from_le_bytes(len)), head: 5 },
            None => Head::Need(5),
        },
        Some(len) => Head::Str { len: u64::from(*len), head: 1 },
    }
}

/// Shows every field of a whole zipmap with its value.
pub fn read<'a>(blob: &'a [u8], mut each: impl FnMut(&'a [u8], &'a [u8])) -> Result<(), Damaged> {
    let (&said, rest) = blob.split_first().ok_or(Damaged)?;
    let (&end, mut rest) = rest.split_last().ok_or(Damaged)?;
    if end != 0xff {
        return Err(Damaged);
    }
    let mut count = 0u64;
    while !rest.is_empty() {
        let (field, behind) = text(rest, 0)?;
        let (value, behind) = text(behind, 1)?;
        each(field, value);
        (rest, count) = (behind, count + 1);
    }
    if said < UNKNOWN && u64::from(said) != count {
        return Err(Damaged);
    }
    Ok(())
}

/// A text and what stands behind it. Between its length and its content stand `gap` bytes; the one
/// that counts unused bytes, if there is a gap.
fn text(bytes: &[u8], gap: usize) -> Result<(&[u8], &[u8]), Damaged> {
    let Head::Str { len, head } = head(bytes) else { return Err(Damaged) };
    let from = head + gap;
    let free = if gap > 0 { usize::from(*bytes.get(head).ok_or(Damaged)?) } else { 0 };
    let to = usize::try_from(len).ok().and_then(|len| from.checked_add(len)).ok_or(Damaged)?;
    let text = bytes.get(from..to).ok_or(Damaged)?;
    Ok((text, bytes.get(to.saturating_add(free)..).ok_or(Damaged)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_zipmap_is_read_or_refused() {
        let good = b"\x02\x01a\x02\x00xy\x02bc\x01\x03zfff\xff";
        let mut seen = Vec::new();
        assert_eq!(read(good, |f, v| seen.push((f, v))), Ok(()));
        assert_eq!(seen, [(&b"a"[..], &b"xy"[..]), (b"bc", b"z")]);
        for at in 0..good.len() {
            assert_eq!(read(&good[..at], |_, _| {}), Err(Damaged), "cut at {at}");
        }
        assert_eq!(read(b"\x01\xff", |_, _| {}), Err(Damaged), "one field is said to be there");
        assert_eq!(read(b"\x00\xff", |_, _| {}), Ok(()));
    }
}
