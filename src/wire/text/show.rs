//! Bytes made fit to be seen: Redis's quoted form, and previews that no terminal mistakes.

use std::borrow::Cow;

/// The quoted, escaped form that redis-cli prints and MONITOR streams: `"a\n\x00"`. ASCII only.
pub fn repr(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for &byte in bytes {
        push_escaped(&mut out, byte);
    }
    out.push('"');
    out
}

fn push_escaped(out: &mut String, byte: u8) {
    match byte {
        b'\\' | b'"' => out.extend(['\\', byte as char]),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        0x07 => out.push_str("\\a"),
        0x08 => out.push_str("\\b"),
        b' '..=b'~' => out.push(byte as char),
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let digit = |n: u8| HEX[usize::from(n)] as char;
            out.extend(['\\', 'x', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// A preview of at most `max` columns' worth of characters, `…` at its end where something was cut.
/// Letters of any script stay; what could move the cursor, change colours, hide or reorder text is
/// escaped, as are bytes that are no UTF-8.
pub fn printable(bytes: &[u8], max: usize) -> String {
    let mut out = String::new();
    let mut width = 0;
    let mut piece = String::new();
    // A character has at most four bytes: what lies further back cannot show.
    let seen = &bytes[..bytes.len().min(max.saturating_mul(4).saturating_add(4))];
    for chunk in seen.utf8_chunks() {
        let chars = chunk.valid().chars().map(Ok);
        for item in chars.chain(chunk.invalid().iter().copied().map(Err)) {
            piece.clear();
            match item {
                Ok(c) if is_plain(c) => piece.push(c),
                Ok(c) if c.is_ascii() => push_escaped(&mut piece, c as u8),
                Ok(c) => piece.push_str(&format!("\\u{{{:x}}}", c as u32)),
                Err(byte) => push_escaped(&mut piece, byte),
            }
            let piece_width = unicode_width::UnicodeWidthStr::width(piece.as_str());
            if width + piece_width > max {
                return cut(out, max);
            }
            width += piece_width;
            out.push_str(&piece);
        }
    }
    out
}

/// Whether a character could steer a terminal, or hide and reorder what stands around it: controls,
/// direction marks, invisible format characters, separators that some terminals take for line ends.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// The last guard in front of a terminal: spells out what [`steers`]. A tab stays: it moves the
/// cursor, but only onwards.
pub fn safe(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| c == '\t' || !steers(c);
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if harmless(c) => out.push(c),
            c if c.is_ascii() => push_escaped(&mut out, c as u8),
            c => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    Cow::Owned(out)
}

/// Shown as it stands. A character without width (combining, joiner, direction mark) is not.
fn is_plain(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    !c.is_control() && unicode_width::UnicodeWidthChar::width(c).is_some_and(|w| w > 0)
}

/// Ends `text` with an ellipsis inside `max` columns.
fn cut(mut text: String, max: usize) -> String {
    if max == 0 {
        return String::new();
    }
    while unicode_width::UnicodeWidthStr::width(text.as_str()) + 1 > max {
        text.pop();
    }
    text.push('…');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_safe() {
        assert_eq!(safe("a\tb 同步 é ──▶"), "a\tb 同步 é ──▶");
        assert_eq!(safe("\x1b]0;x\x07\r\0"), r"\x1b]0;x\a\r\x00");
        for c in ['\u{9b}', '\u{7f}', '\u{61c}', '\u{202e}', '\u{2028}', '\u{2066}', '\u{e0041}'] {
            let text = safe(&format!("a{c}b")).into_owned();
            assert!(!text.contains(c) && text.starts_with("a\\"), "{text}");
        }
    }

    #[test]
    fn quoted_form() {
        assert_eq!(repr(b"xd"), r#""xd""#);
        assert_eq!(repr(b"\"\\\n\r\t\x07\x08"), r#""\"\\\n\r\t\a\b""#);
        assert_eq!(repr("é\0".as_bytes()), r#""\xc3\xa9\x00""#);
    }

    #[test]
    fn previews() {
        assert_eq!(printable(b"name", 10), "name");
        assert_eq!(printable(b"0123456789", 10), "0123456789");
        assert_eq!(printable(b"0123456789a", 10), "012345678…");
        assert_eq!(printable("größe 键".as_bytes(), 20), "größe 键");
        assert_eq!(printable("键键键".as_bytes(), 5), "键键…");
        assert_eq!(printable(b"\x1b[31mred\xff", 40), r"\x1b[31mred\xff");
        assert_eq!(printable("a\u{202e}b".as_bytes(), 40), r"a\u{202e}b");
        assert_eq!(printable("a\u{9b}b".as_bytes(), 40), r"a\u{9b}b");
        assert_eq!(printable(b"abc", 0), "");
        assert_eq!(printable(b"abc", 1), "…");
    }

    proptest! {
        #[test]
        fn a_preview_is_harmless_and_narrow(bytes in proptest::collection::vec(any::<u8>(), 0..60), max in 0usize..30) {
            let text = printable(&bytes, max);
            prop_assert!(unicode_width::UnicodeWidthStr::width(text.as_str()) <= max);
            prop_assert!(text.chars().all(|c| !c.is_control()));
        }
    }
}
