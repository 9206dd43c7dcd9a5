//! Requests: what a client sends (`*2⏎$3⏎GET⏎…`, or a typed line), and what a master streams.
//!
//! The rules are those of Redis 7.0.15, error texts included. Two of them surprise: a NUL byte
//! in a header or an inline line hides the line end behind it (the header then counts as
//! unfinished, until it is too long), and the two bytes after a bulk are skipped unread.

use std::ops::Range;

use memchr::memchr2;

use super::{num, text};

/// No header line and no inline request may be longer than this before its line end is seen.
pub const MAX_INLINE: usize = 64 * 1024;
/// The default of `proto-max-bulk-len`.
pub const DEFAULT_MAX_BULK_LEN: u64 = 512 * 1024 * 1024;
/// An unauthenticated client's limits, where a password is asked for.
const UNAUTHENTICATED_MAX_ARGS: i64 = 10;
const UNAUTHENTICATED_MAX_BULK: i64 = 16_384;

/// Bytes of a line that are looked at one by one: `$123456⏎`.
const NEAR: usize = 8;

/// What a peer may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `proto-max-bulk-len` in bytes. A master's stream is exempt: see [`Limits::master`].
    pub max_bulk_len: u64,
    /// Arguments in one request.
    pub max_multibulk: u64,
    /// Bytes of a header or inline line whose end has not come yet.
    pub max_inline: usize,
    /// False while a password is asked for and has not been given: far smaller requests then.
    pub authenticated: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_bulk_len: DEFAULT_MAX_BULK_LEN,
            max_multibulk: i32::MAX as u64,
            max_inline: MAX_INLINE,
            authenticated: true,
        }
    }
}

impl Limits {
    /// The limits for the stream of our own master: no bound on a bulk.
    pub fn master() -> Limits {
        Limits { max_bulk_len: i64::MAX as u64, ..Limits::default() }
    }
}

/// What [`RequestParser::parse`] found at the front of the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// No whole request yet. `need`: at least so many further bytes must come (a hint for the next read).
    Incomplete { need: usize },
    /// A multibulk request of `consumed` bytes; its arguments are in `argv`, as ranges of the buffer.
    Request { consumed: usize },
    /// An inline request of `consumed` bytes. Its arguments were unquoted, so they are copies.
    Inline { consumed: usize, args: Vec<Vec<u8>> },
    /// Bytes without a command: `*0⏎`, `*-1⏎`, an empty line (a replica's sign of life).
    Empty { consumed: usize },
}

/// Why a connection must be closed. Displayed as Redis puts it after `Protocol error: `.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    #[error("too big inline request")]
    InlineTooBig,
    #[error("unbalanced quotes in request")]
    UnbalancedQuotes,
    #[error("too big mbulk count string")]
    MultibulkHeaderTooBig,
    #[error("invalid multibulk length")]
    InvalidMultibulkLength,
    #[error("unauthenticated multibulk length")]
    UnauthenticatedMultibulk,
    #[error("too big bulk count string")]
    BulkHeaderTooBig,
    #[error("expected '$', got '{}'", printable_byte(*.0))]
    ExpectedDollar(u8),
    #[error("invalid bulk length")]
    InvalidBulkLength,
    #[error("unauthenticated bulk length")]
    UnauthenticatedBulk,
}

impl ProtocolError {
    /// The reason in the server's log line (`Protocol error (<reason>) from client: …`), which
    /// differs from what the client is told.
    pub fn log_reason(&self) -> &'static str {
        match self {
            ProtocolError::InlineTooBig => "too big inline request",
            ProtocolError::UnbalancedQuotes => "unbalanced quotes in inline request",
            ProtocolError::MultibulkHeaderTooBig => "too big mbulk count string",
            ProtocolError::InvalidMultibulkLength => "invalid mbulk count",
            ProtocolError::UnauthenticatedMultibulk => "unauth mbulk count",
            ProtocolError::BulkHeaderTooBig => "too big bulk count string",
            ProtocolError::ExpectedDollar(_) => "expected $ but got something else",
            ProtocolError::InvalidBulkLength => "invalid bulk length",
            ProtocolError::UnauthenticatedBulk => "unauth bulk length",
        }
    }

    /// The error reply's text, ready for [`super::reply::ReplyWriter::error`].
    pub fn reply_text(&self) -> Vec<u8> {
        match self {
            // The offending byte goes back as it came, whatever it is.
            ProtocolError::ExpectedDollar(byte) => {
                let mut text = b"ERR Protocol error: expected '$', got '".to_vec();
                text.extend([*byte, b'\'']);
                text
            }
            other => format!("ERR Protocol error: {other}").into_bytes(),
        }
    }
}

fn printable_byte(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { byte as char } else { '.' }
}

/// The state between two reads of a request that comes in pieces.
///
/// Positions count from the front of the unconsumed bytes: until a request is whole, every call
/// must pass the same bytes again with more behind them. Nothing is scanned twice.
#[derive(Debug, Default)]
pub struct RequestParser {
    /// Everything before this is parsed.
    pos: usize,
    /// From `pos` up to here there is no line end.
    scanned: usize,
    /// Arguments still to come; 0 between requests.
    remaining: u64,
    /// The announced length of the argument at `pos`.
    bulk_len: Option<usize>,
    /// The arguments so far, while the request is unfinished.
    partial: Vec<Range<usize>>,
}

/// From this length on an argument is a large one.
const LARGE: usize = 32 * 1024;

impl RequestParser {
    /// Bytes in front of the argument that is being read, if it is a large one; else 0.
    pub fn before_large_argument(&self) -> usize {
        if self.bulk_len.is_some_and(|len| len >= LARGE) { self.pos } else { 0 }
    }

    pub fn new() -> RequestParser {
        RequestParser::default()
    }

    /// True between two requests: nothing of the next one has been taken in yet.
    pub fn is_idle(&self) -> bool {
        self.remaining == 0 && self.scanned == 0
    }

    /// Arguments of the half-read request that are whole (CLIENT LIST's `argv-mem` weighs them), and
    /// how many are still to come.
    pub fn progress(&self) -> (usize, u64) {
        (self.partial.len(), self.remaining)
    }

    /// Parses one request at the front of `buf`. `argv` is overwritten; a caller that keeps one
    /// vector for all requests allocates nothing for a multibulk request.
    pub fn parse(
        &mut self,
        buf: &[u8],
        limits: &Limits,
        argv: &mut Vec<Range<usize>>,
    ) -> Result<Parsed, ProtocolError> {
        argv.clear();
        if self.remaining == 0 {
            match buf.first() {
                None => return Ok(Parsed::Incomplete { need: 1 }),
                Some(b'*') => {}
                Some(_) => return self.parse_inline(buf, limits),
            }
            let Some(end) = self.line_end(buf, b'\r') else {
                if buf.len() > limits.max_inline {
                    return Err(ProtocolError::MultibulkHeaderTooBig);
                }
                return Ok(Parsed::Incomplete { need: 1 });
            };
            let count =
                num::parse_i64(&buf[1..end]).ok_or(ProtocolError::InvalidMultibulkLength)?;
            if count > 0 && count as u64 > limits.max_multibulk {
                return Err(ProtocolError::InvalidMultibulkLength);
            }
            if count > UNAUTHENTICATED_MAX_ARGS && !limits.authenticated {
                return Err(ProtocolError::UnauthenticatedMultibulk);
            }
            if count <= 0 {
                self.reset();
                return Ok(Parsed::Empty { consumed: end + 2 });
            }
            self.advance(end + 2);
            self.remaining = count as u64;
        } else {
            std::mem::swap(argv, &mut self.partial);
        }
        match self.parse_bulks(buf, limits, argv)? {
            Some(need) => {
                std::mem::swap(argv, &mut self.partial);
                Ok(Parsed::Incomplete { need })
            }
            None => {
                let consumed = self.pos;
                self.reset();
                Ok(Parsed::Request { consumed })
            }
        }
    }

    /// Reads arguments until none remains (`None`) or bytes are missing (`Some(how many)`).
    fn parse_bulks(
        &mut self,
        buf: &[u8],
        limits: &Limits,
        argv: &mut Vec<Range<usize>>,
    ) -> Result<Option<usize>, ProtocolError> {
        while self.remaining > 0 {
            let len = match self.bulk_len {
                Some(len) => len,
                None => {
                    let Some(end) = self.line_end(buf, b'\r') else {
                        if buf.len() - self.pos > limits.max_inline {
                            return Err(ProtocolError::BulkHeaderTooBig);
                        }
                        return Ok(Some(1));
                    };
                    let len = bulk_header(&buf[self.pos..end], limits)?;
                    self.advance(end + 2);
                    self.bulk_len = Some(len);
                    len
                }
            };
            let have = buf.len() - self.pos;
            if have < len + 2 {
                return Ok(Some(len + 2 - have));
            }
            argv.push(self.pos..self.pos + len);
            self.advance(self.pos + len + 2);
            self.bulk_len = None;
            self.remaining -= 1;
        }
        Ok(None)
    }

    fn parse_inline(&mut self, buf: &[u8], limits: &Limits) -> Result<Parsed, ProtocolError> {
        let Some(newline) = self.find(buf, b'\n') else {
            if buf.len() > limits.max_inline {
                return Err(ProtocolError::InlineTooBig);
            }
            return Ok(Parsed::Incomplete { need: 1 });
        };
        self.reset();
        let line = &buf[..newline];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let consumed = newline + 1;
        let args = text::split_args(line).map_err(|_| ProtocolError::UnbalancedQuotes)?;
        if args.is_empty() {
            return Ok(Parsed::Empty { consumed });
        }
        Ok(Parsed::Inline { consumed, args })
    }

    /// Where the line at `pos` ends, once the byte after its CR is there too.
    fn line_end(&mut self, buf: &[u8], byte: u8) -> Option<usize> {
        let end = self.find(buf, byte)?;
        (end + 1 < buf.len()).then_some(end)
    }

    /// The first `byte` from `pos` on, unless a NUL comes before it.
    fn find(&mut self, buf: &[u8], byte: u8) -> Option<usize> {
        let from = self.scanned.max(self.pos);
        let tail = buf.get(from..)?;
        // Nearly every header ends within a few bytes, too soon for memchr to pay off.
        let (near, far) = tail.split_at(tail.len().min(NEAR));
        let found = match near.iter().position(|b| *b == byte || *b == 0) {
            None => memchr2(byte, 0, far).map(|i| from + NEAR + i),
            near => near.map(|i| from + i),
        };
        // Stop in front of what was found: a NUL stays where it is and hides what follows.
        self.scanned = found.unwrap_or(buf.len());
        found.filter(|&i| buf[i] == byte)
    }

    fn advance(&mut self, pos: usize) {
        self.pos = pos;
        self.scanned = pos;
    }

    fn reset(&mut self) {
        self.pos = 0;
        self.scanned = 0;
        self.remaining = 0;
        self.bulk_len = None;
        self.partial.clear();
    }
}

/// Reads `$<len>`.
fn bulk_header(line: &[u8], limits: &Limits) -> Result<usize, ProtocolError> {
    match line.first() {
        Some(b'$') => {}
        // An empty line: the byte there is the CR itself.
        other => return Err(ProtocolError::ExpectedDollar(*other.unwrap_or(&b'\r'))),
    }
    let len = num::parse_i64(&line[1..]).ok_or(ProtocolError::InvalidBulkLength)?;
    if len < 0 || len as u64 > limits.max_bulk_len {
        return Err(ProtocolError::InvalidBulkLength);
    }
    if len > UNAUTHENTICATED_MAX_BULK && !limits.authenticated {
        return Err(ProtocolError::UnauthenticatedBulk);
    }
    // Room for the CRLF must not wrap around.
    usize::try_from(len)
        .ok()
        .filter(|len| *len <= usize::MAX / 2)
        .ok_or(ProtocolError::InvalidBulkLength)
}

#[cfg(test)]
mod tests;
