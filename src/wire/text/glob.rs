//! Glob patterns of KEYS, SCAN, PSUBSCRIBE, CONFIG GET: `*`, `?`, `[a-c]`, `[^x]`, `\c`.

/// Whether all of `text` matches `pattern`. `nocase` folds ASCII letters.
///
/// Only the latest `*` is ever tried again, so the time is bounded by the product of the lengths. Odd
/// corners are Redis 7.0.15's: an empty text matches only an empty pattern (not even `*`), a class
/// that is not closed reaches to the end of the pattern, its ranges compare bytes as signed.
pub fn glob_match(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut p, mut t) = (0, 0);
    // Behind the latest `*`, and where in the text it was last tried.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if t == text.len() {
            // Text used up: only stars may remain.
            if pattern[p..].iter().all(|b| *b == b'*') {
                return true;
            }
        } else if p < pattern.len() {
            if pattern[p] == b'*' {
                p += pattern[p..].iter().take_while(|b| **b == b'*').count();
                if p == pattern.len() {
                    return true;
                }
                star = Some((p, t));
                continue;
            }
            if let Some(next) = match_one(pattern, p, text[t], nocase) {
                p = next;
                t += 1;
                continue;
            }
        }
        // A mismatch: let the latest star swallow one byte more.
        match star {
            Some((behind, tried)) if tried + 1 < text.len() => {
                star = Some((behind, tried + 1));
                (p, t) = (behind, tried + 1);
            }
            _ => return false,
        }
    }
}

/// Matches one byte against the element at `p`; returns the place behind that element.
fn match_one(pattern: &[u8], p: usize, byte: u8, nocase: bool) -> Option<usize> {
    match pattern[p] {
        b'?' => Some(p + 1),
        b'[' => {
            let (hit, next) = match_class(pattern, p + 1, byte, nocase);
            hit.then_some(next)
        }
        b'\\' if p + 1 < pattern.len() => same(pattern[p + 1], byte, nocase).then_some(p + 2),
        literal => same(literal, byte, nocase).then_some(p + 1),
    }
}

/// Matches a class whose content begins at `p`: whether it holds `byte`, and where the pattern goes on.
fn match_class(pattern: &[u8], mut p: usize, byte: u8, nocase: bool) -> (bool, usize) {
    let negated = pattern.get(p) == Some(&b'^');
    p += usize::from(negated);
    let mut hit = false;
    loop {
        match &pattern[p..] {
            [] => break,
            // An escaped byte is compared as it is, also where case is folded.
            [b'\\', escaped, ..] => {
                hit |= *escaped == byte;
                p += 2;
            }
            [b']', ..] => {
                p += 1;
                break;
            }
            [start, b'-', end, ..] => {
                hit |= in_range(*start, *end, byte, nocase);
                p += 3;
            }
            [literal, ..] => {
                hit |= same(*literal, byte, nocase);
                p += 1;
            }
        }
    }
    (hit != negated, p)
}

fn in_range(start: u8, end: u8, byte: u8, nocase: bool) -> bool {
    // The ends are put in order before their case is folded.
    let ends = if start as i8 > end as i8 { [end, start] } else { [start, end] };
    let [low, high, byte] = [ends[0], ends[1], byte]
        .map(|b| if nocase { b.to_ascii_lowercase() as i8 } else { b as i8 });
    (low..=high).contains(&byte)
}

fn same(a: u8, b: u8, nocase: bool) -> bool {
    a == b || (nocase && a.eq_ignore_ascii_case(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns() {
        for (pattern, text, want) in [
            ("*", "anything", true),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h*llo", "heeeello", true),
            ("h*llo", "hllo", true),
            ("h[ae]llo", "hallo", true),
            ("h[ae]llo", "hillo", false),
            ("h[^e]llo", "hello", false),
            ("h[a-b]llo", "hbllo", true),
            ("h[b-a]llo", "hbllo", true),
            (r"h\*llo", "h*llo", true),
            (r"h\*llo", "hello", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXcYb", false),
            ("a**", "a", true),
            ("*a", "ba", true),
            ("[a", "a", true),
            (r"[\]]", "]", true),
            (r"a\", r"a\", true),
            ("*", "", false),
            ("", "", true),
            ("", "a", false),
            ("a", "ab", false),
            ("*?", "a", true),
            ("a*?", "a", false),
        ] {
            assert_eq!(
                glob_match(pattern.as_bytes(), text.as_bytes(), false),
                want,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn case_is_folded_on_demand() {
        assert!(glob_match(b"MAXMEM*", b"maxmemory", true));
        assert!(!glob_match(b"MAXMEM*", b"maxmemory", false));
        assert!(glob_match(b"[A-C]x", b"bX", true));
        assert!(!glob_match(br"[\B]", b"b", true));
    }

    #[test]
    fn many_stars_stay_quick() {
        let pattern = "a*".repeat(200) + "b";
        assert!(!glob_match(pattern.as_bytes(), "a".repeat(2000).as_bytes(), false));
    }

    /// The definition, tried in every way: for patterns of literals, `?` and `*`.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', p @ ..], _) => (0..=text.len()).any(|n| slow(p, &text[n..])),
            ([b'?', p @ ..], [_, t @ ..]) => slow(p, t),
            ([a, p @ ..], [b, t @ ..]) => a == b && slow(p, t),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab?*]{0,8}", text in "[ab]{1,8}") {
            let got = glob_match(pattern.as_bytes(), text.as_bytes(), false);
            prop_assert_eq!(got, slow(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn garbage_never_panics(pattern in r"[\[\]\\^a*?-]{0,20}", text in proptest::collection::vec(any::<u8>(), 0..20)) {
            glob_match(pattern.as_bytes(), &text, false);
            glob_match(pattern.as_bytes(), &text, true);
        }
    }
}
