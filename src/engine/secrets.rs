//! Which words of a command must not be shown.

use crate::observe::Preview;

/// Whether word `i` is a password (or the user's name beside it, which Redis hides too).
pub(crate) fn is_secret(words: &[&[u8]], i: usize) -> bool {
    let Some(name) = words.first() else { return false };
    if i == 0 {
        return false;
    }
    let is = |i: usize, word: &str| {
        words.get(i).is_some_and(|w| w.eq_ignore_ascii_case(word.as_bytes()))
    };
    if name.eq_ignore_ascii_case(b"auth") {
        return true;
    }
    if name.eq_ignore_ascii_case(b"hello") {
        return (i >= 3 && is(i - 1, "auth")) || (i >= 4 && is(i - 2, "auth"));
    }
    if name.eq_ignore_ascii_case(b"migrate") {
        let keys = (6..i).any(|at| is(at, "keys"));
        return !keys
            && ((i >= 7 && (is(i - 1, "auth") || is(i - 1, "auth2")))
                || (i >= 8 && is(i - 2, "auth2")));
    }
    if name.eq_ignore_ascii_case(b"config") && is(1, "set") {
        return i >= 3
            && i % 2 == 1
            && [
                "requirepass",
                "masterauth",
                "masteruser",
                "tls-key-file-pass",
                "tls-client-key-file-pass",
            ]
            .iter()
            .any(|s| is(i - 1, s));
    }
    false
}

/// The words as they may be recorded.
pub(crate) fn previews(words: &[&[u8]]) -> Vec<Preview> {
    words
        .iter()
        .enumerate()
        .map(|(i, w)| if is_secret(words, i) { Preview::of(b"***") } else { Preview::of(w) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn passwords_are_hidden_and_nothing_else() {
        let hello: [&[u8]; 7] = [b"HELLO", b"3", b"AUTH", b"u", b"p", b"SETNAME", b"n"];
        let hidden: Vec<usize> = (0..7).filter(|i| is_secret(&hello, *i)).collect();
        assert_eq!(hidden, [3, 4]);
        let set: [&[u8]; 6] = [b"config", b"set", b"timeout", b"1", b"RequirePass", b"x"];
        let hidden: Vec<usize> = (0..6).filter(|i| is_secret(&set, *i)).collect();
        assert_eq!(hidden, [5]);
        assert!(!is_secret(&[b"SET", b"auth", b"x"], 2));
        let line = b"MIGRATE h 1 AUTH 0 9 COPY AUTH2 u p KEYS auth k";
        let words: Vec<&[u8]> = line.split(|b| *b == b' ').collect();
        let hidden: Vec<usize> = (0..words.len()).filter(|i| is_secret(&words, *i)).collect();
        assert_eq!(hidden, [8, 9]);
    }
}
