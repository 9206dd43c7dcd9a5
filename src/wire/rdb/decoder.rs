//! The push decoder: bytes in, cut anywhere; records out, one at a time.

use super::super::crc64::Digest;
use super::RdbError;
use super::format::{self, VERSION, type_name};
use super::reader::{Reader, Stop};

/// The value of a key. Types are added as they are supported.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RdbValue {
    String(Vec<u8>),
}

/// How the end of an RDB vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// Present and right.
    Checked,
    /// All zero, or a version before 5: written without one. Redis logs
    /// `RDB file was saved with checksum disabled: no check performed.` for the former.
    Absent,
    /// Present, and not looked at: see [`Decoder::verify_checksum`].
    Skipped,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The format version in the first nine bytes.
    Version(u32),
    Aux {
        key: Vec<u8>,
        value: Vec<u8>,
    },
    /// The keys that follow belong to this database (0 if none is named).
    SelectDb(u64),
    /// A hint: how many keys, and how many of them expire. It may lie.
    ResizeDb {
        keys: u64,
        expires: u64,
    },
    Key {
        key: Vec<u8>,
        value: RdbValue,
        /// Absolute, milliseconds of wall time.
        expire_ms: Option<i64>,
        /// Seconds since it was used.
        idle: Option<u64>,
        /// LFU counter.
        freq: Option<u8>,
        /// Bytes of the whole record, with what stood in front of it (expiry, idle, freq).
        encoded_bytes: u64,
    },
    End {
        checksum: Checksum,
    },
}

/// What opcodes told about the key to come.
#[derive(Debug, Default)]
struct KeyHints {
    expire_ms: Option<i64>,
    idle: Option<u64>,
    freq: Option<u8>,
    bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Header,
    Records,
    Footer,
    Done,
}

/// Reads an RDB from pieces.
///
/// [`Decoder::push`] bytes, then call [`Decoder::next`] until it gives None; when the input has ended,
/// [`Decoder::end_of_input`] tells whether that was too early. Memory: the pieces that were pushed and
/// not yet used, at most one record besides. What follows the RDB is left alone:
/// [`Decoder::leftover`].
#[derive(Debug)]
pub struct Decoder {
    buf: Vec<u8>,
    pos: usize,
    /// No progress before the buffer holds so many bytes behind `pos`.
    need: usize,
    stage: Stage,
    version: u32,
    verify: bool,
    digest: Digest,
    hints: KeyHints,
    consumed: u64,
    failed: Option<RdbError>,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder::new()
    }
}

impl Decoder {
    pub fn new() -> Decoder {
        Decoder {
            buf: Vec::new(),
            pos: 0,
            need: format::HEADER_LEN,
            stage: Stage::Header,
            version: 0,
            verify: true,
            digest: Digest::new(),
            hints: KeyHints::default(),
            consumed: 0,
            failed: None,
        }
    }

    /// `rdbchecksum no`: the sum is neither computed nor compared.
    pub fn verify_checksum(mut self, verify: bool) -> Decoder {
        self.verify = verify;
        self
    }

    /// Adds bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.pos == self.buf.len() {
            self.buf.clear();
            self.pos = 0;
        } else if self.pos >= 64 * 1024 && self.pos >= self.buf.len() / 2 {
            self.buf.drain(..self.pos);
            self.pos = 0;
        }
        self.buf.extend_from_slice(bytes);
    }

    /// The next record; None when more bytes are needed, and after [`Item::End`]. An error stays.
    // Not an Iterator: None means "not yet".
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Item>, RdbError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        while self.stage != Stage::Done && self.buf.len() - self.pos >= self.need {
            let mut reader = Reader::new(&self.buf[self.pos..]);
            let read = match self.stage {
                Stage::Header => read_header(&mut reader),
                Stage::Footer => self.read_footer(&mut reader),
                Stage::Records | Stage::Done => read_record(&mut reader),
            };
            let len = reader.pos();
            let record = match read {
                Ok(record) => record,
                Err(Stop::Need(need)) => {
                    self.need = need;
                    break;
                }
                Err(Stop::Error(error)) => {
                    self.failed = Some(error.clone());
                    return Err(error);
                }
            };
            self.commit(len);
            if let Some(item) = self.apply(record, len as u64) {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// True after [`Item::End`].
    pub fn finished(&self) -> bool {
        self.stage == Stage::Done
    }

    /// To be asked when no more bytes will come: an error unless the RDB is whole.
    pub fn end_of_input(&self) -> Result<(), RdbError> {
        match &self.failed {
            Some(error) => Err(error.clone()),
            None if self.finished() => Ok(()),
            None => Err(RdbError::ShortRead),
        }
    }

    /// Pushed bytes that are not used: behind the end of a finished RDB, all that followed it.
    pub fn leftover(&self) -> &[u8] {
        &self.buf[self.pos..]
    }

    /// Takes [`Decoder::leftover`] out.
    pub fn take_leftover(&mut self) -> Vec<u8> {
        let rest = self.buf.split_off(self.pos);
        self.buf.clear();
        self.pos = 0;
        rest
    }

    /// Bytes of the RDB that are used up by the records given out so far.
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// The version in the header; 0 before it was read.
    pub fn version(&self) -> u32 {
        self.version
    }

    #[cfg(test)]
    pub(super) fn buf_capacity(&self) -> usize {
        self.buf.capacity()
    }

    /// Moves past a record and adds it to the checksum, which covers all but the footer.
    fn commit(&mut self, len: usize) {
        if self.verify && self.stage != Stage::Footer {
            self.digest.update(&self.buf[self.pos..self.pos + len]);
        }
        self.pos += len;
        self.consumed += len as u64;
        self.need = 1;
    }

    /// Takes note of a record, and gives it out unless it is a hint about a key to come.
    fn apply(&mut self, record: Record, len: u64) -> Option<Item> {
        match record {
            Record::Expire(at) => self.hints.expire_ms = Some(at),
            Record::Idle(seconds) => self.hints.idle = Some(seconds),
            Record::Freq(counter) => self.hints.freq = Some(counter),
            Record::Eof => {
                if self.version < 5 {
                    self.stage = Stage::Done;
                    return Some(Item::End { checksum: Checksum::Absent });
                }
                self.stage = Stage::Footer;
                self.need = format::FOOTER_LEN;
                return None;
            }
            Record::Key { key, value } => {
                let hints = std::mem::take(&mut self.hints);
                return Some(Item::Key {
                    key,
                    value,
                    expire_ms: hints.expire_ms,
                    idle: hints.idle,
                    freq: hints.freq,
                    encoded_bytes: hints.bytes + len,
                });
            }
            Record::Item(item) => {
                match item {
                    Item::Version(version) => {
                        self.version = version;
                        self.stage = Stage::Records;
                    }
                    Item::End { .. } => self.stage = Stage::Done,
                    _ => {}
                }
                return Some(item);
            }
        }
        self.hints.bytes += len;
        None
    }

    fn read_footer(&self, reader: &mut Reader<'_>) -> Result<Record, Stop> {
        let got = reader.u64_le()?;
        let expected = self.digest.value();
        let checksum = match got {
            _ if !self.verify => Checksum::Skipped,
            0 => Checksum::Absent,
            _ if got == expected => Checksum::Checked,
            _ => return Err(RdbError::ChecksumMismatch { expected, got }.into()),
        };
        Ok(Record::Item(Item::End { checksum }))
    }
}

enum Record {
    Item(Item),
    Key { key: Vec<u8>, value: RdbValue },
    Expire(i64),
    Idle(u64),
    Freq(u8),
    Eof,
}

fn read_header(reader: &mut Reader<'_>) -> Result<Record, Stop> {
    let header = reader.bytes(format::HEADER_LEN)?;
    let digits = header.strip_prefix(b"REDIS").ok_or(RdbError::WrongSignature)?;
    // As far as they are digits, as C's atoi reads them.
    let version = digits
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0, |version, digit| version * 10 + u32::from(digit - b'0'));
    if version == 0 || version > VERSION {
        return Err(RdbError::VersionTooNew(version.into()).into());
    }
    Ok(Record::Item(Item::Version(version)))
}

fn read_record(reader: &mut Reader<'_>) -> Result<Record, Stop> {
    let unsupported = |kind| Err(Stop::Error(RdbError::Unsupported { kind, key: None }));
    Ok(match reader.byte()? {
        format::EXPIRE_MS => Record::Expire(reader.i64_le()?),
        format::EXPIRE_SECONDS => Record::Expire(i64::from(reader.i32_le()?) * 1000),
        format::IDLE => Record::Idle(reader.length()?),
        format::FREQ => Record::Freq(reader.byte()?),
        format::SELECT_DB => Record::Item(Item::SelectDb(reader.length()?)),
        format::RESIZE_DB => {
            Record::Item(Item::ResizeDb { keys: reader.length()?, expires: reader.length()? })
        }
        format::AUX => Record::Item(Item::Aux { key: reader.string()?, value: reader.string()? }),
        format::EOF => Record::Eof,
        format::MODULE_AUX => return unsupported("module"),
        format::FUNCTION2 | format::FUNCTION_PRE_GA => return unsupported("function"),
        kind if type_name(kind).is_none() => return Err(RdbError::UnknownType(kind).into()),
        kind => {
            let key = reader.string()?;
            let value = read_value(kind, reader, || Some(key.clone()))?;
            Record::Key { key, value }
        }
    })
}

/// Reads a value behind its type byte. `key` names it in an error.
pub(super) fn read_value(
    kind: u8,
    reader: &mut Reader<'_>,
    key: impl Fn() -> Option<Vec<u8>>,
) -> Result<RdbValue, Stop> {
    match kind {
        format::TYPE_STRING => Ok(RdbValue::String(reader.string()?)),
        _ => Err(match type_name(kind) {
            Some(kind) => RdbError::Unsupported { kind, key: key() },
            None => RdbError::UnknownType(kind),
        }
        .into()),
    }
}
