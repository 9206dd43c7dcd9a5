use crate::wire::text::steers;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A bounded, terminal-safe rendering of bytes that came from outside.
///
/// Printable ASCII stays as it is; everything else becomes `\n`, `\xHH` and so on, so that no
/// escape sequence in a key, a value or a name can reach a terminal. At most [`Preview::MAX`]
/// characters are kept; `len` is the length of the original in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Preview {
    text: String,
    len: u64,
}

impl Preview {
    /// How many characters of the rendering are kept.
    pub const MAX: usize = 96;

    /// Renders `bytes`, looking at no more of them than are kept.
    pub fn of(bytes: &[u8]) -> Preview {
        let mut text = String::with_capacity(bytes.len().min(Preview::MAX));
        // Valid UTF-8 letters are shown as letters; a cut in the middle of one is escaped.
        for chunk in bytes[..bytes.len().min(Preview::MAX * 4)].utf8_chunks() {
            for c in chunk.valid().chars() {
                push_char(&mut text, c);
            }
            for b in chunk.invalid() {
                text.push_str(&format!("\\x{b:02x}"));
            }
            if text.len() >= Preview::MAX * 4 {
                break;
            }
        }
        if let Some((cut, _)) = text.char_indices().nth(Preview::MAX) {
            text.truncate(cut);
        }
        Preview { text, len: bytes.len() as u64 }
    }

    /// Renders the beginning of `len` bytes of which only these are at hand.
    pub fn part(bytes: &[u8], len: u64) -> Preview {
        Preview { len: len.max(bytes.len() as u64), ..Preview::of(bytes) }
    }

    /// The rendering, without any mark of truncation.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The length of the original, in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the original was empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the rendering may lack a part of the original.
    pub fn is_cut(&self) -> bool {
        self.len > self.text.chars().count() as u64
    }
}

fn push_char(text: &mut String, c: char) {
    match c {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        // Format characters (bidirectional overrides among them) can repaint what stands around
        // them, so they are spelled out like control characters.
        c if steers(c) => text.push_str(&c.escape_unicode().to_string()),
        c => text.push(c),
    }
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.is_cut() && self.text.chars().count() >= Preview::MAX {
            f.write_str("…")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Preview;

    #[test]
    fn preview_keeps_text_and_escapes_control() {
        assert_eq!(Preview::of(b"xd").to_string(), "xd");
        assert_eq!(Preview::of(b"\x1b[31mred\n").text(), "\\u{1b}[31mred\\n");
        assert_eq!(Preview::of("имя".as_bytes()).text(), "имя");
        assert_eq!(Preview::of(b"\xff\x00").text(), "\\xff\\u{0}");
    }

    #[test]
    fn preview_is_bounded_and_says_so() {
        let long = vec![b'a'; 10_000];
        let p = Preview::of(&long);
        assert_eq!(p.text().len(), Preview::MAX);
        assert_eq!(p.len(), 10_000);
        assert!(p.to_string().ends_with('…'));
    }
}
