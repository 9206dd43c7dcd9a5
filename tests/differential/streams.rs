//! Streams, their groups, and what waits in them.

use super::Family;
use super::dice::Dice;
use super::pattern::Words;

pub struct Streams;

impl Family for Streams {
    fn name(&self) -> &'static str {
        "streams"
    }

    fn prefix(&self) -> &'static str {
        "stream"
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }

    fn item(&self, name: &str, dice: &mut Dice, words: &mut Words) -> bool {
        words.push(match name {
            "newid" => new_id(dice),
            "id" => id(dice),
            "bound" => bound(dice),
            "group" => format!("g{}", dice.below(3)).into_bytes(),
            "consumer" => format!("c{}", dice.below(4)).into_bytes(),
            "field" => dice.pick(&["f", "f", "f", "g", "1", "a longer name of a field"]).into(),
            "idle" => dice.pick(&["0", "0", "0", "100000000", "-5", "x"]).into(),
            _ => return false,
        });
        true
    }

    fn blocking(&self) -> &'static [&'static str] {
        &[
            "XREAD BLOCK 0 STREAMS <key> $",
            "XREAD BLOCK 0 COUNT 1 STREAMS <key> <key> $ 50-3",
            "XREADGROUP GROUP <group> <consumer> BLOCK 0 STREAMS <key> >",
            "XREADGROUP GROUP <group> <consumer> COUNT 2 BLOCK 0 NOACK STREAMS <key> >",
        ]
    }

    fn limits(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("stream-node-max-entries", &["100", "3", "10", "0"]),
            ("stream-node-max-bytes", &["4096", "0", "60", "300"]),
        ]
    }
}

/// An ID for XADD: mostly one that is free.
fn new_id(dice: &mut Dice) -> Vec<u8> {
    match dice.below(24) {
        0..=15 => b"50-*".to_vec(),
        16..=18 => format!("{}-*", dice.below(60)).into_bytes(),
        19..=21 => format!("{}-{}", dice.below(60), dice.below(30)).into_bytes(),
        22 => dice.below(70).to_string().into_bytes(),
        _ => dice
            .pick(&["0-0", "0", "-", "+", "x", "50-x", "18446744073709551615-18446744073709551615"])
            .into(),
    }
}

/// An ID of some entry, perhaps.
fn id(dice: &mut Dice) -> Vec<u8> {
    match dice.below(24) {
        0..=13 => format!("50-{}", dice.below(40)).into_bytes(),
        14..=19 => format!("{}-{}", dice.below(60), dice.below(3)).into_bytes(),
        20..=21 => dice.below(60).to_string().into_bytes(),
        22 => b"0-0".to_vec(),
        _ => dice
            .pick(&["-", "+", "", "x", "1-x", "18446744073709551615-18446744073709551615", "5-*"])
            .into(),
    }
}

fn bound(dice: &mut Dice) -> Vec<u8> {
    match dice.below(10) {
        0..=2 => b"-".to_vec(),
        3..=5 => b"+".to_vec(),
        6 => [b"(".to_vec(), id(dice)].concat(),
        _ => id(dice),
    }
}

const PATTERNS: &[(u32, &str)] = &[
    (24, "XADD <key> <newid> (<field> <value>)+"),
    (12, "XADD <key> <newid> f <value> g <short>"),
    (4, "XADD <key> [NOMKSTREAM] [MAXLEN|MINID] [~|=] <count> [LIMIT <count>] <newid> f <value>"),
    (6, "XADD <key> MAXLEN [~|=] (20|50|3|0) <newid> f <value>"),
    (6, "XADD <key> MINID [~|=] <id> <newid> f <value>"),
    (2, "XADD <key> MAXLEN ~ (5|10) LIMIT (0|3|100|-1|x) <newid> f <value>"),
    (1, "XADD <key> <newid> f"),
    (4, "XTRIM <key> (MAXLEN|MINID) [~|=] <count> [LIMIT <count>]"),
    (3, "XTRIM <key> MAXLEN [~|=] (30|10|5)"),
    (3, "XTRIM <key> MINID [~|=] <id>"),
    (1, "XTRIM <key> MAXLEN <count> MINID <id>"),
    (6, "XDEL <key> (<id>)+"),
    (4, "XLEN <key>"),
    (8, "XRANGE <key> <bound> <bound> [COUNT <count>]"),
    (8, "XREVRANGE <key> <bound> <bound> [COUNT <count>]"),
    (4, "XREAD [COUNT <count>] STREAMS <key> <key> <id> [$|0|<id>]"),
    (2, "XREAD COUNT 2 STREAMS <key> (0|$|>|<id>)"),
    (1, "XREAD [GROUP a b|NOACK|foo]* STREAMS <key> [0]"),
    (8, "XGROUP CREATE <key> <group> (0|$|<id>) [MKSTREAM|ENTRIESREAD <count>]*"),
    (4, "XGROUP SETID <key> <group> (0|$|<id>) [ENTRIESREAD <count>]"),
    (1, "XGROUP DESTROY <key> <group>"),
    (4, "XGROUP CREATECONSUMER <key> <group> <consumer>"),
    (2, "XGROUP DELCONSUMER <key> <group> <consumer>"),
    (1, "XGROUP (CREATE|SETID|DESTROY|FOO|HELP) [<key>] [<group>] [0]"),
    (14, "XREADGROUP GROUP <group> <consumer> [COUNT <count>] [NOACK] STREAMS <key> >"),
    (4, "XREADGROUP GROUP <group> <consumer> [COUNT 3|NOACK]* STREAMS <key> <id>"),
    (3, "XREADGROUP GROUP <group> <consumer> STREAMS <key> <key> (>|<id>) (>|<id>|$)"),
    (6, "XACK <key> <group> (<id>)+"),
    (4, "XPENDING <key> <group>"),
    (5, "XPENDING <key> <group> [IDLE <idle>] <bound> <bound> <count> [<consumer>]"),
    (
        8,
        "XCLAIM <key> <group> <consumer> <idle> (<id>)+ \
         [FORCE|JUSTID|IDLE 5|TIME 1000|RETRYCOUNT <count>|LASTID <id>]*",
    ),
    (1, "XCLAIM <key> <group> <consumer> 0 <id> [foo|IDLE x|TIME|RETRYCOUNT x|LASTID y]"),
    (6, "XAUTOCLAIM <key> <group> <consumer> <idle> <bound> [COUNT <count>|JUSTID|foo]*"),
    (6, "XINFO STREAM <key>"),
    (3, "XINFO STREAM <key> FULL [COUNT <count>]"),
    (4, "XINFO GROUPS <key>"),
    (3, "XINFO CONSUMERS <key> <group>"),
    (1, "XINFO (STREAM|GROUPS|CONSUMERS|HELP|FOO) [<key>] [foo]"),
    (3, "XSETID <key> <id> [ENTRIESADDED <count>|MAXDELETEDID <id>]*"),
    (2, "XSETID <key> 60-0 ENTRIESADDED (100|1000) MAXDELETEDID <id>"),
    (2, "DEL <key>"),
    (1, "RENAME <key> <key>"),
    (1, "COPY <key> <key> [REPLACE]"),
    (1, "DUMP <key>"),
];
