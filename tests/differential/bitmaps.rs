//! Strings as arrays of bits.

use super::Family;
use super::dice::Dice;
use super::pattern::Words;

pub struct Bitmaps;

impl Family for Bitmaps {
    fn name(&self) -> &'static str {
        "bitmaps"
    }

    fn prefix(&self) -> &'static str {
        "bit"
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }

    fn item(&self, name: &str, dice: &mut Dice, words: &mut Words) -> bool {
        words.push(match name {
            "offset" => match dice.below(20) {
                0 => dice.pick(&["-1", "x", "4294967296", "9223372036854775807", "#1"]).into(),
                _ => dice.below(400).to_string().into_bytes(),
            },
            "place" => match dice.below(8) {
                0 => dice.pick(&["#x", "#-1", "-1", "#9223372036854775807", "4294967296"]).into(),
                1..=3 => format!("#{}", dice.below(20)).into_bytes(),
                _ => dice.below(300).to_string().into_bytes(),
            },
            "width" => match dice.below(20) {
                0 => dice.pick(&["u64", "i65", "u0", "x8", "", "i", "u-1", "u08"]).into(),
                n => format!("{}{}", ["u", "i"][n % 2], 1 + dice.below(63)).into_bytes(),
            },
            "bytes" => (0..dice.below(24)).map(|_| dice.pick(&[0, 0xff, 0x5a, 0x80, 1])).collect(),
            _ => return false,
        });
        true
    }
}

const PATTERNS: &[(u32, &str)] = &[
    (12, "SETBIT <key> <offset> (0|1)"),
    (1, "SETBIT <key> <offset> <number>"),
    (6, "SET <key> <bytes>"),
    (2, "SET <key> <number>"),
    (6, "GETBIT <key> <offset>"),
    (8, "BITCOUNT <key> [<int> <int>] [BIT|BYTE|foo]"),
    (6, "BITCOUNT <key> <int> <int> [BIT|BYTE]"),
    (8, "BITPOS <key> (0|1|<number>) [<int>] [<int>] [BIT|BYTE|foo]"),
    (6, "BITPOS <key> (0|1) <int> <int> (BIT|BYTE)"),
    (8, "BITOP (AND|OR|XOR|NOT) <key> (<key>)+"),
    (4, "BITOP (AND|OR|XOR|NOT|foo) <key> <anykey> [<anykey>]"),
    (
        10,
        "BITFIELD <key> (GET <width> <place>|SET <width> <place> <number>\
         |INCRBY <width> <place> <number>|OVERFLOW (WRAP|SAT|FAIL|foo))+",
    ),
    (
        6,
        "BITFIELD <key> [OVERFLOW SAT|OVERFLOW FAIL] INCRBY <width> <place> <int> \
         SET <width> <place> <int> GET <width> <place>",
    ),
    (3, "BITFIELD_RO <key> (GET <width> <place>)+"),
    (1, "BITFIELD_RO <key> SET <width> <place> 1"),
    (1, "BITFIELD <key> [GET u8|foo|SET u8 0|OVERFLOW]"),
    (3, "GET <key>"),
    (1, "DEL <key>"),
];
