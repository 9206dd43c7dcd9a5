//! Replies: RESP2 or RESP3, appended to one buffer that is written once per turn.

use super::command::header;
use super::num;

/// Appends replies to [`ReplyWriter::buf`] in the protocol of the connection.
///
/// An aggregate is announced first (`array(2)`), its elements follow as calls of their own; the
/// caller owes exactly as many as announced (for a map: pairs).
#[derive(Clone, Debug)]
pub struct ReplyWriter {
    /// The bytes not yet taken.
    pub buf: Vec<u8>,
    /// 2 or 3, as HELLO chose.
    pub resp: u8,
}

impl Default for ReplyWriter {
    fn default() -> ReplyWriter {
        ReplyWriter::new(2)
    }
}

impl ReplyWriter {
    pub fn new(resp: u8) -> ReplyWriter {
        ReplyWriter { buf: Vec::new(), resp }
    }

    fn resp3(&self) -> bool {
        self.resp >= 3
    }

    /// Bytes as they are: a reply that was encoded before.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// `+OK⏎`
    pub fn ok(&mut self) {
        self.raw(b"+OK\r\n");
    }

    /// `+text⏎`. Line ends in the text would break the protocol; they become spaces.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// `-text⏎` for a text such as `ERR syntax error`. A dash already in front is not doubled; line
    /// ends around the text fall away and those inside become spaces, as Redis does.
    pub fn error(&mut self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        let text = text.strip_prefix(b"-").unwrap_or(text);
        let is_end = |b: &u8| matches!(b, b'\r' | b'\n');
        let start = text.iter().position(|b| !is_end(b)).unwrap_or(text.len());
        let end = text.iter().rposition(|b| !is_end(b)).map_or(start, |i| i + 1);
        self.line(b'-', &text[start..end]);
    }

    /// `:n⏎`
    pub fn int(&mut self, n: i64) {
        self.buf.push(b':');
        num::push_decimal(&mut self.buf, n);
        self.raw(b"\r\n");
    }

    /// `$len⏎bytes⏎`
    pub fn bulk(&mut self, bytes: &[u8]) {
        header(&mut self.buf, b'$', bytes.len());
        self.raw(bytes);
        self.raw(b"\r\n");
    }

    /// A bulk of text.
    pub fn bulk_str(&mut self, text: &str) {
        self.bulk(text.as_bytes());
    }

    /// An integer as a bulk: `$2⏎42⏎`.
    pub fn bulk_int(&mut self, n: i64) {
        self.bulk(itoa::Buffer::new().format(n).as_bytes());
    }

    /// No value: `$-1⏎`, or `_⏎`.
    pub fn null(&mut self) {
        self.raw(if self.resp3() { b"_\r\n" } else { b"$-1\r\n" });
    }

    /// No array: `*-1⏎`, or `_⏎`.
    pub fn null_array(&mut self) {
        self.raw(if self.resp3() { b"_\r\n" } else { b"*-1\r\n" });
    }

    /// `*n⏎`
    pub fn array(&mut self, n: usize) {
        header(&mut self.buf, b'*', n);
    }

    /// `n` pairs: `%n⏎`, or an array of `2n`.
    pub fn map(&mut self, n: usize) {
        if self.resp3() {
            header(&mut self.buf, b'%', n);
        } else {
            header(&mut self.buf, b'*', 2 * n);
        }
    }

    /// `~n⏎`, or an array.
    pub fn set(&mut self, n: usize) {
        let kind = if self.resp3() { b'~' } else { b'*' };
        header(&mut self.buf, kind, n);
    }

    /// Out-of-band data (a pub/sub message, an invalidation): `>n⏎`, or an array.
    pub fn push(&mut self, n: usize) {
        let kind = if self.resp3() { b'>' } else { b'*' };
        header(&mut self.buf, kind, n);
    }

    /// A double in 17 digits: `,3.5⏎`, or a bulk.
    pub fn double(&mut self, d: f64) {
        let text = num::fmt_f64_17g(d);
        if self.resp3() {
            self.line(b',', text.as_bytes());
        } else {
            self.bulk_str(&text);
        }
    }

    /// `#t⏎` or `#f⏎`; in RESP2 `:1⏎` or `:0⏎`.
    pub fn boolean(&mut self, b: bool) {
        if self.resp3() {
            self.raw(if b { b"#t\r\n" } else { b"#f\r\n" });
        } else {
            self.int(b.into());
        }
    }

    /// Text with a three-letter format (`txt`, `mkd`): `=len⏎txt:…⏎`, or a bulk without it.
    /// A shorter format is padded with blanks, a longer one cut.
    pub fn verbatim(&mut self, format: &str, bytes: &[u8]) {
        if !self.resp3() {
            return self.bulk(bytes);
        }
        header(&mut self.buf, b'=', bytes.len() + 4);
        let mut format = format.bytes();
        for _ in 0..3 {
            self.buf.push(format.next().unwrap_or(b' '));
        }
        self.buf.push(b':');
        self.raw(bytes);
        self.raw(b"\r\n");
    }

    /// An integer of any size, given in digits: `(123…⏎`, or a bulk.
    pub fn big_number(&mut self, digits: &str) {
        if self.resp3() {
            self.line(b'(', digits.as_bytes());
        } else {
            self.bulk_str(digits);
        }
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        self.buf.push(kind);
        self.buf.extend(text.iter().map(|&b| if matches!(b, b'\r' | b'\n') { b' ' } else { b }));
        self.raw(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(write: impl Fn(&mut ReplyWriter)) -> [String; 2] {
        [2, 3].map(|resp| {
            let mut w = ReplyWriter::new(resp);
            write(&mut w);
            String::from_utf8(w.buf).unwrap()
        })
    }

    #[test]
    fn forms_that_differ_between_the_protocols() {
        assert_eq!(both(|w| w.null()), ["$-1\r\n", "_\r\n"]);
        assert_eq!(both(|w| w.null_array()), ["*-1\r\n", "_\r\n"]);
        assert_eq!(both(|w| w.map(3)), ["*6\r\n", "%3\r\n"]);
        assert_eq!(both(|w| w.set(3)), ["*3\r\n", "~3\r\n"]);
        assert_eq!(both(|w| w.push(3)), ["*3\r\n", ">3\r\n"]);
        assert_eq!(
            both(|w| w.double(3.15)),
            ["$18\r\n3.1499999999999999\r\n", ",3.1499999999999999\r\n"]
        );
        assert_eq!(both(|w| w.double(f64::NEG_INFINITY)), ["$4\r\n-inf\r\n", ",-inf\r\n"]);
        assert_eq!(both(|w| w.boolean(true)), [":1\r\n", "#t\r\n"]);
        assert_eq!(both(|w| w.verbatim("txt", b"hi")), ["$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"]);
        assert_eq!(both(|w| w.big_number("123")), ["$3\r\n123\r\n", "(123\r\n"]);
    }

    #[test]
    fn forms_that_are_the_same() {
        assert_eq!(both(|w| w.ok()), ["+OK\r\n", "+OK\r\n"]);
        assert_eq!(both(|w| w.int(i64::MIN))[0], ":-9223372036854775808\r\n");
        assert_eq!(both(|w| w.bulk(b""))[1], "$0\r\n\r\n");
        assert_eq!(both(|w| w.bulk_int(-42))[0], "$3\r\n-42\r\n");
        assert_eq!(both(|w| w.array(0))[0], "*0\r\n");
    }

    #[test]
    fn an_error_is_one_line_with_one_dash() {
        assert_eq!(both(|w| w.error("ERR syntax error"))[0], "-ERR syntax error\r\n");
        assert_eq!(both(|w| w.error("-LOADING x"))[0], "-LOADING x\r\n");
        assert_eq!(both(|w| w.error("ERR a\r\nb\n"))[0], "-ERR a  b\r\n");
        assert_eq!(both(|w| w.error("\r\n"))[0], "-\r\n");
    }
}
