//! Keys of any type, and what goes around them: times to live, databases, transactions.

use super::Family;

pub struct Generic;

impl Family for Generic {
    fn name(&self) -> &'static str {
        "generic"
    }

    /// None of its own: it takes every family's.
    fn prefix(&self) -> &'static str {
        ""
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }
}

const PATTERNS: &[(u32, &str)] = &[
    (5, "DEL (<key>)+"),
    (2, "UNLINK (<key>)+"),
    (4, "EXISTS (<key>)+"),
    (4, "TYPE <key>"),
    (4, "RENAME <key> <key>"),
    (3, "RENAMENX <key> <key>"),
    (4, "EXPIRE <key> 100 [NX|XX|xx|foo|GT LT|NX GT]*"),
    (3, "EXPIRE <key> <ttl> [NX|XX]"),
    (2, "PEXPIRE <key> 100000 [NX|XX]"),
    (3, "EXPIREAT <key> 4102444800 [NX|XX|GT|LT|nx|foo]*"),
    (3, "PEXPIREAT <key> 4102444800999 [NX|XX|GT|LT]*"),
    (1, "PEXPIREAT <key> <number>"),
    (4, "TTL <key>"),
    (2, "PTTL <key>"),
    (2, "EXPIRETIME <key>"),
    (1, "PEXPIRETIME <key>"),
    (3, "PERSIST <key>"),
    (2, "TOUCH (<key>)+"),
    (6, "OBJECT ENCODING <key>"),
    (1, "OBJECT FREQ <key>"),
    (1, "OBJECT IDLETIME <key>"),
    (1, "OBJECT foo <key>"),
    (6, "COPY <key> <key> [REPLACE|REPLACE DB 1|DB 1|DB 2|DB 99|DB|foo]"),
    (4, "MOVE <key> <db>"),
    (3, "DEBUG DIGEST-VALUE (<key>)+"),
    (1, "RESTORE <key> 0 <value> [REPLACE|ABSTTL|IDLETIME 5|FREQ 5|FREQ x]*"),
    (1, "SWAPDB <db> <db>"),
    (2, "SELECT <db>"),
    (4, "SELECT 0"),
    (3, "MULTI"),
    (4, "EXEC"),
    (1, "DISCARD"),
    (2, "WATCH (<key>)+"),
    (1, "UNWATCH"),
    (1, "NOSUCH <key> <value>"),
    (1, "SCAN (foo|-)"),
    (1, "SCAN 0 COUNT 0"),
    (2, "SCAN 0 COUNT 100000 [TYPE string|TYPE list|TYPE zset|MATCH <glob>|TYPE foo]*"),
    (1, "KEYS <glob>"),
    (1, "KEYS *"),
    (2, "KEYS * ; RANDOMKEY"),
    (2, "DBSIZE"),
    (1, "FLUSHDB foo"),
    (1, "ECHO <value>"),
    (1, "PING [<value>]"),
];
