//! Reply bytes into values: the client's side, for RESP2 and RESP3.
//!
//! The parser takes bytes cut anywhere, keeps open aggregates on a list of its own instead of the call
//! stack, and takes memory for what has come, never for what is announced.

use super::num;

/// One reply, or one out-of-band message.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `+OK`
    Simple(Vec<u8>),
    /// `-ERR …` (the dash is not part of it), or RESP3's `!len`.
    Error(Vec<u8>),
    Int(i64),
    Bulk(Vec<u8>),
    /// `$-1` or `_`
    Null,
    /// `*-1`
    NullArray,
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Set(Vec<Value>),
    Push(Vec<Value>),
    Double(f64),
    Bool(bool),
    /// A three-letter format (`txt`, `mkd`) and the text.
    Verbatim {
        format: [u8; 3],
        text: Vec<u8>,
    },
    /// The digits as they came.
    BigNumber(Vec<u8>),
}

impl Value {
    /// The bytes of anything that is one string: bulk, simple, verbatim, error.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Simple(b) | Value::Bulk(b) | Value::Error(b) | Value::BigNumber(b) => Some(b),
            Value::Verbatim { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of an error reply, without its dash.
    pub fn error(&self) -> Option<&[u8]> {
        match self {
            Value::Error(text) => Some(text),
            _ => None,
        }
    }

    /// True for both forms of "no value".
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null | Value::NullArray)
    }
}

/// What a server sent is no RESP, or is beyond the bounds kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    #[error("got '{}' as reply type byte", char::from(*.0).escape_default())]
    UnknownType(u8),
    #[error("bad number in a reply")]
    BadNumber,
    #[error("bad length in a reply")]
    BadLength,
    #[error("bad boolean in a reply")]
    BadBool,
    #[error("bad verbatim string in a reply")]
    BadVerbatim,
    #[error("no line end where a reply needs one")]
    MissingLineEnd,
    #[error("a reply line is too long")]
    LineTooLong,
    #[error("replies are nested too deeply")]
    TooDeep,
}

/// Aggregates inside aggregates; Redis itself stays below ten.
const MAX_DEPTH: usize = 128;
/// The longest line (simple string, error, number), without its end.
const MAX_LINE: usize = 1024 * 1024;
/// The longest bulk. `proto-max-bulk-len` may be raised, but not beyond sense for a client.
const MAX_BULK: i64 = 4 * 1024 * 1024 * 1024;
/// The most elements that an aggregate may announce.
const MAX_ELEMENTS: i64 = u32::MAX as i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Array,
    Map,
    Set,
    Push,
    /// Out-of-band remarks in front of a value. Read, and dropped.
    Attribute,
}

#[derive(Debug)]
struct Open {
    kind: Kind,
    remaining: u64,
    items: Vec<Value>,
}

/// What was read at one place.
enum Token {
    Value(Value),
    Open(Open),
}

/// Turns fed bytes into values.
#[derive(Debug, Default)]
pub struct ReplyParser {
    buf: Vec<u8>,
    pos: usize,
    /// From `pos` up to here there is no line end.
    scanned: usize,
    open: Vec<Open>,
    consumed: u64,
}

impl ReplyParser {
    pub fn new() -> ReplyParser {
        ReplyParser::default()
    }

    /// Adds bytes as they were read.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.pos == self.buf.len() {
            self.buf.clear();
            (self.pos, self.scanned) = (0, 0);
        } else if self.pos > 64 * 1024 && self.pos > self.buf.len() / 2 {
            self.buf.drain(..self.pos);
            self.scanned = self.scanned.saturating_sub(self.pos);
            self.pos = 0;
        }
        self.buf.extend_from_slice(bytes);
    }

    /// Bytes fed but not parsed. After a value came out they follow it on the wire: this is how a
    /// reader hands over to something that is not RESP, such as an RDB transfer.
    pub fn remaining(&self) -> &[u8] {
        &self.buf[self.pos..]
    }

    /// Takes [`ReplyParser::remaining`] out.
    pub fn take_remaining(&mut self) -> Vec<u8> {
        let rest = self.buf.split_off(self.pos);
        self.buf.clear();
        (self.pos, self.scanned) = (0, 0);
        rest
    }

    /// Bytes parsed since the beginning.
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// True if no reply has begun: the place where a connection may end.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty() && self.pos == self.buf.len()
    }

    /// The next whole value, or None until more is fed. After an error nothing more comes: the
    /// stream has lost its framing.
    // Not an Iterator: None means "not yet".
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Value>, ProtocolError> {
        loop {
            let Some(token) = self.token()? else { return Ok(None) };
            let mut value = match token {
                Token::Open(open) if open.remaining > 0 => {
                    if self.open.len() >= MAX_DEPTH {
                        return Err(ProtocolError::TooDeep);
                    }
                    self.open.push(open);
                    continue;
                }
                Token::Open(open) => match close(open) {
                    Some(value) => value,
                    None => continue,
                },
                Token::Value(value) => value,
            };
            // The value completes its parent, and that one its own, as far as it goes.
            loop {
                let Some(parent) = self.open.last_mut() else { return Ok(Some(value)) };
                parent.items.push(value);
                parent.remaining -= 1;
                if parent.remaining > 0 {
                    break;
                }
                match self.open.pop().and_then(close) {
                    Some(closed) => value = closed,
                    None => break,
                }
            }
        }
    }

    /// One value that is no aggregate, or the head of one.
    fn token(&mut self) -> Result<Option<Token>, ProtocolError> {
        let Some((start, end)) = self.line()? else { return Ok(None) };
        let Some((&kind, line)) = self.buf[start..end].split_first() else {
            return Err(ProtocolError::UnknownType(b'\r'));
        };
        let value = match kind {
            b'+' => Value::Simple(line.to_vec()),
            b'-' => Value::Error(line.to_vec()),
            b':' => Value::Int(num::parse_i64(line).ok_or(ProtocolError::BadNumber)?),
            b',' => Value::Double(double(line)?),
            b'(' => {
                let digits = line.strip_prefix(b"-").unwrap_or(line);
                if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                    return Err(ProtocolError::BadNumber);
                }
                Value::BigNumber(line.to_vec())
            }
            b'_' => Value::Null,
            b'#' => Value::Bool(match line {
                b"t" => true,
                b"f" => false,
                _ => return Err(ProtocolError::BadBool),
            }),
            b'$' | b'!' | b'=' => {
                let len = length(line, MAX_BULK)?;
                let Some(len) = len else {
                    self.advance(end + 2);
                    return Ok(Some(Token::Value(Value::Null)));
                };
                let from = end + 2;
                let Some(rest) = self.buf.get(from..) else { return Ok(None) };
                if rest.len() < len + 2 {
                    return Ok(None);
                }
                if &rest[len..len + 2] != b"\r\n" {
                    return Err(ProtocolError::MissingLineEnd);
                }
                let value = string(kind, &rest[..len])?;
                self.advance(from + len + 2);
                return Ok(Some(Token::Value(value)));
            }
            b'*' | b'%' | b'~' | b'>' | b'|' => {
                let count = length(line, MAX_ELEMENTS)?;
                self.advance(end + 2);
                let Some(count) = count else {
                    return Ok(Some(Token::Value(Value::NullArray)));
                };
                let (kind, per_entry) = match kind {
                    b'%' => (Kind::Map, 2),
                    b'|' => (Kind::Attribute, 2),
                    b'~' => (Kind::Set, 1),
                    b'>' => (Kind::Push, 1),
                    _ => (Kind::Array, 1),
                };
                let remaining = count as u64 * per_entry;
                return Ok(Some(Token::Open(Open { kind, remaining, items: Vec::new() })));
            }
            other => return Err(ProtocolError::UnknownType(other)),
        };
        self.advance(end + 2);
        Ok(Some(Token::Value(value)))
    }

    /// Start and end of the line at `pos`, without its CRLF. It is found again while a bulk behind it
    /// is incomplete, which costs the length of a header.
    fn line(&mut self) -> Result<Option<(usize, usize)>, ProtocolError> {
        let mut from = self.scanned.max(self.pos);
        loop {
            let Some(cr) = memchr::memchr(b'\r', &self.buf[from..]).map(|i| from + i) else {
                self.scanned = self.buf.len();
                break;
            };
            match self.buf.get(cr + 1) {
                Some(b'\n') => {
                    self.scanned = cr;
                    if cr - self.pos > MAX_LINE {
                        return Err(ProtocolError::LineTooLong);
                    }
                    return Ok(Some((self.pos, cr)));
                }
                Some(_) => from = cr + 1,
                None => {
                    self.scanned = cr;
                    break;
                }
            }
        }
        if self.buf.len() - self.pos > MAX_LINE + 1 {
            return Err(ProtocolError::LineTooLong);
        }
        Ok(None)
    }

    fn advance(&mut self, pos: usize) {
        self.consumed += (pos - self.pos) as u64;
        self.pos = pos;
        self.scanned = pos;
    }
}

/// The value of an aggregate that is whole; None for one that is dropped.
fn close(open: Open) -> Option<Value> {
    match open.kind {
        Kind::Array => Some(Value::Array(open.items)),
        Kind::Set => Some(Value::Set(open.items)),
        Kind::Push => Some(Value::Push(open.items)),
        Kind::Attribute => None,
        Kind::Map => {
            let mut items = open.items.into_iter();
            let mut pairs = Vec::with_capacity(items.len() / 2);
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                pairs.push((key, value));
            }
            Some(Value::Map(pairs))
        }
    }
}

/// A length or count; None for -1.
fn length(line: &[u8], max: i64) -> Result<Option<usize>, ProtocolError> {
    match num::parse_i64(line) {
        Some(-1) => Ok(None),
        Some(n) if (0..=max).contains(&n) => {
            usize::try_from(n).map(Some).map_err(|_| ProtocolError::BadLength)
        }
        _ => Err(ProtocolError::BadLength),
    }
}

fn string(kind: u8, bytes: &[u8]) -> Result<Value, ProtocolError> {
    Ok(match kind {
        b'!' => Value::Error(bytes.to_vec()),
        b'=' => match bytes {
            [a, b, c, b':', text @ ..] => {
                Value::Verbatim { format: [*a, *b, *c], text: text.to_vec() }
            }
            _ => return Err(ProtocolError::BadVerbatim),
        },
        _ => Value::Bulk(bytes.to_vec()),
    })
}

fn double(line: &[u8]) -> Result<f64, ProtocolError> {
    if line.eq_ignore_ascii_case(b"nan") || line.eq_ignore_ascii_case(b"-nan") {
        return Ok(f64::NAN);
    }
    num::parse_f64(line).ok_or(ProtocolError::BadNumber)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Result<Vec<Value>, ProtocolError> {
        let mut parser = ReplyParser::new();
        parser.feed(bytes);
        let mut values = Vec::new();
        while let Some(value) = parser.next()? {
            values.push(value);
        }
        Ok(values)
    }

    fn bulk(text: &str) -> Value {
        Value::Bulk(text.into())
    }

    #[test]
    fn every_type() {
        let bytes = b"+OK\r\n-ERR no\r\n:-7\r\n$2\r\nhi\r\n$-1\r\n*-1\r\n*2\r\n:1\r\n*0\r\n%1\r\n+a\r\n:1\r\n\
            ~1\r\n:1\r\n>1\r\n+m\r\n,1.5\r\n,-inf\r\n#t\r\n#f\r\n=6\r\ntxt:hi\r\n(-12\r\n_\r\n!4\r\nERR \r\n";
        let want = vec![
            Value::Simple(b"OK".to_vec()),
            Value::Error(b"ERR no".to_vec()),
            Value::Int(-7),
            bulk("hi"),
            Value::Null,
            Value::NullArray,
            Value::Array(vec![Value::Int(1), Value::Array(vec![])]),
            Value::Map(vec![(Value::Simple(b"a".to_vec()), Value::Int(1))]),
            Value::Set(vec![Value::Int(1)]),
            Value::Push(vec![Value::Simple(b"m".to_vec())]),
            Value::Double(1.5),
            Value::Double(f64::NEG_INFINITY),
            Value::Bool(true),
            Value::Bool(false),
            Value::Verbatim { format: *b"txt", text: b"hi".to_vec() },
            Value::BigNumber(b"-12".to_vec()),
            Value::Null,
            Value::Error(b"ERR ".to_vec()),
        ];
        assert_eq!(all(bytes).unwrap(), want);
        // Byte by byte gives the same.
        let mut parser = ReplyParser::new();
        let mut got = Vec::new();
        for byte in bytes {
            parser.feed(&[*byte]);
            while let Some(value) = parser.next().unwrap() {
                got.push(value);
            }
        }
        assert_eq!(got, want);
        assert!(parser.is_idle());
        assert_eq!(parser.consumed(), bytes.len() as u64);
    }

    #[test]
    fn attributes_are_dropped() {
        let values = all(b"|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n|1\r\n+a\r\n+b\r\n:2\r\n").unwrap();
        assert_eq!(values, [Value::Array(vec![Value::Int(1), Value::Int(2)])]);
        assert_eq!(all(b"|0\r\n:1\r\n").unwrap(), [Value::Int(1)]);
    }

    #[test]
    fn bytes_behind_a_value_can_be_taken() {
        let mut parser = ReplyParser::new();
        parser.feed(b"+FULLRESYNC\r\n$5\r\nREDIS");
        assert!(parser.next().unwrap().is_some());
        assert_eq!(parser.remaining(), b"$5\r\nREDIS");
        assert_eq!(parser.take_remaining(), b"$5\r\nREDIS");
        assert!(parser.is_idle());
    }

    #[test]
    fn depth_and_sizes_are_bounded() {
        assert_eq!(all(&b"*1\r\n".repeat(100_000)), Err(ProtocolError::TooDeep));
        assert_eq!(all(b"*99999999999\r\n"), Err(ProtocolError::BadLength));
        assert_eq!(all(b"$-2\r\n"), Err(ProtocolError::BadLength));
        assert_eq!(all(b"$?\r\n"), Err(ProtocolError::BadLength));
        assert_eq!(all(b"*4000000000\r\n"), Ok(vec![]));
        assert_eq!(all(&vec![b'+'; MAX_LINE + 3]), Err(ProtocolError::LineTooLong));
        assert_eq!(all(b"$1\r\nabc"), Err(ProtocolError::MissingLineEnd));
        assert_eq!(all(b"x\r\n"), Err(ProtocolError::UnknownType(b'x')));
        assert_eq!(all(b"#x\r\n"), Err(ProtocolError::BadBool));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(pieces in proptest::collection::vec("[-+:$*%~>,#=(_|!0-9ta\r\n]{0,12}", 0..20)) {
            let mut parser = ReplyParser::new();
            for piece in pieces {
                parser.feed(piece.as_bytes());
                while let Ok(Some(_)) = parser.next() {}
            }
        }
    }
}
