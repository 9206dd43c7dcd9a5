//! Entry IDs: milliseconds and a sequence number.

use std::fmt;

/// The ID of an entry, ordered by time. `0-0` is below every entry's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    pub ms: u64,
    pub seq: u64,
}

/// What a word says about an ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    pub id: StreamId,
    /// `false` for the form `ms-*`: the sequence number is to be chosen.
    pub seq: bool,
}

impl StreamId {
    pub const MIN: StreamId = StreamId { ms: 0, seq: 0 };
    pub const MAX: StreamId = StreamId { ms: u64::MAX, seq: u64::MAX };

    pub const fn new(ms: u64, seq: u64) -> StreamId {
        StreamId { ms, seq }
    }

    /// The ID behind this one; `None` behind the last one.
    pub fn next(self) -> Option<StreamId> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(StreamId { seq, ..self }),
            None => self.ms.checked_add(1).map(|ms| StreamId { ms, seq: 0 }),
        }
    }

    /// The ID in front of this one; `None` in front of the first one.
    pub fn prev(self) -> Option<StreamId> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(StreamId { seq, ..self }),
            None => self.ms.checked_sub(1).map(|ms| StreamId { ms, seq: u64::MAX }),
        }
    }

    /// As it stands in files: both numbers with the highest byte first.
    pub fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.ms) << 64 | u128::from(self.seq)).to_be_bytes()
    }

    /// The reverse.
    pub fn from_bytes(bytes: [u8; 16]) -> StreamId {
        let both = u128::from_be_bytes(bytes);
        StreamId { ms: (both >> 64) as u64, seq: both as u64 }
    }

    /// Appends `ms-seq`.
    pub fn push_text(self, to: &mut Vec<u8>) {
        let mut room = itoa::Buffer::new();
        to.extend_from_slice(room.format(self.ms).as_bytes());
        to.push(b'-');
        to.extend_from_slice(room.format(self.seq).as_bytes());
    }

    /// `ms-seq`.
    pub fn text(self) -> Vec<u8> {
        let mut text = Vec::with_capacity(24);
        self.push_text(&mut text);
        text
    }

    /// Reads `ms-seq` or `ms`, whose sequence number is `missing_seq`.
    pub fn parse(word: &[u8], missing_seq: u64) -> Option<StreamId> {
        StreamId::parse_given(word, missing_seq).filter(|given| given.seq).map(|given| given.id)
    }

    /// The same, and `ms-*` too.
    pub fn parse_given(word: &[u8], missing_seq: u64) -> Option<Given> {
        // Redis copies the word to a buffer of this size and reads it as a C string.
        if word.len() > 127 {
            return None;
        }
        let word = word.split(|b| *b == 0).next()?;
        let (ms, seq) = match word.iter().position(|b| *b == b'-') {
            Some(dash) => (&word[..dash], Some(&word[dash + 1..])),
            None => (word, None),
        };
        let ms = parse_part(ms)?;
        let (seq, given) = match seq {
            Some(b"*") => (0, false),
            Some(seq) => (parse_part(seq)?, true),
            None => (missing_seq, true),
        };
        Some(Given { id: StreamId { ms, seq }, seq: given })
    }

    /// Reads an end of a range, where `-` and `+` are the first and the last ID.
    pub fn parse_bound(word: &[u8], missing_seq: u64) -> Option<StreamId> {
        match word.split(|b| *b == 0).next() {
            Some(b"-") => Some(StreamId::MIN),
            Some(b"+") => Some(StreamId::MAX),
            _ => StreamId::parse(word, missing_seq),
        }
    }
}

/// One of the numbers, as Redis reads it: canonical, or else with strtoull's freedoms (white space
/// and a plus sign in front, leading zeros, and even a minus sign, which counts down from 2^64).
fn parse_part(text: &[u8]) -> Option<u64> {
    if let Some(n) = crate::wire::num::parse_i64(text) {
        return u64::try_from(n).ok();
    }
    let space = text.iter().take_while(|b| matches!(b, b' ' | 9..=13)).count();
    let text = &text[space..];
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().try_fold(0u64, |value, b| {
        let digit = b.is_ascii_digit().then(|| u64::from(b - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })?;
    Some(if negative { value.wrapping_neg() } else { value })
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_redis_reads_them() {
        let id = StreamId::new;
        for (word, want) in [
            ("1-2", Some(id(1, 2))),
            ("7", Some(id(7, 9))),
            ("18446744073709551615-18446744073709551615", Some(StreamId::MAX)),
            ("18446744073709551616-0", None),
            ("1-", None),
            ("-1", None),
            ("", None),
            ("-", None),
            ("1-*", None),
            ("1-2-3", None),
            ("01-+2", Some(id(1, 2))),
            (" 1-\t2", Some(id(1, 2))),
            ("1--5", None),
            ("1--05", Some(id(1, u64::MAX - 4))),
            ("1-2\0x", Some(id(1, 2))),
            ("a-1", None),
        ] {
            assert_eq!(StreamId::parse(word.as_bytes(), 9), want, "{word:?}");
        }
        assert_eq!(
            StreamId::parse_given(b"5-*", 0),
            Some(Given { id: StreamId::new(5, 0), seq: false })
        );
        assert_eq!(StreamId::parse_bound(b"-", 0), Some(StreamId::MIN));
        assert_eq!(StreamId::parse_bound(b"+", 0), Some(StreamId::MAX));
        assert_eq!(StreamId::parse(&[b'1'; 128], 0), None);
    }

    #[test]
    fn neighbours_and_bytes() {
        let id = StreamId::new(1, u64::MAX);
        assert_eq!(id.next(), Some(StreamId::new(2, 0)));
        assert_eq!(id.next().and_then(StreamId::prev), Some(id));
        assert_eq!((StreamId::MAX.next(), StreamId::MIN.prev()), (None, None));
        assert_eq!(StreamId::from_bytes(id.to_bytes()), id);
        assert_eq!(id.to_bytes()[..9], [0, 0, 0, 0, 0, 0, 0, 1, 0xff]);
        assert_eq!(
            (id.text(), id.to_string().into_bytes()),
            (id.to_string().into_bytes(), id.text())
        );
    }
}
