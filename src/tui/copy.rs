//! Copying: a pane's text, or a selected row, goes into the clipboard of the terminal that shows
//! the screen, on whatever machine that is (OSC 52).
//!
//! Most terminals take it at once; some ask, or want it switched on. Under tmux it needs
//! `set -g set-clipboard on` (`external`, the usual value, refuses programs inside).
//! Only [`sequence`] makes bytes for the terminal, and only the loop writes them there.

use super::app::{App, Ask, Focus, Pane, Popup};
use super::reduce::console::ConsoleLine;
use super::view;

/// Terminals drop what is longer than this when it is encoded; so many bytes of text fit.
const MOST: usize = 74_000 / 4 * 3;

impl App {
    /// Copies what has the keys: the text of the open box, the selected row, or the whole pane.
    pub(super) fn copy(&mut self) {
        let (what, text) = match (&self.popup, self.focus) {
            (Some(Popup::Why(shown)), _) => ("the explanation", view::why_text(self, &shown.of)),
            (Some(Popup::Whys(_)), _) => ("the list of whys", view::whys_text(self)),
            (Some(Popup::Help(_)), _) => ("the help", view::help_text(self)),
            (Some(Popup::Differences(_)), _) => ("the differences", view::differences_text(self)),
            (Some(Popup::Steps(_)), _) => ("the steps that wait", view::steps_text(self)),
            (_, Focus::Console) => ("the console's text", console_text(self)),
            (_, Focus::Pane(Pane::Sequence)) if self.selected().is_some() => {
                ("the selected row", view::row_text(self))
            }
            (_, Focus::Pane(pane)) => (pane.name(), view::pane_text(self, pane)),
        };
        let (text, cut) = shortened(&text);
        if text.trim().is_empty() {
            self.notice = Some(format!("{what}: nothing to copy yet"));
            return;
        }
        let lines = text.lines().count();
        let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
        let cut = if cut { ", the beginning was too much" } else { "" };
        self.notice = Some(format!("copied: {what}, {lines}{cut}"));
        let text = text.to_owned();
        self.ask(Ask::Copy(text));
    }
}

/// What the console shows, from the oldest line kept.
fn console_text(app: &App) -> String {
    let mut out = String::new();
    for line in &app.world.console.lines {
        match line {
            ConsoleLine::Typed { prompt, line } => {
                out.push_str(&super::text::safe(prompt));
                out.push_str(&super::text::safe(line));
            }
            ConsoleLine::Answer(line) => {
                line.0.iter().for_each(|span| out.push_str(&super::text::safe(&span.text)));
            }
        }
        out.push('\n');
    }
    out
}

/// The end of a text that is too long, from the beginning of a line, and whether it was.
fn shortened(text: &str) -> (&str, bool) {
    if text.len() <= MOST {
        return (text, false);
    }
    let mut from = text.len() - MOST;
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let tail = &text[from..];
    (tail.split_once('\n').map_or(tail, |(_, rest)| rest), true)
}

/// What a terminal takes as "put this into the clipboard".
pub fn sequence(text: &str) -> String {
    format!("\x1b]52;c;{}\x07", base64(text.as_bytes()))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let n = three.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            let digit = DIGITS[(n >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= three.len() { digit as char } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_osc_52_with_base64() {
        // The examples of RFC 4648, section 10.
        for (text, code) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), code);
        }
        assert_eq!(sequence("foo"), "\x1b]52;c;Zm9v\x07");
    }

    #[test]
    fn too_long_a_text_keeps_its_end_from_the_beginning_of_a_line() {
        let long: String = (0..10_000).map(|i| format!("line {i} é\n")).collect();
        let (tail, cut) = shortened(&long);
        assert!(cut && tail.len() <= MOST && tail.starts_with("line "));
        assert!(tail.ends_with("line 9999 é\n"));
        assert_eq!(shortened("short"), ("short", false));
    }
}
