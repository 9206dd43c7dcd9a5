//! Bytes in columns: where they lie, the bytes, what they read as.

use super::frame::Text;
use crate::tui::text::{fit, fit_right, grouped, width};
use crate::tui::theme::Mark;

/// Cells that the places of so many bytes need.
pub fn room(bytes: u64) -> usize {
    width(&grouped(i64::try_from(bytes).unwrap_or(i64::MAX))).max(5)
}

/// A place, in a column of `cells`.
pub fn place(at: &str, cells: usize) -> Text {
    Text::of(Mark::Quiet, format!("{} ", fit_right(at, cells)))
}

/// `2a 33 0d`, in a column for `per` bytes.
pub fn bytes(bytes: &[u8], per: usize) -> String {
    let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    fit(&hex.join(" "), (per * 3).saturating_sub(1))
}

/// The same bytes as characters; line ends have signs of their own.
pub fn letters(bytes: &[u8]) -> String {
    bytes.iter().map(|b| glyph(*b)).collect()
}

fn glyph(b: u8) -> char {
    match b {
        b'\r' => '␍',
        b'\n' => '␊',
        0x20..=0x7e => b as char,
        _ => '·',
    }
}
