//! Sorted sets: listpacks and skiplists, ranges of all kinds, what several of them have in common.

use super::Family;
use super::dice::Dice;
use super::pattern::Words;

pub struct ZSets;

impl Family for ZSets {
    fn name(&self) -> &'static str {
        "zsets"
    }

    fn prefix(&self) -> &'static str {
        "zset"
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }

    fn limits(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("zset-max-listpack-entries", &["128", "0", "3", "20"]),
            ("zset-max-ziplist-value", &["64", "4", "0", "20"]),
        ]
    }

    fn blocking(&self) -> &'static [&'static str] {
        &[
            "BZPOPMIN (<key>)+ 0",
            "BZPOPMAX (<key>)+ 0",
            "BZMPOP 0 2 <key> <key> (MIN|MAX) [COUNT 3]",
        ]
    }

    fn item(&self, name: &str, dice: &mut Dice, words: &mut Words) -> bool {
        words.push(match name {
            // All scores equal: where they differ Redis promises nothing of ranges by member, and
            // a skiplist's answer depends on chance.
            "lexkey" => format!("zlex{}", dice.below(2)).into_bytes(),
            "score" => score(dice),
            "min" | "max" => bound(dice),
            "lex" => lex(dice),
            _ => return false,
        });
        true
    }
}

fn score(dice: &mut Dice) -> Vec<u8> {
    const ODD: &[&str] = &[
        "inf",
        "-inf",
        "+inf",
        "1e17",
        "-1e17",
        "4611686018427387904",
        "4611686018427387903",
        "9223372036854775807",
        "-0",
        "0.1",
        "3.3333333333333335",
        "1e-300",
        "1.7976931348623157e308",
        "4503599627370497.5",
        "-4503599627370496.5",
        "nan",
        "x",
        "",
        " 1",
        "0x1p3",
    ];
    match dice.below(20) {
        0 => dice.pick(ODD).into(),
        1..=4 => format!("{}", dice.below(4000) as f64 / 16.0 - 100.0).into_bytes(),
        _ => (dice.below(24) as i64 - 4).to_string().into_bytes(),
    }
}

fn bound(dice: &mut Dice) -> Vec<u8> {
    let mut word = if dice.one_in(3) { b"(".to_vec() } else { Vec::new() };
    match dice.below(12) {
        0 => word.extend_from_slice(b"-inf"),
        1 => word.extend_from_slice(b"+inf"),
        _ => word.extend(score(dice)),
    }
    word
}

fn lex(dice: &mut Dice) -> Vec<u8> {
    let open = dice.pick(&["[", "(", "["]);
    match dice.below(14) {
        0 | 1 => b"-".to_vec(),
        2 | 3 => b"+".to_vec(),
        4 => dice.pick(&["", "a", "-a", "+1", "[", "("]).into(),
        _ => {
            let text = dice.pick(&["a", "b", "c", "d", "f", "m", "m2", "z", "1", "15", "ba", "w"]);
            format!("{open}{text}").into_bytes()
        }
    }
}

const PATTERNS: &[(u32, &str)] = &[
    (14, "ZADD <key> (<score> <member>)++"),
    (8, "ZADD <key> [NX|XX|GT|LT|CH|INCR|nx|gt]* (<score> <member>)+"),
    (2, "ZADD <key> (<score> <value>)+"),
    (1, "ZADD <key> (NX|CH|<score>|<member>)+"),
    (1, "ZADD <anykey> <score> <member>"),
    (5, "ZINCRBY <key> <score> <member>"),
    (6, "ZREM <key> (<member>)+"),
    (2, "ZREM <anykey> (<member>)+"),
    (3, "ZREMRANGEBYRANK <key> <int> <int>"),
    (3, "ZREMRANGEBYSCORE <key> <min> <max>"),
    (3, "ZREMRANGEBYSCORE <key> <score=s> <$s>"),
    (5, "ZCARD <key>"),
    (5, "ZSCORE <key> <member>"),
    (3, "ZMSCORE <key> (<member>)+"),
    (4, "ZRANK <key> <member>"),
    (4, "ZREVRANK <key> <member>"),
    (4, "ZCOUNT <key> <min> <max>"),
    (6, "ZRANGE <key> <int> <int> [WITHSCORES|REV|withscores]*"),
    (6, "ZRANGE <key> <min> <max> BYSCORE [WITHSCORES|REV|LIMIT <int> <int>]*"),
    (2, "ZRANGE <key> 0 -1 WITHSCORES"),
    (2, "ZRANGE <key> <min> <max> [BYSCORE|REV|LIMIT 1|LIMIT 0 5|WITHSCORES|foo]*"),
    (1, "ZRANGE <key> <int> <int> BYLEX [REV|WITHSCORES|LIMIT 0 5]*"),
    (4, "ZREVRANGE <key> <int> <int> [WITHSCORES]"),
    (4, "ZRANGEBYSCORE <key> <min> <max> [WITHSCORES|LIMIT <int> <int>]*"),
    (4, "ZREVRANGEBYSCORE <key> <max> <min> [WITHSCORES|LIMIT <int> <int>]*"),
    (1, "ZREVRANGE <key> 0 -1 [WITHSCORES|LIMIT 0 1|REV|BYSCORE]*"),
    (4, "ZRANGESTORE <key> <key> <int> <int> [REV]"),
    (3, "ZRANGESTORE <key> <key> <min> <max> BYSCORE [REV|LIMIT <int> <int>]*"),
    (1, "ZRANGESTORE <anykey> <anykey> <int> <int> [REV|WITHSCORES|BYLEX]"),
    (4, "ZPOPMIN <key> [<count>]"),
    (4, "ZPOPMAX <key> [<count>]"),
    (1, "ZPOPMIN <key> <number>"),
    (4, "ZMPOP (1|2|3) (<key>)+ (MIN|MAX|min) [COUNT <count>]"),
    (1, "ZMPOP (0|-1|x|2) (<key>)+ [MIN|MAX|foo]* [COUNT <number>|COUNT]*"),
    (4, "ZUNION (1|2) <key> <key> [WITHSCORES|AGGREGATE SUM|AGGREGATE MIN|AGGREGATE MAX]*"),
    (
        4,
        "ZUNION 2 <key> <anykey> WEIGHTS <score> <score> [WITHSCORES|AGGREGATE MIN|AGGREGATE MAX]*",
    ),
    (4, "ZINTER 2 <key> <key> [WITHSCORES|AGGREGATE SUM|AGGREGATE MIN|AGGREGATE MAX]*"),
    (3, "ZINTER 3 <key> <key> <key> WEIGHTS <score> <score> <score> WITHSCORES"),
    (4, "ZDIFF (1|2|3) <key> <key> <key> [WITHSCORES]"),
    (4, "ZDIFF 2 <key> <key> [WITHSCORES]"),
    (
        2,
        "(ZUNION|ZINTER|ZDIFF) (0|-1|x|2|9) <key> <key> [WEIGHTS 1|WEIGHTS 1 x|AGGREGATE|AGGREGATE foo|LIMIT 1|foo]*",
    ),
    (4, "ZUNIONSTORE <key> 2 <key> <key> [WEIGHTS <score> <score>|AGGREGATE MIN|AGGREGATE MAX]*"),
    (3, "ZINTERSTORE <key> 2 <key> <key> [WEIGHTS <score> <score>|AGGREGATE MIN|AGGREGATE MAX]*"),
    (3, "ZDIFFSTORE <key> 2 <key> <key>"),
    (
        1,
        "(ZUNIONSTORE|ZINTERSTORE|ZDIFFSTORE) <anykey> (1|2|0|x) <anykey> <anykey> [WITHSCORES|AGGREGATE SUM]",
    ),
    (3, "SADD (set0|set1) (<member>)+"),
    (3, "(ZUNION|ZINTER) 2 <key> (set0|set1) WITHSCORES"),
    (2, "ZUNIONSTORE <key> 2 set0 <key> WEIGHTS 2 <score>"),
    (2, "ZDIFF 2 (set0|<key>) (set1|<key>) WITHSCORES"),
    (4, "ZINTERCARD 2 <key> <key> [LIMIT <count>]"),
    (2, "ZINTERCARD (1|2|3|0|x) (<key>)+ [LIMIT (0|1|-1|x)|LIMIT|WITHSCORES]"),
    (4, "ZRANGE <key=k> 0 -1 WITHSCORES ; ZRANDMEMBER <$k> <count>"),
    (3, "ZRANGE <key=k> 0 -1 WITHSCORES ; ZRANDMEMBER <$k> <count> WITHSCORES"),
    (2, "ZRANGE <key=k> 0 -1 WITHSCORES ; ZRANDMEMBER <$k>"),
    (1, "ZRANDMEMBER <key> (0|x|-9223372036854775808|9223372036854775808|1.5) [1|WITHSCORES]*"),
    (1, "ZRANDMEMBER nosuch [3|-3|0] [WITHSCORES]"),
    (3, "ZSCAN <key> 0 COUNT 100000 [MATCH <glob>]"),
    (2, "OBJECT ENCODING <key=k> ; ZSCAN <$k> 0 COUNT 100000"),
    (1, "ZSCAN <key> (x|-|0 COUNT 0|0 COUNT x|0 COUNT|0 MATCH|0 TYPE zset|0 foo)"),
    (8, "ZADD <lexkey> (0 <member>)++"),
    (3, "ZREM <lexkey> (<member>)+"),
    (4, "ZLEXCOUNT <lexkey> <lex> <lex>"),
    (5, "ZRANGEBYLEX <lexkey> <lex> <lex> [LIMIT <int> <int>]"),
    (5, "ZREVRANGEBYLEX <lexkey> <lex> <lex> [LIMIT <int> <int>]"),
    (5, "ZRANGE <lexkey> <lex> <lex> BYLEX [REV|LIMIT <int> <int>]*"),
    (2, "ZRANGESTORE <key> <lexkey> <lex> <lex> BYLEX [REV|LIMIT <int> <int>]*"),
    (3, "ZREMRANGEBYLEX <lexkey> <lex> <lex>"),
    (1, "ZRANGEBYLEX zlexnone <lex> <lex> [WITHSCORES]"),
    (2, "BZPOPMIN <key=k> <$k> 0.01 ; ZCARD <$k>"),
    (1, "BZPOPMAX <key> (-1|x|9223372036854775807|inf)"),
    (1, "BZMPOP (x|-1) 1 <key> MIN"),
    (1, "DEBUG DIGEST-VALUE (<key>|<lexkey>)+"),
];
