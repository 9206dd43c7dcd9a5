//! What a value holds, in a line for those who look on: `3: a b c`.
//!
//! Master and replica must tell the same line of the same value, or one would see a difference
//! where there is none. A table's own order depends on its history, so elements are sorted first;
//! where that is too much to do after every write, their number is all that is told.

/// Elements shown, and bytes of each.
pub const SHOWN: usize = 8;
const BYTES: usize = 32;

/// A table of more elements than this is not sorted to be shown.
const SORTED: usize = 64;

/// Adds the beginning of an element.
pub fn push(line: &mut Vec<u8>, text: &[u8]) {
    line.extend_from_slice(&text[..text.len().min(BYTES)]);
}

/// How many there are, and those that are shown (at most [`SHOWN`]; `…` stands for the rest).
pub fn line(len: usize, shown: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut line = format!("{len}:").into_bytes();
    let mut n = 0;
    for element in shown.take(SHOWN) {
        line.push(b' ');
        line.extend(element);
        n += 1;
    }
    if n < len {
        line.extend_from_slice(" …".as_bytes());
    }
    line
}

/// The same for elements without an order of their own. `noun`: what they are called.
pub fn unordered(len: usize, noun: &str, all: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    if len > SORTED {
        return format!("{len} {noun}").into_bytes();
    }
    let mut all: Vec<Vec<u8>> = all.collect();
    all.sort_unstable();
    line(len, all.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> impl Iterator<Item = Vec<u8>> {
        words.iter().map(|w| w.as_bytes().to_vec()).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn the_same_elements_make_the_same_line() {
        assert_eq!(unordered(3, "members", words(&["c", "a", "b"])), b"3: a b c");
        assert_eq!(unordered(65, "members", words(&[])), b"65 members");
    }

    #[test]
    fn what_is_not_shown_is_said() {
        let line = line(9, words(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]));
        assert_eq!(String::from_utf8(line).unwrap(), "9: 1 2 3 4 5 6 7 8 …");
        let mut long = Vec::new();
        push(&mut long, &[b'x'; 100]);
        assert_eq!(long.len(), BYTES);
    }
}
