//! SORT of lists, sets and sorted sets, with weights and results in strings and hashes.

use super::Family;

pub struct Sorting;

impl Family for Sorting {
    fn name(&self) -> &'static str {
        "sorting"
    }

    fn prefix(&self) -> &'static str {
        "sort"
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }
}

// What is equal by BY and ALPHA stays in the order it had, and that of a set is each server's own:
// only the weights are shown.
const PATTERNS: &[(u32, &str)] = &[
    (6, "DEL <key=k> ; RPUSH <$k> (<int>)+"),
    (3, "DEL <key=k> ; RPUSH <$k> (<member>)+"),
    (2, "RPUSH <key> (<number>)+"),
    (4, "DEL <key=k> ; SADD <$k> (<int>)+"),
    (2, "DEL <key=k> ; SADD <$k> (<member>)+"),
    (4, "DEL <key=k> ; ZADD <$k> 3 1 1 2 2 3 5 -1 1 <int> 2.5 <int>"),
    (2, "ZADD <key> (<int> <member>)+"),
    (2, "DEL <key>"),
    (3, "SET w_1 7 ; SET w_2 3 ; SET w_3 5 ; SET w_0 <number>"),
    (2, "HSET h_1 f 1 g <value> ; HSET h_2 f 9 ; HSET h_3 f <number>"),
    (1, "DEL w_1 w_2 w_3 w_0 h_1 h_2 h_3"),
    (6, "SORT <key> [ASC|DESC|ALPHA|LIMIT <int> <int>|limit 1 2]*"),
    (4, "SORT_RO <key> [ASC|DESC|ALPHA|LIMIT <int> <int>]*"),
    (3, "SORT <key> ALPHA [DESC|LIMIT 0 5]*"),
    (4, "SORT <key> BY w_* [DESC|LIMIT 1 3|GET #|GET w_*|GET h_*->f]*"),
    (4, "SORT <key> BY h_*->f [DESC|GET #|GET h_*->g|GET h_*->|GET nosuch]*"),
    (2, "SORT <key> BY w_* ALPHA GET w_*"),
    (4, "TYPE <key=k> ; SORT_RO <$k> GET # GET w_* GET h_*->g GET *"),
    (4, "SORT <key> [ALPHA|DESC]* STORE <key>"),
    (3, "SORT <key> BY w_* GET # GET w_* STORE <key>"),
    (3, "SORT <key> BY nosort [DESC|LIMIT 0 3]* STORE <key>"),
    (2, "SORT <key> LIMIT 5 0 STORE <key>"),
    (2, "SORT <anykey> [ALPHA]"),
    (1, "SORT <anykey> ALPHA STORE <key>"),
    (3, "SORT <key> [LIMIT 1|LIMIT 1 x|BY|GET|STORE|foo|ASC|DESC]*"),
    (1, "SORT_RO <key> STORE <key>"),
    (2, "OBJECT ENCODING <key>"),
    (2, "LRANGE <key> 0 -1"),
    (1, "ZRANGE <key> 0 -1 WITHSCORES"),
];
