//! Replies as redis-cli 7.0 prints them on a terminal, and (for `synclab cli`) into a pipe.
//!
//! One difference: nothing that comes from a server reaches the terminal unescaped. redis-cli
//! prints simple strings, errors and INFO's text as they are.

use crate::observe::{Answer, Label};
use crate::wire::num;
use crate::wire::text::{repr, steers};
use crate::wire::value::Value;

/// Whether redis-cli prints this command's reply as plain text, without quotes.
pub fn is_raw<A: AsRef<[u8]>>(argv: &[A]) -> bool {
    let word = |i: usize| argv.get(i).map(|a| a.as_ref().to_ascii_lowercase()).unwrap_or_default();
    let (first, second) = (word(0), word(1));
    match first.as_slice() {
        b"info" | b"lolwut" => true,
        b"debug" => matches!(second.as_slice(), b"htstats" | b"htstats-key" | b"client-eviction"),
        b"memory" => matches!(second.as_slice(), b"malloc-stats" | b"doctor"),
        b"cluster" => argv.len() == 2 && matches!(second.as_slice(), b"nodes" | b"info"),
        b"client" => matches!(second.as_slice(), b"list" | b"info"),
        b"latency" => {
            (argv.len() == 3 && second == b"graph") || (argv.len() == 2 && second == b"doctor")
        }
        _ => false,
    }
}

/// Whether this is a RESP3 message that came before the reply to the command, and is none itself:
/// what a subscriber or a tracking client is told.
pub fn is_message<A: AsRef<[u8]>>(argv: &[A], value: &Value) -> bool {
    let name = argv.first().map(|a| a.as_ref().to_ascii_lowercase()).unwrap_or_default();
    matches!(value, Value::Push(_)) && !name.ends_with(b"subscribe")
}

/// The reply as an answer: redis-cli's terminal format (`raw`: as plain text).
pub fn format(value: &Value, raw: bool) -> Answer {
    let label = if value.error().is_some() { Label::Error } else { Label::Reply };
    let text = if raw { shown(&pipe_text(value)) } else { tty_text(value) };
    let mut answer = Answer::text(label, &text);
    if answer.lines.is_empty() {
        // `+` with nothing behind it is an empty line, not no line.
        answer.push(label, "");
    }
    answer
}

/// The terminal format, lines joined by `\n`, without the last line end.
pub fn tty_text(value: &Value) -> String {
    let mut out = String::new();
    tty(&mut out, value, "");
    if out.ends_with('\n') {
        out.pop();
    }
    out
}

fn tty(out: &mut String, value: &Value, prefix: &str) {
    match value {
        Value::Error(text) => out.push_str(&format!("(error) {}\n", shown(text))),
        Value::Simple(text) => out.push_str(&format!("{}\n", shown(text))),
        Value::Int(n) => out.push_str(&format!("(integer) {n}\n")),
        Value::Double(d) => out.push_str(&format!("(double) {}\n", double(*d))),
        Value::Bulk(bytes) | Value::BigNumber(bytes) => out.push_str(&format!("{}\n", repr(bytes))),
        Value::Verbatim { text, .. } => out.push_str(&format!("{}\n", shown(text))),
        Value::Null | Value::NullArray => out.push_str("(nil)\n"),
        Value::Bool(true) => out.push_str("(true)\n"),
        Value::Bool(false) => out.push_str("(false)\n"),
        Value::Array(items) => list(out, items, prefix, ')', "(empty array)"),
        Value::Set(items) => list(out, items, prefix, '~', "(empty set)"),
        Value::Push(items) => list(out, items, prefix, ')', "(empty push)"),
        Value::Map(pairs) => map(out, pairs, prefix),
    }
}

fn list(out: &mut String, items: &[Value], prefix: &str, mark: char, empty: &str) {
    if items.is_empty() {
        out.push_str(empty);
        out.push('\n');
        return;
    }
    let width = items.len().to_string().len();
    let inner = format!("{prefix}{}", " ".repeat(width + 2));
    for (i, item) in items.iter().enumerate() {
        // The first element stands on the line that its parent began.
        let lead = if i == 0 { "" } else { prefix };
        out.push_str(&format!("{lead}{:>width$}{mark} ", i + 1));
        tty(out, item, &inner);
    }
}

fn map(out: &mut String, pairs: &[(Value, Value)], prefix: &str) {
    if pairs.is_empty() {
        out.push_str("(empty hash)\n");
        return;
    }
    let width = pairs.len().to_string().len();
    let inner = format!("{prefix}{}", " ".repeat(width + 2));
    for (i, (key, value)) in pairs.iter().enumerate() {
        let lead = if i == 0 { "" } else { prefix };
        out.push_str(&format!("{lead}{:>width$}# ", i + 1));
        tty(out, key, &inner);
        out.pop();
        out.push_str(" => ");
        if takes_lines(value) {
            out.push('\n');
            out.push_str(&inner);
        }
        tty(out, value, &inner);
    }
}

/// Whether a value in a map needs more than one line.
fn takes_lines(value: &Value) -> bool {
    match value {
        Value::Array(items) | Value::Set(items) | Value::Push(items) => match items.as_slice() {
            [] => false,
            [one] => takes_lines(one),
            _ => true,
        },
        Value::Map(pairs) => match pairs.as_slice() {
            [] => false,
            [(_, value)] => takes_lines(value),
            _ => true,
        },
        _ => false,
    }
}

/// The pipe format: the bytes alone, elements on lines of their own, nil as nothing. Unescaped:
/// what is done with it is the pipe's reader's concern.
pub fn pipe_text(value: &Value) -> Vec<u8> {
    match value {
        Value::Null | Value::NullArray => Vec::new(),
        // An error ends with a line end of its own, before the one that ends every reply.
        Value::Error(text) => [text.as_slice(), b"\n"].concat(),
        Value::Simple(b) | Value::Bulk(b) | Value::BigNumber(b) => b.clone(),
        Value::Verbatim { text, .. } => text.clone(),
        Value::Bool(b) => if *b { "(true)" } else { "(false)" }.into(),
        Value::Int(n) => n.to_string().into_bytes(),
        Value::Double(d) => double(*d).into_bytes(),
        Value::Array(items) | Value::Set(items) | Value::Push(items) => {
            items.iter().map(pipe_text).collect::<Vec<_>>().join(&b'\n')
        }
        Value::Map(pairs) => {
            let pair =
                |(k, v): &(Value, Value)| [pipe_text(k), b" ".to_vec(), pipe_text(v)].concat();
            pairs.iter().map(pair).collect::<Vec<_>>().join(&b'\n')
        }
    }
}

fn double(d: f64) -> String {
    if d.is_infinite() {
        return if d > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    num::fmt_f64_17g(d)
}

/// Text for a terminal: lines stay lines, all that could steer the terminal is spelled out.
pub fn shown(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\n' | '\t' => out.push(c),
                '\r' if chars.peek() == Some(&'\n') => {}
                c if c.is_control() => out.push_str(&format!("\\x{:02x}", c as u32)),
                // Bidirectional overrides and invisible marks repaint what stands around them.
                c if steers(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
                c => out.push(c),
            }
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\x{b:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::value::ReplyParser;

    fn value(resp: &[u8]) -> Value {
        let mut parser = ReplyParser::new();
        parser.feed(resp);
        parser.next().expect("well formed").expect("whole")
    }

    #[track_caller]
    fn check(resp: &[u8], printed: &str) {
        assert_eq!(tty_text(&value(resp)), printed);
    }

    #[test]
    fn reply_tty_scalars() {
        check(b"+OK\r\n", "OK");
        check(b":-7\r\n", "(integer) -7");
        check(b"$2\r\nxd\r\n", "\"xd\"");
        check(b"$6\r\na\"\n\x1b\xffz\r\n", r#""a\"\n\x1b\xffz""#);
        check(b"$-1\r\n", "(nil)");
        check(b"*-1\r\n", "(nil)");
        check(b"-ERR unknown\r\n", "(error) ERR unknown");
        check(b",1.5\r\n", "(double) 1.5");
        check(b",inf\r\n", "(double) inf");
        check(b"#t\r\n", "(true)");
        check(b"_\r\n", "(nil)");
        check(b"=9\r\ntxt:a\nb c\r\n", "a\nb c");
    }

    #[test]
    fn reply_tty_aggregates() {
        check(b"*0\r\n", "(empty array)");
        check(b"%0\r\n", "(empty hash)");
        check(b"~0\r\n", "(empty set)");
        check(
            b"*2\r\n$1\r\na\r\n*2\r\n:1\r\n*0\r\n",
            "1) \"a\"\n2) 1) (integer) 1\n   2) (empty array)",
        );
        check(b"~1\r\n+a\r\n", "1~ a");
        check(
            b"%2\r\n$1\r\nk\r\n:1\r\n$1\r\nm\r\n*2\r\n:1\r\n:2\r\n",
            "1# \"k\" => (integer) 1\n2# \"m\" => \n   1) (integer) 1\n   2) (integer) 2",
        );
        let mut ten = b"*10\r\n".to_vec();
        ten.extend(b":1\r\n".repeat(10));
        assert!(tty_text(&value(&ten)).starts_with(" 1) (integer) 1\n 2) "));
        assert!(tty_text(&value(&ten)).ends_with("\n10) (integer) 1"));
    }

    #[test]
    fn reply_never_steers_the_terminal() {
        check(b"+a\x1b[31mb\r\n", "a\\x1b[31mb");
        check(b"-ERR \x07\r\n", "(error) ERR \\x07");
        let info = format(&value(b"$11\r\n# A\r\nb:\x1bc\r\n\r\n"), true);
        assert_eq!(info.plain(), "# A\nb:\\x1bc");
    }

    #[test]
    fn reply_pipe_format() {
        let pipe = |resp: &[u8]| String::from_utf8(pipe_text(&value(resp))).unwrap();
        assert_eq!(pipe(b"*2\r\n$1\r\na\r\n$1\r\nb\r\n"), "a\nb");
        assert_eq!(pipe(b"$-1\r\n"), "");
        assert_eq!(pipe(b":5\r\n"), "5");
        assert_eq!(pipe(b"-ERR x\r\n"), "ERR x\n");
        assert_eq!(pipe(b"%1\r\n+a\r\n:1\r\n"), "a 1");
    }

    #[test]
    fn raw_commands() {
        assert!(is_raw(&["INFO", "replication"]) && is_raw(&["client", "LIST"]));
        assert!(!is_raw(&["get", "info"]) && !is_raw(&["client", "id"]));
    }
}
