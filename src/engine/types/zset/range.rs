//! Ranges of scores and of members, as commands write them.

use crate::wire::num::parse_f64;

/// From `min` to `max`, each of them part of it or not. No NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    pub min: f64,
    pub min_open: bool,
    pub max: f64,
    pub max_open: bool,
}

impl ScoreRange {
    /// Reads `1.5`, `(1.5`, `-inf` and the like; `None` if one is no number.
    pub fn parse(min: &[u8], max: &[u8]) -> Option<ScoreRange> {
        let (min, min_open) = score_bound(min)?;
        let (max, max_open) = score_bound(max)?;
        Some(ScoreRange { min, min_open, max, max_open })
    }

    /// Whether the score lies above the lower end.
    pub fn above_min(&self, score: f64) -> bool {
        if self.min_open { score > self.min } else { score >= self.min }
    }

    /// Whether the score lies below the upper end.
    pub fn below_max(&self, score: f64) -> bool {
        if self.max_open { score < self.max } else { score <= self.max }
    }

    /// Whether no score can lie in it.
    pub fn is_empty(&self) -> bool {
        self.min > self.max || (self.min == self.max && (self.min_open || self.max_open))
    }
}

/// One end of a range, as C's strtod reads it: blanks in front, an empty text is 0, a number too
/// large is infinite, a NUL ends the text.
fn score_bound(text: &[u8]) -> Option<(f64, bool)> {
    let (text, open) = match text {
        [b'(', rest @ ..] => (rest, true),
        _ => (text, false),
    };
    let end = text.iter().position(|b| *b == 0).unwrap_or(text.len());
    let text = &text[..end];
    if text.is_empty() {
        return Some((0.0, open));
    }
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|b| !is_blank(b))?;
    let text = &text[start..];
    let number = parse_f64(text).or_else(|| {
        // Out of range: C gives the infinite, or zero.
        let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
        let numeric = digits.first().is_some_and(|b| b.is_ascii_digit() || *b == b'.');
        let text = std::str::from_utf8(text).ok().filter(|_| numeric)?;
        text.parse::<f64>().ok()
    })?;
    Some((number, open))
}

/// One end of a range of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// `-`: before all.
    Least,
    /// `+`: behind all.
    Greatest,
    /// `[text`
    Closed(&'a [u8]),
    /// `(text`
    Open(&'a [u8]),
}

/// Members between two texts, by their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LexRange<'a> {
    pub min: LexBound<'a>,
    pub max: LexBound<'a>,
}

impl<'a> LexRange<'a> {
    /// Reads `[a`, `(a`, `-`, `+`; `None` for anything else.
    pub fn parse(min: &'a [u8], max: &'a [u8]) -> Option<LexRange<'a>> {
        Some(LexRange { min: lex_bound(min)?, max: lex_bound(max)? })
    }

    /// Whether the member lies above the lower end.
    pub fn above_min(&self, member: &[u8]) -> bool {
        match self.min {
            LexBound::Least => true,
            LexBound::Greatest => false,
            LexBound::Closed(text) => member >= text,
            LexBound::Open(text) => member > text,
        }
    }

    /// Whether the member lies below the upper end.
    pub fn below_max(&self, member: &[u8]) -> bool {
        match self.max {
            LexBound::Least => false,
            LexBound::Greatest => true,
            LexBound::Closed(text) => member <= text,
            LexBound::Open(text) => member < text,
        }
    }

    /// Whether no member can lie in it.
    pub fn is_empty(&self) -> bool {
        use LexBound::{Closed, Greatest, Least, Open};
        match (self.min, self.max) {
            (Greatest, _) | (_, Least) => true,
            (Least, _) | (_, Greatest) => false,
            (Closed(min), Closed(max)) => min > max,
            (Closed(min) | Open(min), Closed(max) | Open(max)) => min >= max,
        }
    }
}

fn lex_bound(text: &[u8]) -> Option<LexBound<'_>> {
    match text {
        // C's string ends at a NUL.
        [b'-'] | [b'-', 0, ..] => Some(LexBound::Least),
        [b'+'] | [b'+', 0, ..] => Some(LexBound::Greatest),
        [b'[', rest @ ..] => Some(LexBound::Closed(rest)),
        [b'(', rest @ ..] => Some(LexBound::Open(rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_read_as_strtod_does() {
        for (text, want) in [
            (&b"1.5"[..], Some((1.5, false))),
            (b"(1.5", Some((1.5, true))),
            (b"", Some((0.0, false))),
            (b"(", Some((0.0, true))),
            (b" 3", Some((3.0, false))),
            (b"1e400", Some((f64::INFINITY, false))),
            (b"-1e400", Some((f64::NEG_INFINITY, false))),
            (b"1e-400", Some((0.0, false))),
            (b"(-inf", Some((f64::NEG_INFINITY, true))),
            (b"2\0x", Some((2.0, false))),
            (b" ", None),
            (b"3 ", None),
            (b"nan", None),
            (b"x", None),
            (b"((1", None),
        ] {
            assert_eq!(score_bound(text), want, "{text:?}");
        }
    }

    #[test]
    fn ranges_of_members() {
        let range = LexRange::parse(b"[b", b"(d").unwrap();
        let inside = |m: &[u8]| range.above_min(m) && range.below_max(m);
        assert!(inside(b"b") && inside(b"cc") && !inside(b"d") && !inside(b"a"));
        for (min, max, empty) in [
            (&b"[a"[..], &b"[a"[..], false),
            (b"[a", b"(a", true),
            (b"-", b"-", true),
            (b"+", b"+", true),
            (b"-", b"+", false),
            (b"+", b"[z", true),
        ] {
            assert_eq!(LexRange::parse(min, max).unwrap().is_empty(), empty);
        }
        assert_eq!(LexRange::parse(b"a", b"[b"), None);
        assert_eq!(LexRange::parse(b"-x", b"+"), None);
    }
}
