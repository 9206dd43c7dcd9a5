//! Reading lengths and strings from bytes of which more may still come.

use super::super::{lzf, num};
use super::RdbError;
use super::format::{ENC_INT8, ENC_INT16, ENC_INT32, ENC_LZF};
use super::length::{LengthForm, length_form};

/// Why a read stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// So many bytes, counted from the start of the reader's input, are needed to get any further.
    Need(usize),
    Error(RdbError),
}

impl From<RdbError> for Stop {
    fn from(error: RdbError) -> Stop {
        Stop::Error(error)
    }
}

type Read<T> = Result<T, Stop>;

/// A length, or the special encoding that stands in its place.
enum Length {
    Plain(u64),
    Encoded(u8),
}

/// A place in the input. A record that is cut off is read again from its start when more has come, which
/// costs little: the lengths are few, and the content of a string is not looked at before it is there.
pub(super) struct Reader<'a> {
    input: &'a [u8],
    pos: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &'a [u8]) -> Reader<'a> {
        Reader { input, pos: 0 }
    }

    /// Bytes read so far.
    pub(super) fn pos(&self) -> usize {
        self.pos
    }

    pub(super) fn bytes(&mut self, n: usize) -> Read<&'a [u8]> {
        let end = self.pos.checked_add(n).ok_or(RdbError::Corrupt("impossible length"))?;
        let bytes = self.input.get(self.pos..end).ok_or(Stop::Need(end))?;
        self.pos = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    pub(super) fn byte(&mut self) -> Read<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// Four bytes, little-endian: seconds of an old expiry.
    pub(super) fn i32_le(&mut self) -> Read<i32> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    /// Eight bytes, little-endian: milliseconds of an expiry.
    pub(super) fn i64_le(&mut self) -> Read<i64> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    /// Eight bytes, little-endian: a checksum.
    pub(super) fn u64_le(&mut self) -> Read<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn length_or_encoding(&mut self) -> Read<Length> {
        Ok(match length_form(self.byte()?) {
            LengthForm::Here(n) => Length::Plain(n),
            LengthForm::OneMore(high) => Length::Plain(high | u64::from(self.byte()?)),
            LengthForm::Four => Length::Plain(u64::from(u32::from_be_bytes(self.array()?))),
            LengthForm::Eight => Length::Plain(u64::from_be_bytes(self.array()?)),
            LengthForm::Encoded(how) => Length::Encoded(how),
            LengthForm::Bad => return Err(RdbError::Corrupt("unknown length encoding").into()),
        })
    }

    /// A length or another unsigned number.
    pub(super) fn length(&mut self) -> Read<u64> {
        match self.length_or_encoding()? {
            Length::Plain(n) => Ok(n),
            Length::Encoded(_) => {
                Err(RdbError::Corrupt("a string encoding where a length belongs").into())
            }
        }
    }

    fn size(&mut self) -> Read<usize> {
        let n = self.length()?;
        usize::try_from(n).map_err(|_| RdbError::Corrupt("impossible length").into())
    }

    /// A string in any of its encodings.
    pub(super) fn string(&mut self) -> Read<Vec<u8>> {
        let n = match self.length_or_encoding()? {
            Length::Plain(n) => {
                let n = usize::try_from(n).map_err(|_| RdbError::Corrupt("impossible length"))?;
                return Ok(self.bytes(n)?.to_vec());
            }
            Length::Encoded(ENC_INT8) => i64::from(self.byte()? as i8),
            Length::Encoded(ENC_INT16) => i64::from(i16::from_le_bytes(self.array()?)),
            Length::Encoded(ENC_INT32) => i64::from(self.i32_le()?),
            Length::Encoded(ENC_LZF) => {
                let packed_len = self.size()?;
                let len = self.size()?;
                let packed = self.bytes(packed_len)?;
                let text = lzf::decompress(packed, len)
                    .map_err(|_| RdbError::Corrupt("Invalid LZF compressed string"))?;
                return Ok(text);
            }
            Length::Encoded(_) => {
                return Err(RdbError::Corrupt("Unknown RDB string encoding").into());
            }
        };
        let mut digits = Vec::new();
        num::push_decimal(&mut digits, n);
        Ok(digits)
    }
}
