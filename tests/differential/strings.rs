//! Strings, numbers in strings.

use super::Family;
use super::dice::Dice;
use super::pattern::Words;

pub struct Strings;

impl Family for Strings {
    fn name(&self) -> &'static str {
        "strings"
    }

    fn prefix(&self) -> &'static str {
        "str"
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }

    fn item(&self, name: &str, dice: &mut Dice, words: &mut Words) -> bool {
        if name == "value" && dice.one_in(30) {
            words.push(b"\x00\xff\x00\r\n".to_vec());
            return true;
        }
        if name != "tiny" {
            return false;
        }
        // Two long strings would keep LCS busy for seconds.
        words.push(format!("tiny{}", dice.below(3)).into_bytes());
        true
    }
}

const PATTERNS: &[(u32, &str)] = &[
    (8, "SET <key> <value>"),
    (4, "SET <key> <number>"),
    (
        8,
        "SET <key> <value> [NX|XX|GET|KEEPTTL|EX 100|PX 100000|EXAT 4102444800|PXAT 4102444800123]*",
    ),
    (2, "SET <key> <value> [EX 0|PX -1|EX x|EX|foo|get|nx]*"),
    // Until something looks at it, such a key is there and counts in a digest.
    (1, "SET <key=k> <value> PXAT 5 ; EXISTS <$k>"),
    (3, "SETNX <key> <value>"),
    (2, "SETEX <key> <ttl> <value>"),
    (2, "PSETEX <key> 100000 <value>"),
    (6, "GET <key>"),
    (3, "GETSET <key> <value>"),
    (2, "GETDEL <key>"),
    (3, "GETEX <key> [PERSIST|EX 100|PX 200000|EXAT 4102444800|EX 0|EXAT 1|PX x|NX|KEEPTTL]*"),
    (3, "MGET (<key>|<anykey>)+"),
    (3, "MSET (<key> <value>)+"),
    (1, "MSET (<key> <value>)+ <key>"),
    (2, "MSETNX (<key> <value>)+"),
    (3, "APPEND <key> <value>"),
    (2, "STRLEN <key>"),
    (4, "SETRANGE <key> <int> <value>"),
    (4, "GETRANGE <key> <int> <int>"),
    (2, "SUBSTR <key> <int> <int>"),
    (4, "INCR <key>"),
    (3, "DECR <key>"),
    (4, "INCRBY <key> <number>"),
    (3, "DECRBY <key> <number>"),
    (4, "INCRBYFLOAT <key> <number>"),
    (2, "INCRBYFLOAT <key> <float>"),
    (3, "SET <tiny> <value>"),
    (2, "SET <tiny> <short>"),
    (3, "LCS <tiny> <tiny> [LEN|IDX|WITHMATCHLEN|MINMATCHLEN 2|MINMATCHLEN x|foo]*"),
    (1, "LCS <anykey> nosuch [LEN|IDX]"),
];
