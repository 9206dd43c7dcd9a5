//! What the first byte of a length, or of a string, says.

/// The forms that a length can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LengthForm {
    /// It is the byte itself.
    Here(u64),
    /// These high bits, and eight more in the next byte.
    OneMore(u64),
    /// Four bytes follow, big-endian.
    Four,
    /// Eight bytes follow, big-endian.
    Eight,
    /// No length: a string in a special encoding.
    Encoded(u8),
    Bad,
}

/// How the length goes on behind its first byte.
pub(super) fn length_form(first: u8) -> LengthForm {
    match first {
        0x00..=0x3f => LengthForm::Here(u64::from(first)),
        0x40..=0x7f => LengthForm::OneMore(u64::from(first & 0x3f) << 8),
        0x80 => LengthForm::Four,
        0x81 => LengthForm::Eight,
        0x82..=0xbf => LengthForm::Bad,
        0xc0..=0xff => LengthForm::Encoded(first & 0x3f),
    }
}
