//! Sets: intsets, tables, and what two or three of them have in common.

use super::Family;

pub struct Sets;

impl Family for Sets {
    fn name(&self) -> &'static str {
        "sets"
    }

    fn prefix(&self) -> &'static str {
        "set"
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }

    fn limits(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("set-max-intset-entries", &["512", "0", "3", "20"])]
    }
}

// What SPOP takes is chance, and the two servers would go apart: it takes all, or what cannot be
// otherwise. Lines that must not be spoilt (a number of elements at will, a cursor in the middle) are
// in groups.
const PATTERNS: &[(u32, &str)] = &[
    (12, "SADD <key> (<member>)+"),
    (6, "SADD <key> (<int>)++"),
    (3, "SADD <key> (<number>)+"),
    (2, "SADD <key> (<value>)++"),
    (8, "SREM <key> (<member>)+"),
    (4, "SREM <key> (<int>)++"),
    (6, "SMOVE <key> <key> <member>"),
    (2, "SMOVE <key> <anykey> <member>"),
    (5, "SISMEMBER <key> <member>"),
    (4, "SMISMEMBER <key> (<member>)+"),
    (3, "SCARD <key>"),
    (4, "OBJECT ENCODING <key=k> ; SMEMBERS <$k>"),
    (4, "SINTER (<key>)+"),
    (3, "SINTER (<key>|<anykey>)+"),
    (4, "SUNION (<key>)+"),
    (4, "SDIFF (<key>)+"),
    (3, "SDIFF (<key>|<anykey>)+"),
    (4, "SINTERSTORE <key> (<key>)+"),
    (1, "SINTERSTORE <anykey> (<key>|<anykey>)+"),
    (5, "SUNIONSTORE <key> (<key>)+"),
    (4, "SDIFFSTORE <key> (<key>)+"),
    (1, "SDIFFSTORE <anykey> (<key>|<anykey>)+"),
    (3, "SINTERCARD 2 <key> <key> [LIMIT <count>]"),
    (3, "SINTERCARD (1|2|3|0|-1|x|9) (<key>)+ [LIMIT (0|1|2|-1|x)|LIMIT|foo]"),
    (3, "SMEMBERS <key=k> ; SRANDMEMBER <$k>"),
    (4, "SMEMBERS <key=k> ; SRANDMEMBER <$k> (1|2|5|30|-1|-3|-20|0)"),
    (1, "EXISTS <key=k> ; SRANDMEMBER <$k> (0|x|-9223372036854775808|9223372036854775808|1.5) [1]"),
    (2, "SMEMBERS <key=k> ; SPOP <$k> 100000 ; EXISTS <$k>"),
    (2, "DEL <key=k> ; SADD <$k> <member> ; SPOP <$k> ; EXISTS <$k>"),
    (1, "EXISTS <key=k> ; SPOP <$k> (0|-1|x|9223372036854775808) [1]"),
    (3, "SCARD <key=k> ; SSCAN <$k> 0 COUNT 100000 [MATCH <glob>]"),
    (
        1,
        "SCARD <key=k> ; SSCAN <$k> (x|-|0 COUNT 0|0 COUNT -1|0 COUNT x|0 COUNT|0 MATCH|0 TYPE set|0 foo)",
    ),
    (2, "OBJECT ENCODING <key=k> ; SORT <$k> [ALPHA|DESC|ASC|LIMIT 1 3]*"),
];
