//! HyperLogLogs: their bytes and estimates.

use super::Family;
use super::dice::Dice;
use super::pattern::Words;

pub struct HyperLogLogs;

impl Family for HyperLogLogs {
    fn name(&self) -> &'static str {
        "hyperloglogs"
    }

    fn prefix(&self) -> &'static str {
        "hll"
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }

    fn item(&self, name: &str, dice: &mut Dice, words: &mut Words) -> bool {
        words.push(match name {
            "element" => dice.next().to_le_bytes()[..1 + dice.below(8)].to_vec(),
            "spoilt" => b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xf0\x84".to_vec(),
            _ => return false,
        });
        true
    }

    fn limits(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("hll-sparse-max-bytes", &["3000", "0", "100", "20000"])]
    }
}

const PATTERNS: &[(u32, &str)] = &[
    (12, "PFADD <key> (<element>)++"),
    (6, "PFADD <key> [<value>]*"),
    (8, "PFCOUNT <key>"),
    (4, "PFCOUNT (<key>)+"),
    (1, "PFCOUNT <anykey> <key>"),
    (4, "PFMERGE <key> [<key>]*"),
    (1, "PFMERGE <key> <anykey>"),
    (6, "GET <key>"),
    (1, "STRLEN <key>"),
    (1, "SET <key> <spoilt>"),
    (1, "SETRANGE <key> (15|4|16|18|200) <short>"),
    (2, "PFDEBUG (ENCODING|DECODE|TODENSE|foo) <key>"),
    (1, "PFDEBUG GETREG <key>"),
    (2, "DEL <key>"),
];
