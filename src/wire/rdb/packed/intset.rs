//! Intset: `u32 bytes an integer · u32 integers · integers`, all little-endian and in ascending order.

/// Bytes in front of the integers.
pub const HEADER: usize = 8;

/// The integer that `bytes` are: two, four or eight of them.
pub fn integer(bytes: &[u8]) -> Option<i64> {
    Some(match bytes.len() {
        2 => i64::from(i16::from_le_bytes(bytes.try_into().ok()?)),
        4 => i64::from(i32::from_le_bytes(bytes.try_into().ok()?)),
        8 => i64::from_le_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}
