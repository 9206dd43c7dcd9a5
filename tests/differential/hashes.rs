//! Hashes: listpacks, tables, numbers in fields.

use super::Family;
use super::dice::Dice;
use super::pattern::Words;

pub struct Hashes;

impl Family for Hashes {
    fn name(&self) -> &'static str {
        "hashes"
    }

    fn prefix(&self) -> &'static str {
        "hash"
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }

    fn item(&self, name: &str, dice: &mut Dice, words: &mut Words) -> bool {
        if name != "field" {
            return false;
        }
        words.push(match dice.below(12) {
            0 => dice.below(2000).to_string().into_bytes(),
            1..=4 => dice.below(8).to_string().into_bytes(),
            _ => format!("f{}", dice.below(8)).into_bytes(),
        });
        true
    }

    fn limits(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("hash-max-listpack-entries", &["512", "0", "3", "20"]),
            ("hash-max-listpack-value", &["64", "0", "5", "20"]),
        ]
    }
}

const PATTERNS: &[(u32, &str)] = &[
    (10, "HSET <key> (<field> <value>)+"),
    (4, "HSET <key> (<member> <value>)++"),
    (5, "HSET <key> (<field> <number>)+"),
    (1, "HSET <key> (<field> <value>)+ <field>"),
    (4, "HMSET <key> (<field> <member>)+"),
    (1, "HMSET <key> (<field> <value>)+ <field>"),
    (4, "HSETNX <key> <field> <value>"),
    (6, "HGET <key> <field>"),
    (4, "HMGET <key> (<field>|<member>)+"),
    (4, "OBJECT ENCODING <key=k> ; HGETALL <$k>"),
    (3, "OBJECT ENCODING <key=k> ; HKEYS <$k>"),
    (3, "OBJECT ENCODING <key=k> ; HVALS <$k>"),
    (6, "HDEL <key> (<field>)+"),
    (3, "HDEL <key> (<member>)++"),
    (3, "HLEN <key>"),
    (4, "HSTRLEN <key> <field>"),
    (4, "HEXISTS <key> <field>"),
    (6, "HINCRBY <key> <field> <int>"),
    (3, "HINCRBY <key> <field> <number>"),
    (6, "HINCRBYFLOAT <key> <field> <float>"),
    (3, "HINCRBYFLOAT <key> <field> <number>"),
    (3, "HKEYS <key=k> ; HRANDFIELD <$k>"),
    (3, "HKEYS <key=k> ; HRANDFIELD <$k> (1|2|5|30|-1|-3|-20|0)"),
    (3, "HGETALL <key=k> ; HRANDFIELD <$k> (1|2|5|30|-1|-3|-20|0) WITHVALUES"),
    (
        2,
        "EXISTS <key=k> ; \
         HRANDFIELD <$k> (0|x|-9223372036854775808|1.5) [WITHVALUES|WITHVALUES 1|foo]",
    ),
    (3, "OBJECT ENCODING <key=k> ; HSCAN <$k> 0 COUNT 100000 [MATCH <glob>]"),
    (1, "EXISTS <key=k> ; HRANDFIELD <$k> 4611686018427387904 WITHVALUES"),
    (
        1,
        "HLEN <key=k> ; HSCAN <$k> (x|-|0 COUNT 0|0 COUNT -1|0 COUNT x|0 COUNT|0 MATCH|0 TYPE x|0 foo)",
    ),
];
