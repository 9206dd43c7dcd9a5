//! Small things that every pane needs to print: grouped numbers, sizes, times, clipping by the
//! width that a terminal gives a character, and the last guard against escape sequences.

use crate::wire::text::steers;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `1234567` → `1,234,567`.
pub fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        out.push('-');
    }
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `grouped` for counts.
pub fn count(n: u64) -> String {
    grouped(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A size with its unit: `31 B`, `1.5 KB`, `3.1 MB`. Steps are 1024, as in redis.conf's `1mb`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let number = format!("{value:.1}");
    format!("{} {}", number.strip_suffix(".0").unwrap_or(&number), UNITS[unit])
}

/// Time since a link's conversation began: `+0.002`, `+12.345`, `+2:05.1`, `+10:21`. Seven cells at
/// most, for sixteen hours: that is how wide the column of times is.
pub fn since_start(us: u64) -> String {
    if us < 60_000_000 {
        return format!("+{:.3}", us as f64 / 1e6);
    }
    let tenths = (us + 50_000) / 100_000;
    let (m, s) = (tenths / 600, tenths % 600);
    match m {
        0..10 => format!("+{m}:{:02}.{}", s / 10, s % 10),
        _ => format!("+{m}:{:02}", s / 10),
    }
}

/// How long ago or for how long: `0.4 s`, `41 s`, `2 min 5 s`, `1 h 2 min`.
pub fn span(us: u64) -> String {
    let s = us as f64 / 1e6;
    if s < 10.0 {
        return format!("{s:.1} s");
    }
    let s = us / 1_000_000;
    match s {
        0..=119 => format!("{s} s"),
        120..=7199 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

/// A running time as a clock shows it: `04:12`, `1:04:12`.
pub fn clock(us: u64) -> String {
    let s = us / 1_000_000;
    if s < 3600 {
        format!("{:02}:{:02}", s / 60, s % 60)
    } else {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }
}

/// How many cells the text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to at most `max` cells, with an ellipsis where something is missing.
pub fn clip(text: &str, max: usize) -> String {
    if text.width() <= max {
        return text.to_owned();
    }
    if max == 0 {
        return String::new();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w > max - 1 {
            break;
        }
        used += w;
        out.push(c);
    }
    out.push('…');
    out
}

/// Cut in the middle: names that are numbered differ at their ends.
pub fn clip_middle(text: &str, max: usize) -> String {
    if text.width() <= max || max < 5 {
        return clip(text, max);
    }
    let tail_cells = (max - 1) / 2;
    let head: String = clip(text, max - tail_cells);
    let mut tail: Vec<char> = Vec::new();
    let mut used = 0;
    for c in text.chars().rev() {
        let w = c.width().unwrap_or(0);
        if used + w > tail_cells {
            break;
        }
        used += w;
        tail.push(c);
    }
    head + &tail.iter().rev().collect::<String>()
}

/// Cut or padded with blanks to exactly `cells`.
pub fn fit(text: &str, cells: usize) -> String {
    let mut out = clip(text, cells);
    let used = out.width();
    out.extend(std::iter::repeat_n(' ', cells.saturating_sub(used)));
    out
}

/// `fit`, aligned to the right.
pub fn fit_right(text: &str, cells: usize) -> String {
    let out = clip(text, cells);
    let pad = cells.saturating_sub(out.width());
    format!("{}{out}", " ".repeat(pad))
}

/// Breaks a line at blanks so that no piece is wider than `max`; words that are too wide are cut,
/// behind a `-` or `_` where they have one. A unit stays with its number.
pub fn wrap(text: &str, max: usize) -> Vec<String> {
    let max = max.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words(text) {
        let mut word = word;
        loop {
            let gap = usize::from(!line.is_empty());
            if line.width() + gap + word.width() <= max {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if line.is_empty() {
                let cut = head(word, max);
                lines.push(word[..cut].to_owned());
                word = &word[cut..];
                if word.is_empty() {
                    break;
                }
            } else {
                lines.push(std::mem::take(&mut line));
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// What must not stand alone at the beginning of a line.
const UNITS: [&str; 8] = ["%", "B", "KB", "MB", "GB", "ms", "s", "min"];

/// The pieces between blanks, a unit that must not stand alone left with its number.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let all = rest?;
        let mut end = all.find(' ').unwrap_or(all.len());
        let next = all[end..].strip_prefix(' ').unwrap_or_default();
        let unit = next.split([' ', ',', ':', ';', '.']).next().unwrap_or_default();
        if UNITS.contains(&unit) && all[..end].ends_with(|c: char| c.is_ascii_digit()) {
            end += 1 + next.find(' ').unwrap_or(next.len());
        }
        rest = all.get(end + 1..);
        Some(&all[..end])
    })
}

/// The byte length of the longest head of `text` that fits `max` cells (at least one character).
fn head(text: &str, max: usize) -> usize {
    let mut used = 0;
    for (i, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > max && i > 0 {
            let joint = text[..i].rfind(['-', '_']).map(|at| at + 1);
            return joint.filter(|at| *at > 1).unwrap_or(i);
        }
    }
    text.len()
}

/// Control and format characters spelled out. Everything that was not made by `Preview` goes
/// through here before it is drawn: log lines, file contents, typed text.
pub fn safe(text: &str) -> String {
    if text.chars().all(|c| !steers(c)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            c if steers(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// A bar of `cells` cells, `done` of `total` filled.
pub fn bar(done: u64, total: u64, cells: usize) -> String {
    let full = if total == 0 {
        0
    } else {
        (done.min(total) as u128 * cells as u128 / total as u128) as usize
    };
    format!("{}{}", "▓".repeat(full), "░".repeat(cells - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_have_units() {
        assert_eq!(grouped(-1_234_567), "-1,234,567");
        assert_eq!(grouped(999), "999");
        assert_eq!(size(31), "31 B");
        assert_eq!(size(1 << 20), "1 MB");
        assert_eq!(size(3_250_586), "3.1 MB");
        assert_eq!(size(u64::MAX), "16384 PB");
    }

    #[test]
    fn times_grow_with_their_size() {
        assert_eq!(since_start(2_000), "+0.002");
        assert_eq!(since_start(125_100_000), "+2:05.1");
        assert_eq!(since_start(179_970_000), "+3:00.0");
        assert_eq!(since_start(621_300_000), "+10:21");
        assert_eq!(span(400_000), "0.4 s");
        assert_eq!(span(41_000_000), "41 s");
        assert_eq!(clock(252_000_000), "04:12");
    }

    #[test]
    fn wide_characters_are_counted_by_their_cells() {
        assert_eq!(clip("同步同步", 5), "同步…");
        assert_eq!(width(&fit("同步", 7)), 7);
        assert_eq!(clip_middle("key:000000000042", 8), "key:…042");
        assert_eq!(wrap("同步同步", 4), ["同步", "同步"]);
    }

    #[test]
    fn no_escape_sequence_survives() {
        assert_eq!(safe("\x1b[2Jhi\r"), "\\u{1b}[2Jhi\\u{d}");
        assert_eq!(safe("\u{202e}x"), "\\u{202e}x");
    }

    #[test]
    fn wrapping_keeps_every_word() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("encoded at 17 %, so", 13), ["encoded at", "17 %, so"]);
        assert_eq!(wrap("repl-diskless-sync-delay", 18), ["repl-diskless-", "sync-delay"]);
    }
}
