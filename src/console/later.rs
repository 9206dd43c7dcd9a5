//! Redis commands that the lab's servers do not have yet, by family: a learner who types one shall
//! not look for a typo.

/// Family and commands.
const LATER: &[(&str, &str)] = &[
    ("scripting", "eval evalsha eval_ro evalsha_ro script fcall fcall_ro function"),
    ("the append-only file", "bgrewriteaof"),
    ("ACL users", "acl"),
    ("cluster mode", "cluster asking readonly readwrite restore-asking"),
    ("modules", "module"),
];

/// The family of a command that Redis 7.0 has and this lab has not.
pub fn family(name: &str) -> Option<&'static str> {
    let has = |names: &str| names.split_whitespace().any(|n| n.eq_ignore_ascii_case(name));
    LATER.iter().find(|(_, names)| has(names)).map(|(family, _)| *family)
}

#[cfg(test)]
mod tests {
    use super::{LATER, family};
    use crate::engine::command::table;

    #[test]
    fn families_are_found_without_regard_to_case() {
        assert_eq!(family("EVAL"), Some("scripting"));
        assert_eq!(family("set"), None);
        assert_eq!(family("eva"), None);
    }

    /// What the servers have learnt must leave this list.
    #[test]
    fn nothing_that_is_there_is_called_missing() {
        for name in LATER.iter().flat_map(|(_, names)| names.split_whitespace()) {
            assert!(table::lookup(name.as_bytes()).is_none(), "{name} is there");
        }
    }
}
