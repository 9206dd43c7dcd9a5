//! Lengths and strings as they stand in the file.

use super::feed::Feed;
use super::item::{Clip, Item, TextForm, What};
use super::tape::{Tape, Walked};
use super::{WalkError, Why};
use crate::wire::rdb::format::{ENC_INT8, ENC_INT16, ENC_INT32, ENC_LZF};
use crate::wire::rdb::length::{LengthForm, length_form};

/// What stands where a string belongs, up to its content.
pub(super) enum StringHead {
    Plain { len: u64 },
    Int { value: i64, bytes: u8 },
    Lzf { packed: u64, len: u64 },
}

impl Tape {
    pub async fn length(&self, expected: &'static str) -> Walked<u64> {
        let at = self.at();
        match self.length_or_encoding(expected).await? {
            Ok(n) => Ok(n),
            Err(_) => Err(WalkError { at, why: Why::Corrupt { expected } }),
        }
    }

    async fn length_or_encoding(&self, expected: &'static str) -> Walked<Result<u64, u8>> {
        let at = self.at();
        Ok(Ok(match length_form(self.byte(expected).await?) {
            LengthForm::Here(n) => n,
            LengthForm::OneMore(high) => high | u64::from(self.byte(expected).await?),
            LengthForm::Four => u64::from(u32::from_be_bytes(self.array(expected).await?)),
            LengthForm::Eight => u64::from_be_bytes(self.array(expected).await?),
            LengthForm::Encoded(how) => return Ok(Err(how)),
            LengthForm::Bad => return Err(WalkError { at, why: Why::Corrupt { expected } }),
        }))
    }

    pub async fn string_head(&self, expected: &'static str) -> Walked<StringHead> {
        let at = self.at();
        Ok(match self.length_or_encoding(expected).await? {
            Ok(len) => StringHead::Plain { len },
            Err(ENC_INT8) => {
                let value = i64::from(self.byte(expected).await? as i8);
                StringHead::Int { value, bytes: 1 }
            }
            Err(ENC_INT16) => {
                let value = i64::from(i16::from_le_bytes(self.array(expected).await?));
                StringHead::Int { value, bytes: 2 }
            }
            Err(ENC_INT32) => {
                let value = i64::from(i32::from_le_bytes(self.array(expected).await?));
                StringHead::Int { value, bytes: 4 }
            }
            Err(ENC_LZF) => {
                let packed = self.length("the length of a compressed string").await?;
                StringHead::Lzf { packed, len: self.length("the length of a string").await? }
            }
            Err(_) => return Err(WalkError { at, why: Why::Corrupt { expected } }),
        })
    }

    /// A string in any of its encodings: the beginning of it, and how it stood there.
    pub async fn text(&self, expected: &'static str) -> Walked<(Clip, TextForm)> {
        Ok(match self.string_head(expected).await? {
            StringHead::Plain { len } => {
                let mut text = Clip::default();
                while text.len < len {
                    let left = len - text.len;
                    self.some(left, expected, |bytes| text.add(bytes, Clip::TEXT)).await?;
                }
                (text, TextForm::Plain)
            }
            StringHead::Int { value, bytes } => (Clip::number(value), TextForm::Int(bytes)),
            StringHead::Lzf { packed, len } => {
                let mut feed = Feed::unpacking(self, packed, len);
                let text = feed.text(len, expected).await?;
                feed.finish().await?;
                (text, TextForm::Lzf(packed))
            }
        })
    }

    /// A string that is a container: the way to its bytes.
    pub async fn blob(&self, expected: &'static str) -> Walked<Feed<'_>> {
        let at = self.at();
        match self.string_head(expected).await? {
            StringHead::Plain { len } => Ok(Feed::plain(self, len)),
            StringHead::Lzf { packed, len } => Ok(Feed::unpacking(self, packed, len)),
            StringHead::Int { .. } => Err(WalkError { at, why: Why::Corrupt { expected } }),
        }
    }

    /// Tells what the bytes since [`Tape::begin_part`] mean.
    pub async fn part_is(&self, depth: u8, what: What) {
        let (at, raw) = self.part();
        self.emit(Item { at, len: raw.len, raw, depth, unpacked: false, what }).await;
    }
}
