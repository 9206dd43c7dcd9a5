//! The nearest thing that could have been meant.

/// The candidate nearest to `typed`, if it is near enough to be a slip of the fingers: one edit in
/// three letters, two in five and more. Case does not count; swapped neighbours are one edit.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = typed.chars().take(64).map(|c| c.to_ascii_lowercase()).collect();
    let allowed = match typed.len() {
        0..=2 => 0,
        3..=4 => 1,
        _ => 2,
    };
    candidates
        .into_iter()
        .map(|c| (distance(&typed, c), c))
        .filter(|(d, _)| *d <= allowed)
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// Edits between the two (insert, delete, replace, swap neighbours).
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let same = a[i - 1] == b[j - 1];
            row[j] = (last[j - 1] + usize::from(!same)).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn nearest_finds_slips_and_nothing_far() {
        let all = ["redis-cli", "redis-server", "mkdir", "SLAVEOF", "SET", "GET", "ls"];
        assert_eq!(nearest("redis-clli", all), Some("redis-cli"));
        assert_eq!(nearest("mkdri", all), Some("mkdir"));
        assert_eq!(nearest("slavof", all), Some("SLAVEOF"));
        assert_eq!(nearest("sett", all), Some("SET"));
        assert_eq!(nearest("xy", all), None);
        assert_eq!(nearest("banana", all), None);
        assert_eq!(nearest("", all), None);
    }
}
