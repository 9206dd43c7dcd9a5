//! Where the keys of a command stand among its words: Redis 7's key specifications.
//!
//! A specification says where to begin (at an index, behind a keyword) and how to go on from there
//! (a range, or as many as a number says). Several of them together describe a command.

/// Where one group of a command's keys stands. `flags` are COMMAND INFO's words
/// (`RW access update`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    pub flags: &'static str,
    pub begin: BeginSearch,
    pub find: FindKeys,
}

/// Where the group begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginSearch {
    /// At this word.
    Index(i32),
    /// Behind this word, searched for from `from` on; negative: from the end, backwards.
    Keyword { word: &'static str, from: i32 },
    /// The words alone do not tell.
    Unknown,
}

/// How the group goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindKeys {
    /// Every `step`-th word up to `last`: relative to the first if it is not negative, from the
    /// end of the words otherwise. `limit` 2: only the first half of what is left (XREAD).
    Range {
        last: i32,
        step: i32,
        limit: i32,
    },
    /// The word `at` (relative to where the group begins) says how many keys follow from `first` on.
    KeyNum {
        at: i32,
        first: i32,
        step: i32,
    },
    Unknown,
}

/// The words do not fit the specification, or it does not tell all keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclear;

impl KeySpec {
    /// Keys from word `first`; `last` is relative to it (0: only one key), -1 up to the last word.
    pub const fn range(flags: &'static str, first: i32, last: i32, step: i32) -> KeySpec {
        let find = FindKeys::Range { last, step, limit: 0 };
        KeySpec { flags, begin: BeginSearch::Index(first), find }
    }

    /// Word `at` says how many keys follow it (ZUNION, EVAL).
    pub const fn numkeys(flags: &'static str, at: i32) -> KeySpec {
        let find = FindKeys::KeyNum { at: 0, first: 1, step: 1 };
        KeySpec { flags, begin: BeginSearch::Index(at), find }
    }

    /// Keys behind `word`, which stands at word `from` or later; `last` as in [`KeySpec::range`].
    pub const fn keyword(
        flags: &'static str,
        word: &'static str,
        from: i32,
        last: i32,
        step: i32,
    ) -> KeySpec {
        let find = FindKeys::Range { last, step, limit: 0 };
        KeySpec { flags, begin: BeginSearch::Keyword { word, from }, find }
    }

    /// Behind `word` as many keys as there are other words behind them (XREAD's STREAMS).
    pub const fn keyword_half(flags: &'static str, word: &'static str, from: i32) -> KeySpec {
        let find = FindKeys::Range { last: -1, step: 1, limit: 2 };
        KeySpec { flags, begin: BeginSearch::Keyword { word, from }, find }
    }

    /// Keys that the words alone do not tell (SORT BY).
    pub const fn unknown(flags: &'static str) -> KeySpec {
        KeySpec { flags, begin: BeginSearch::Unknown, find: FindKeys::Unknown }
    }

    /// Whether the flags hold this word.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.split(' ').any(|f| f == flag)
    }

    /// Appends the positions of the keys among `words`. `Unclear`: what is needed is not there, or
    /// the specification is incomplete.
    pub fn find_in(&self, words: &[&[u8]], keys: &mut Vec<usize>) -> Result<(), Unclear> {
        let words_len = i64::try_from(words.len()).map_err(|_| Unclear)?;
        let mut first = match self.begin {
            BeginSearch::Index(at) => i64::from(at),
            BeginSearch::Keyword { word, from } => match behind(words, word, from) {
                Some(at) => at,
                None => return Ok(()),
            },
            BeginSearch::Unknown => return Err(Unclear),
        };
        let (last, step) = match self.find {
            FindKeys::Range { last, step, .. } if last >= 0 => (first + i64::from(last), step),
            FindKeys::Range { last, step, limit: 0 } => (words_len + i64::from(last), step),
            FindKeys::Range { last, step, limit } => {
                (first + (words_len - first) / i64::from(limit) + i64::from(last), step)
            }
            FindKeys::KeyNum { at, first: offset, step } => {
                let word = usize::try_from(first + i64::from(at)).ok().and_then(|i| words.get(i));
                let n = word.and_then(|w| crate::wire::num::parse_i64(w)).filter(|n| *n >= 0);
                first += i64::from(offset);
                (first.saturating_add(n.ok_or(Unclear)?) - 1, step)
            }
            FindKeys::Unknown => return Err(Unclear),
        };
        if last >= words_len || last < first || first >= words_len || first < 0 {
            return Err(Unclear);
        }
        let (first, last) = (first as usize, last as usize);
        keys.extend((first..=last).step_by(step.max(1) as usize));
        if self.has("incomplete") { Err(Unclear) } else { Ok(()) }
    }
}

/// The position behind the keyword.
fn behind(words: &[&[u8]], word: &str, from: i32) -> Option<i64> {
    let is = |i: &usize| words[*i].eq_ignore_ascii_case(word.as_bytes());
    let at = if from > 0 {
        // Redis never looks at the last word: no key could follow it.
        (from as usize..words.len().saturating_sub(1)).find(is)
    } else {
        let start = words.len().checked_sub(from.unsigned_abs() as usize)?;
        (2..=start).rev().find(is)
    }?;
    i64::try_from(at + 1).ok()
}

/// First key, last key and step as one range, and whether that is not all of the keys: what
/// COMMAND said before it had specifications, and its flag `movablekeys`.
pub fn legacy_range(specs: &[KeySpec]) -> ([i32; 3], bool) {
    if specs.is_empty() {
        return ([0; 3], false);
    }
    let plain = |spec: &KeySpec| match (spec.begin, spec.find) {
        (BeginSearch::Index(first), FindKeys::Range { last, step, .. }) => {
            let last = if last >= 0 { first + last } else { last };
            Some([first, last, step])
        }
        _ => None,
    };
    if let [spec] = specs
        && let Some(range) = plain(spec)
    {
        return (range, spec.has("incomplete"));
    }
    let mut movable = false;
    let mut joined: Option<[i32; 3]> = None;
    for spec in specs {
        match (plain(spec), joined) {
            (Some([first, last, 1]), None) => joined = Some([first, last, 1]),
            (Some([first, last, 1]), Some([start, end, _])) if end == first - 1 => {
                joined = Some([start, if last < 0 { last } else { end.max(last) }, 1]);
            }
            _ => {
                movable = true;
                continue;
            }
        }
        movable |= spec.has("incomplete");
    }
    match joined {
        Some(range) => (range, movable),
        None => ([0; 3], true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(spec: KeySpec, line: &str) -> Result<Vec<usize>, Unclear> {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let mut keys = Vec::new();
        spec.find_in(&words, &mut keys).map(|()| keys)
    }

    #[test]
    fn keys_of_each_form() {
        assert_eq!(found(KeySpec::range("RO", 1, -1, 2), "mset a 1 b 2"), Ok(vec![1, 3]));
        assert_eq!(found(KeySpec::range("RO", 1, -2, 1), "blpop a b 0"), Ok(vec![1, 2]));
        assert_eq!(found(KeySpec::numkeys("RO", 1), "zunion 2 a b weights 1 2"), Ok(vec![2, 3]));
        let streams = KeySpec::keyword_half("RO", "STREAMS", 1);
        assert_eq!(found(streams, "xread count 1 streams a b 0 0"), Ok(vec![4, 5]));
        let store = KeySpec::keyword("OW", "STORE", 6, 0, 1);
        assert_eq!(found(store, "georadius k 1 2 3 m store d"), Ok(vec![7]));
        assert_eq!(found(store, "georadius k 1 2 3 m asc"), Ok(vec![]));
    }

    #[test]
    fn words_that_do_not_fit_are_unclear() {
        for line in ["zunion 5 a", "zunion x a", "zunion -1 a", "zunion 0 a", "zunion"] {
            assert_eq!(found(KeySpec::numkeys("RO", 1), line), Err(Unclear), "{line}");
        }
        let max = "zunion 9223372036854775807 a";
        assert_eq!(found(KeySpec::numkeys("RO", 1), max), Err(Unclear));
        assert_eq!(found(KeySpec::unknown("RO"), "sort a"), Err(Unclear));
        assert_eq!(found(KeySpec::range("RO", 3, 0, 1), "x a"), Err(Unclear));
    }

    #[test]
    fn one_range_says_it_all_or_the_keys_are_movable() {
        let two = [KeySpec::range("RW", 1, 0, 1), KeySpec::range("OW", 2, 0, 1)];
        assert_eq!(legacy_range(&two), ([1, 2, 1], false));
        let store = [KeySpec::range("OW", 1, 0, 1), KeySpec::range("RO", 2, -1, 1)];
        assert_eq!(legacy_range(&store), ([1, -1, 1], false));
        let zunionstore = [KeySpec::range("OW", 1, 0, 1), KeySpec::numkeys("RO", 2)];
        assert_eq!(legacy_range(&zunionstore), ([1, 1, 1], true));
        assert_eq!(legacy_range(&[KeySpec::numkeys("RO", 1)]), ([0, 0, 0], true));
        assert_eq!(legacy_range(&[KeySpec::range("OW", 1, -1, 2)]), ([1, -1, 2], false));
        assert_eq!(legacy_range(&[]), ([0, 0, 0], false));
    }
}
