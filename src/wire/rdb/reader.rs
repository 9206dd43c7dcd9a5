//! Reading lengths and strings from bytes of which more may still come.

use super::super::lzf;
use super::RdbError;
use super::format::{ENC_INT8, ENC_INT16, ENC_INT32, ENC_LZF};
use super::format::{SCORE_INF, SCORE_NAN, SCORE_NEG_INF, text_number};
use super::length::{LengthForm, length_form};
use super::part::{StreamId, stream_id};
use super::text::{Scratch, Span};

/// Why a read stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The input must reach up to here to get any further.
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
    scratch: &'a mut Scratch,
    /// Strings of this record that were decompressed.
    unpacked: usize,
}

impl<'a> Reader<'a> {
    /// Reads on from `pos`. Decompressed strings go to `scratch`.
    pub(super) fn new(input: &'a [u8], pos: usize, scratch: &'a mut Scratch) -> Reader<'a> {
        Reader { input, pos, scratch, unpacked: 0 }
    }

    /// Where it stands in the input.
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

    /// A string in any of its encodings: where it lies. A record has two at most.
    pub(super) fn text(&mut self) -> Read<Span> {
        Ok(match self.length_or_encoding()? {
            Length::Plain(n) => {
                let len = usize::try_from(n).map_err(|_| RdbError::Corrupt("impossible length"))?;
                let at = self.pos;
                self.bytes(len)?;
                Span::Here { at, len }
            }
            Length::Encoded(ENC_INT8) => Span::Int(i64::from(self.byte()? as i8)),
            Length::Encoded(ENC_INT16) => Span::Int(i64::from(i16::from_le_bytes(self.array()?))),
            Length::Encoded(ENC_INT32) => Span::Int(i64::from(self.i32_le()?)),
            Length::Encoded(ENC_LZF) => {
                let packed_len = self.size()?;
                let len = self.size()?;
                let packed = self.bytes(packed_len)?;
                let slot = self.unpacked;
                let out =
                    self.scratch.get_mut(slot).ok_or(RdbError::Corrupt("too many strings"))?;
                self.unpacked += 1;
                lzf::decompress_into(packed, len, out)
                    .map_err(|_| RdbError::Corrupt("Invalid LZF compressed string"))?;
                Span::Unpacked(slot)
            }
            Length::Encoded(_) => {
                return Err(RdbError::Corrupt("Unknown RDB string encoding").into());
            }
        })
    }

    /// Sixteen raw bytes, big-endian: an id of a stream.
    pub(super) fn id(&mut self) -> Read<StreamId> {
        Ok(stream_id(self.array()?))
    }

    /// A score of eight bytes.
    pub(super) fn f64_le(&mut self) -> Read<f64> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// A score as the first versions wrote it: text behind one byte of length.
    pub(super) fn f64_text(&mut self) -> Read<f64> {
        Ok(match self.byte()? {
            SCORE_NAN => f64::NAN,
            SCORE_INF => f64::INFINITY,
            SCORE_NEG_INF => f64::NEG_INFINITY,
            len => text_number(self.bytes(usize::from(len))?)
                .ok_or(RdbError::Corrupt("a score that is no number"))?,
        })
    }
}
