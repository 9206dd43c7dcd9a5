//! Splitting a line into arguments: inline requests, redis-cli lines, redis.conf.

/// A quote is not closed, or something other than a blank follows a closing quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unbalanced quotes")]
pub struct Unbalanced;

/// The arguments of `line`, unquoted.
///
/// In double quotes `\n \r \t \b \a \xHH` are escapes and any other `\c` is `c`; in single quotes only
/// `\'` is one. A quote may open in the middle of an argument, but closing it ends the argument. A NUL
/// ends the line.
pub fn split_args(line: &[u8]) -> Result<Vec<Vec<u8>>, Unbalanced> {
    let line = &line[..memchr::memchr(0, line).unwrap_or(line.len())];
    let mut args = Vec::new();
    let mut rest = line;
    loop {
        let start = rest.iter().position(|b| !is_space(*b)).unwrap_or(rest.len());
        rest = &rest[start..];
        if rest.is_empty() {
            return Ok(args);
        }
        let (arg, tail) = take_arg(rest)?;
        args.push(arg);
        rest = tail;
    }
}

fn take_arg(mut rest: &[u8]) -> Result<(Vec<u8>, &[u8]), Unbalanced> {
    let mut arg = Vec::new();
    loop {
        let Some((byte, tail)) = rest.split_first() else { return Ok((arg, rest)) };
        match byte {
            b'"' => {
                let rest = double_quoted(tail, &mut arg)?;
                return Ok((arg, rest));
            }
            b'\'' => {
                let rest = single_quoted(tail, &mut arg)?;
                return Ok((arg, rest));
            }
            // Vertical tab and form feed separate arguments but do not end one.
            b' ' | b'\n' | b'\r' | b'\t' => return Ok((arg, tail)),
            other => arg.push(*other),
        }
        rest = tail;
    }
}

fn double_quoted<'a>(mut rest: &'a [u8], arg: &mut Vec<u8>) -> Result<&'a [u8], Unbalanced> {
    loop {
        rest = match rest {
            [] => return Err(Unbalanced),
            [b'\\', b'x', high, low, tail @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |b: &u8| (*b as char).to_digit(16).unwrap_or(0) as u8;
                arg.push(digit(high) << 4 | digit(low));
                tail
            }
            [b'\\', escaped, tail @ ..] => {
                arg.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                tail
            }
            [b'"', tail @ ..] => return after_quote(tail),
            [byte, tail @ ..] => {
                arg.push(*byte);
                tail
            }
        };
    }
}

fn single_quoted<'a>(mut rest: &'a [u8], arg: &mut Vec<u8>) -> Result<&'a [u8], Unbalanced> {
    loop {
        rest = match rest {
            [] => return Err(Unbalanced),
            [b'\\', b'\'', tail @ ..] => {
                arg.push(b'\'');
                tail
            }
            [b'\'', tail @ ..] => return after_quote(tail),
            [byte, tail @ ..] => {
                arg.push(*byte);
                tail
            }
        };
    }
}

fn after_quote(tail: &[u8]) -> Result<&[u8], Unbalanced> {
    match tail.first() {
        Some(byte) if !is_space(*byte) => Err(Unbalanced),
        _ => Ok(tail),
    }
}

/// C's isspace: Rust's ASCII whitespace and the vertical tab.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

#[cfg(test)]
mod tests {
    use super::super::repr;
    use super::*;
    use proptest::prelude::*;

    fn split(line: &str) -> Option<Vec<String>> {
        let args = split_args(line.as_bytes()).ok()?;
        Some(args.into_iter().map(|a| String::from_utf8_lossy(&a).into_owned()).collect())
    }

    #[test]
    fn lines_and_their_arguments() {
        for (line, want) in [
            ("SET name xd", &["SET", "name", "xd"][..]),
            ("  a\tb\r\n", &["a", "b"]),
            ("", &[]),
            (" \x0b ", &[]),
            (r#"set k "a b\n\x41\q""#, &["set", "k", "a b\nAq"]),
            (r#"'it\'s' '\n'"#, &["it's", r"\n"]),
            (r#"ab"cd" e"#, &["abcd", "e"]),
            (r#""" ''"#, &["", ""]),
            (r#""\xzz""#, &["xzz"]),
            ("a\0b", &["a"]),
            ("a\x0bb", &["a\x0bb"]),
        ] {
            assert_eq!(split(line).unwrap(), want, "{line:?}");
        }
    }

    #[test]
    fn quotes_that_do_not_balance() {
        for line in [r#"""#, "'", r#""a"b"#, "'a'b", r#""a\"#, r#"x "a\""#, "\"a\0\""] {
            assert_eq!(split(line), None, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_splits_back(args in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..6)) {
            let line = args.iter().map(|a| repr(a)).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split_args(line.as_bytes()).unwrap(), args);
        }

        #[test]
        fn garbage_never_panics(line in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = split_args(&line);
        }
    }
}
