//! Lists, and clients that wait for them.

use super::Family;

pub struct Lists;

impl Family for Lists {
    fn name(&self) -> &'static str {
        "lists"
    }

    fn prefix(&self) -> &'static str {
        "list"
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }

    fn blocking(&self) -> &'static [&'static str] {
        &[
            "BLPOP (<key>)+ 0",
            "BRPOP (<key>)+ 0",
            "BLMOVE <key> <key> (LEFT|RIGHT) (LEFT|RIGHT) 0",
            "BRPOPLPUSH <key> <key> 0",
            "BLMPOP 0 1 <key> (LEFT|RIGHT) [COUNT 3]",
            "BLMPOP 0 2 <key> <key> (LEFT|RIGHT) [COUNT 3]",
        ]
    }

    fn limits(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("list-max-listpack-size", &["-2", "-1", "3", "16", "-5"])]
    }
}

const PATTERNS: &[(u32, &str)] = &[
    (8, "LPUSH <key> (<value>)++"),
    (8, "RPUSH <key> (<value>)++"),
    (4, "RPUSH <key> (<member>)++"),
    (2, "LPUSHX <key> (<value>)+"),
    (2, "RPUSHX <key> (<value>)+"),
    (6, "LPOP <key> [<count>]"),
    (6, "RPOP <key> [<count>]"),
    (3, "LLEN <key>"),
    (6, "LRANGE <key> <index> <index>"),
    (3, "LRANGE <key> 0 -1"),
    (5, "LINDEX <key> <index>"),
    (4, "LSET <key> <index> <value>"),
    (4, "LINSERT <key> (BEFORE|AFTER|before|foo) <member> <value>"),
    (5, "LREM <key> <count> <member>"),
    (4, "LTRIM <key> <index> <index>"),
    (4, "LPOS <key> <member> [RANK <count>|COUNT <count>|MAXLEN <count>|RANK 0|COUNT -1|foo]*"),
    (4, "LMOVE <key> <key> (LEFT|RIGHT|left|foo) (LEFT|RIGHT)"),
    (3, "RPOPLPUSH <key> <key>"),
    (4, "LMPOP 1 <key> (LEFT|RIGHT|foo) [COUNT <count>]"),
    (3, "LMPOP 2 <key> <key> (LEFT|RIGHT) [COUNT 3|COUNT 0|COUNT x]"),
    (1, "LMPOP <count> <key> (LEFT|RIGHT)"),
    (1, "BLPOP (<key>)+ 0.001"),
    (1, "BRPOP (<key>)+ 0.001"),
    (1, "BLMOVE <key> <key> (LEFT|RIGHT|foo) (LEFT|RIGHT) 0.001"),
    (1, "BRPOPLPUSH <key> <key> 0.001"),
    (1, "BLMPOP 0.001 1 <key> (LEFT|RIGHT) [COUNT 3|COUNT 0]"),
    (2, "LPOP <key> (-1|x|<number>)"),
    (2, "LREM <key> <number> <member>"),
    (2, "LRANGE <key> <number> <number>"),
    (1, "LTRIM <key> <number> <number>"),
    (2, "LPOS <key> <member> [RANK <number>] [COUNT <number>] [MAXLEN <number>]"),
    (1, "LMPOP <number> <key> <key> (LEFT|RIGHT) [COUNT 2 COUNT 3|foo|COUNT]"),
    (1, "(LPOP|RPOP|LPUSH|LMPOP|BLPOP|LSET|LPOS|BLMPOP) <key> [<junk>]*"),
    (1, "DEBUG QUICKLIST-PACKED-THRESHOLD (0|0|1|5b|60|200|1kb|x|-1|5gb)"),
    (
        1,
        "MULTI ; BLPOP <key> <key> 0 ; BLMOVE <key> <key> LEFT RIGHT 0 ; BRPOPLPUSH <key> <key> 0 \
         ; BLMPOP 0 1 <key> LEFT ; EXEC",
    ),
    (1, "BRPOPLPUSH <key> <key> (-1|x|-0.5|1e100|0x0.1)"),
    (1, "BLMOVE <key> <key> LEFT RIGHT (-1|x|-0.5|1e100)"),
    (1, "BLMPOP (-1|x|0x0.01) 1 <key> LEFT"),
    (1, "BLPOP <key> (-1|x|nan|inf|1e100|9223372036854775808)"),
];
