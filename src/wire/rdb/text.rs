//! A string as it stands in a record: borrowed from the input, or a number.

/// A string in one of its encodings. It lives as long as the reader's buffers stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<'a> {
    /// The decimal form of this number.
    Int(i64),
    Bytes(&'a [u8]),
}

impl Text<'_> {
    /// The string, as a vector of its own.
    pub fn to_vec(self) -> Vec<u8> {
        self.with(<[u8]>::to_vec)
    }

    /// Shows the string.
    pub fn with<R>(self, show: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            Text::Bytes(bytes) => show(bytes),
            Text::Int(n) => show(itoa::Buffer::new().format(n).as_bytes()),
        }
    }
}

/// Where a string that was read lies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Span {
    Int(i64),
    /// In the reader's input.
    Here {
        at: usize,
        len: usize,
    },
    /// Decompressed, in one of the scratch buffers.
    Unpacked(usize),
}

/// Buffers for decompressed strings, one for each string of a record.
pub(super) type Scratch = [Vec<u8>; 2];

impl Span {
    /// The string, given the same input and buffers that it was read with.
    pub(super) fn text<'a>(self, input: &'a [u8], scratch: &'a Scratch) -> Text<'a> {
        match self {
            Span::Int(n) => Text::Int(n),
            Span::Here { at, len } => Text::Bytes(input.get(at..at + len).unwrap_or_default()),
            Span::Unpacked(slot) => Text::Bytes(&scratch[slot]),
        }
    }
}
