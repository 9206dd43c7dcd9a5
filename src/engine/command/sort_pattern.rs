//! SORT's patterns: where an element's weight (BY) and what is shown for it (GET) are looked up.

use crate::engine::Engine;
use crate::engine::keyspace::Value;
use crate::wire::listpack::Entry;

/// The text up to a zero byte, which is where Redis's searches in a pattern end.
fn up_to_nul(text: &[u8]) -> &[u8] {
    &text[..text.iter().position(|b| *b == 0).unwrap_or(text.len())]
}

/// Whether the pattern names a key for every element; another BY means: do not sort.
pub(super) fn has_star(pattern: &[u8]) -> bool {
    up_to_nul(pattern).contains(&b'*')
}

/// The key that the pattern names for an element, and the field of the hash there if it names one.
fn place<'a>(pattern: &'a [u8], element: &[u8]) -> Option<(Vec<u8>, Option<&'a [u8]>)> {
    let searched = up_to_nul(pattern);
    let star = searched.iter().position(|b| *b == b'*')?;
    let arrow = searched[star + 1..].windows(2).position(|w| w == b"->").map(|at| star + 1 + at);
    // An arrow with nothing behind it is a part of the key.
    let arrow = arrow.filter(|at| at + 2 < searched.len());
    let postfix = &pattern[star + 1..arrow.unwrap_or(pattern.len())];
    let key = [&pattern[..star], element, postfix].concat();
    Some((key, arrow.map(|at| &pattern[at + 2..])))
}

/// What the pattern finds for an element: `#` is the element itself; nothing if there is no such
/// string, or no such field of a hash.
pub(super) fn look_up(e: &mut Engine, pattern: &[u8], element: Entry<'_>) -> Option<Vec<u8>> {
    if pattern == b"#" {
        return Some(element.to_vec());
    }
    let (key, field) = element.with_text(|text| place(pattern, text))?;
    match (e.lookup_read(&key)?, field) {
        (Value::Hash(hash), Some(field)) => hash.get(field).map(Entry::to_vec),
        (value, None) => value.text().map(|text| text.into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn places_that_a_pattern_names() {
        let named = |pattern: &'static str| {
            let place = place(pattern.as_bytes(), b"7");
            place.map(|(key, field)| {
                (String::from_utf8(key).unwrap(), field.map(|f| str::from_utf8(f).unwrap()))
            })
        };
        assert_eq!(named("w_*"), Some(("w_7".into(), None)));
        assert_eq!(named("a*b*"), Some(("a7b*".into(), None)));
        assert_eq!(named("h_*->f"), Some(("h_7".into(), Some("f"))));
        assert_eq!(named("h_*x->f->g"), Some(("h_7x".into(), Some("f->g"))));
        assert_eq!(named("h_*->"), Some(("h_7->".into(), None)));
        assert_eq!(named("a->*"), Some(("a->7".into(), None)));
        assert_eq!(named("fixed"), None);
        assert_eq!(named("a\0*"), None);
    }
}
