//! The push decoder: bytes in, cut anywhere; records out, one at a time.

use super::super::crc64::Digest;
use super::RdbError;
use super::format::{self, VERSION, kind, type_name};
use super::layout::Layout;
use super::part::Part;
use super::reader::{Reader, Stop};
use super::text::{Scratch, Span, Text};

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

/// What opcodes in front of a key told about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Absolute, milliseconds of wall time.
    pub expire_ms: Option<i64>,
    /// Seconds since it was used.
    pub idle: Option<u64>,
    /// LFU counter.
    pub freq: Option<u8>,
}

/// One record, or a part of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item<'a> {
    /// The format version in the first nine bytes.
    Version(u32),
    Aux {
        key: Text<'a>,
        value: Text<'a>,
    },
    /// The keys that follow belong to this database (0 if none is named).
    SelectDb(u64),
    /// A hint: how many keys, and how many of them expire. It may lie.
    ResizeDb {
        keys: u64,
        expires: u64,
    },
    /// A key that holds a string.
    String {
        key: Text<'a>,
        value: Text<'a>,
        hints: Hints,
        /// Bytes of the whole record, with what stood in front of it (expiry, idle, freq).
        encoded_bytes: u64,
    },
    /// A key that holds something else begins: [`Item::Part`]s follow, then [`Item::ValueEnd`].
    Value {
        key: Text<'a>,
        /// The type byte: see [`kind`].
        kind: u8,
        /// How many parts are announced (1: a single container; of a stream: its nodes). It may lie.
        count: u64,
        hints: Hints,
    },
    Part(Part<Text<'a>>),
    ValueEnd {
        /// As those of [`Item::String`].
        encoded_bytes: u64,
    },
    End {
        checksum: Checksum,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Header,
    Records,
    /// In a value.
    Value(Layout),
    Footer,
    Done,
}

/// Reads an RDB from pieces.
///
/// [`Decoder::push`] bytes, then call [`Decoder::next`] until it gives None; when the input has ended,
/// [`Decoder::end_of_input`] tells whether that was too early. Memory: the pieces that were pushed and
/// not yet used, at most one record or one part of a value besides. What follows the RDB is left alone:
/// [`Decoder::leftover`].
#[derive(Debug)]
pub struct Decoder {
    buf: Vec<u8>,
    pos: usize,
    /// Bytes of `buf` that the digest has seen.
    summed: usize,
    /// No progress before the buffer holds so many bytes behind `pos`.
    need: usize,
    stage: Stage,
    /// A single value without a file around it.
    bare: bool,
    version: u32,
    verify: bool,
    digest: Digest,
    hints: Hints,
    /// Bytes of the key's record so far.
    record_bytes: u64,
    scratch: Scratch,
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
            summed: 0,
            need: format::HEADER_LEN,
            stage: Stage::Header,
            bare: false,
            version: 0,
            verify: true,
            digest: Digest::new(),
            hints: Hints::default(),
            record_bytes: 0,
            scratch: Scratch::default(),
            consumed: 0,
            failed: None,
        }
    }

    /// For one value alone, its type byte first: what stands in a DUMP payload in front of the footer.
    /// Its key has no name, and behind its end there is no [`Item::End`].
    pub(super) fn of_value(body: &[u8]) -> Decoder {
        let (stage, buf) = (Stage::Records, body.to_vec());
        Decoder { buf, need: 1, stage, bare: true, verify: false, ..Decoder::new() }
    }

    /// `rdbchecksum no`: the sum is neither computed nor compared.
    pub fn verify_checksum(mut self, verify: bool) -> Decoder {
        self.verify = verify;
        self
    }

    /// Adds bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.compact();
        self.buf.extend_from_slice(bytes);
    }

    /// Drops what was used up, where that costs little.
    fn compact(&mut self) {
        if self.pos == self.buf.len() {
            self.sum();
            self.buf.clear();
        } else if self.pos >= 64 * 1024 && self.pos >= self.buf.len() / 2 {
            self.sum();
            self.buf.drain(..self.pos);
        } else {
            return;
        }
        (self.pos, self.summed) = (0, 0);
    }

    /// The next record or part; None when more bytes are needed, and after [`Item::End`]. An error
    /// stays.
    // Not an Iterator: None means "not yet", and an item lends the buffers.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, RdbError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match self.read() {
            Ok(found) => Ok(found.map(|found| found.item(&self.buf, &self.scratch))),
            Err(error) => {
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    fn read(&mut self) -> Result<Option<Found>, RdbError> {
        while self.stage != Stage::Done && self.buf.len() - self.pos >= self.need {
            let mut reader = Reader::new(&self.buf, self.pos, &mut self.scratch);
            let read = match self.stage {
                Stage::Header => read_header(&mut reader),
                Stage::Footer => reader.u64_le().map(Record::Sum),
                Stage::Records if self.bare => read_bare(&mut reader),
                Stage::Records | Stage::Done => read_record(&mut reader),
                Stage::Value(Layout::End) => Ok(Record::ValueEnd),
                Stage::Value(layout) => layout.part(&mut reader).map(|(l, p)| Record::Part(l, p)),
            };
            let end = reader.pos();
            let record = match read {
                Ok(record) => record,
                Err(Stop::Need(until)) => {
                    self.need = until - self.pos;
                    break;
                }
                Err(Stop::Error(error)) => return Err(error),
            };
            let len = (end - self.pos) as u64;
            self.pos = end;
            self.consumed += len;
            self.record_bytes += len;
            if let Some(found) = self.take(record)? {
                return Ok(Some(found));
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

    /// Adds what was read to the checksum, which covers all but the footer. In as large portions as
    /// there are.
    fn sum(&mut self) {
        if self.verify && self.summed < self.pos && self.stage != Stage::Done {
            self.digest.update(&self.buf[self.summed..self.pos]);
        }
        self.summed = self.pos;
    }

    /// Takes note of a record, and gives it out unless it is a hint about a key to come.
    fn take(&mut self, record: Record) -> Result<Option<Found>, RdbError> {
        // Within a value a step need not take a byte; the reader asks for what it lacks.
        self.need = 1;
        let mut stage = Stage::Records;
        let found = match record {
            Record::Expire(at) => {
                self.hints.expire_ms = Some(at);
                return Ok(None);
            }
            Record::Idle(seconds) => {
                self.hints.idle = Some(seconds);
                return Ok(None);
            }
            Record::Freq(counter) => {
                self.hints.freq = Some(counter);
                return Ok(None);
            }
            Record::Version(version) => {
                self.version = version;
                Found::Version(version)
            }
            Record::Aux(key, value) => Found::Aux(key, value),
            Record::SelectDb(db) => Found::SelectDb(db),
            Record::ResizeDb(keys, expires) => Found::ResizeDb(keys, expires),
            Record::String(key, value) => {
                if self.bare {
                    stage = Stage::Done;
                }
                let bytes = std::mem::take(&mut self.record_bytes);
                self.stage = stage;
                return Ok(Some(Found::String(key, value, std::mem::take(&mut self.hints), bytes)));
            }
            Record::Value { key, kind, layout, count } => {
                (self.stage, self.need) = (Stage::Value(layout), 0);
                let hints = std::mem::take(&mut self.hints);
                return Ok(Some(Found::Value { key, kind, count, hints }));
            }
            Record::Part(layout, part) => {
                (self.stage, self.need) = (Stage::Value(layout), 0);
                return Ok(part.map(Found::Part));
            }
            Record::ValueEnd => {
                if self.bare {
                    stage = Stage::Done;
                }
                self.stage = stage;
                return Ok(Some(Found::ValueEnd(std::mem::take(&mut self.record_bytes))));
            }
            Record::Eof if self.version < 5 => {
                stage = Stage::Done;
                Found::End(Checksum::Absent)
            }
            Record::Eof => {
                self.sum();
                (self.stage, self.need) = (Stage::Footer, format::FOOTER_LEN);
                return Ok(None);
            }
            Record::Sum(got) => {
                stage = Stage::Done;
                Found::End(self.check(got)?)
            }
        };
        self.stage = stage;
        self.record_bytes = 0;
        Ok(Some(found))
    }

    fn check(&self, got: u64) -> Result<Checksum, RdbError> {
        let expected = self.digest.value();
        Ok(match got {
            _ if !self.verify => Checksum::Skipped,
            0 => Checksum::Absent,
            _ if got == expected => Checksum::Checked,
            _ => return Err(RdbError::ChecksumMismatch { expected, got }),
        })
    }
}

/// What was read: strings are places in the input.
enum Record {
    Version(u32),
    Aux(Span, Span),
    SelectDb(u64),
    ResizeDb(u64, u64),
    Expire(i64),
    Idle(u64),
    Freq(u8),
    String(Span, Span),
    Value { key: Span, kind: u8, layout: Layout, count: u64 },
    Part(Layout, Option<Part<Span>>),
    ValueEnd,
    Eof,
    Sum(u64),
}

/// An [`Item`] whose strings are places in the input.
enum Found {
    Version(u32),
    Aux(Span, Span),
    SelectDb(u64),
    ResizeDb(u64, u64),
    String(Span, Span, Hints, u64),
    Value { key: Span, kind: u8, count: u64, hints: Hints },
    Part(Part<Span>),
    ValueEnd(u64),
    End(Checksum),
}

impl Found {
    fn item<'a>(self, buf: &'a [u8], scratch: &'a Scratch) -> Item<'a> {
        let text = |span: Span| span.text(buf, scratch);
        match self {
            Found::Version(version) => Item::Version(version),
            Found::Aux(key, value) => Item::Aux { key: text(key), value: text(value) },
            Found::SelectDb(db) => Item::SelectDb(db),
            Found::ResizeDb(keys, expires) => Item::ResizeDb { keys, expires },
            Found::String(key, value, hints, encoded_bytes) => {
                Item::String { key: text(key), value: text(value), hints, encoded_bytes }
            }
            Found::Value { key, kind, count, hints } => {
                Item::Value { key: text(key), kind, count, hints }
            }
            Found::Part(part) => Item::Part(part.map(text)),
            Found::ValueEnd(encoded_bytes) => Item::ValueEnd { encoded_bytes },
            Found::End(checksum) => Item::End { checksum },
        }
    }
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
    Ok(Record::Version(version))
}

fn read_record(reader: &mut Reader<'_>) -> Result<Record, Stop> {
    Ok(match reader.byte()? {
        format::EXPIRE_MS => Record::Expire(reader.i64_le()?),
        format::EXPIRE_SECONDS => Record::Expire(i64::from(reader.i32_le()?) * 1000),
        format::IDLE => Record::Idle(reader.length()?),
        format::FREQ => Record::Freq(reader.byte()?),
        format::SELECT_DB => Record::SelectDb(reader.length()?),
        format::RESIZE_DB => Record::ResizeDb(reader.length()?, reader.length()?),
        format::AUX => Record::Aux(reader.text()?, reader.text()?),
        format::EOF => Record::Eof,
        format::MODULE_AUX => {
            return Err(RdbError::ModuleAux(format::module_name(reader.length()?)).into());
        }
        format::FUNCTION2 | format::FUNCTION_PRE_GA => {
            return Err(RdbError::Unsupported { what: "functions" }.into());
        }
        of if type_name(of).is_none() => return Err(RdbError::UnknownType(of).into()),
        of => {
            let key = reader.text()?;
            read_value(of, key, reader)?
        }
    })
}

/// A value without a key.
fn read_bare(reader: &mut Reader<'_>) -> Result<Record, Stop> {
    match reader.byte()? {
        of if type_name(of).is_none() => Err(RdbError::UnknownType(of).into()),
        of => read_value(of, Span::Here { at: 0, len: 0 }, reader),
    }
}

/// Reads a string, or the beginning of another value, behind its key.
fn read_value(of: u8, key: Span, reader: &mut Reader<'_>) -> Result<Record, Stop> {
    if of == kind::STRING {
        return Ok(Record::String(key, reader.text()?));
    }
    let (layout, count) = Layout::begin(of, reader)?;
    Ok(Record::Value { key, kind: of, layout, count })
}
