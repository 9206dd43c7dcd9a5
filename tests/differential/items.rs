//! What the blanks of all families mean: `<value>`, `<int>`, ...

use super::dice::Dice;
use super::pattern::Words;

/// Numbers that are well formed, at a limit, or no numbers at all.
pub const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "5",
    "10",
    "100",
    "1000",
    "-100",
    "12345",
    "10000",
    "9999",
    "127",
    "128",
    "-128",
    "-129",
    "4095",
    "4096",
    "32767",
    "32768",
    "-32769",
    "8388607",
    "8388608",
    "2147483647",
    "2147483648",
    "-2147483649",
    "4102444800",
    "4102444800000",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "1.5",
    "3.14159",
    "0.1",
    "1e3",
    "1e17",
    "-2.5e-3",
    "inf",
    "-inf",
    "nan",
    "abc",
    "",
    " 1",
    "1 ",
    "+1",
    "-0",
    "007",
    "0x10",
];

const WORDS: &[&str] = &[
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "xd",
    "foo",
    "bar",
    "baz",
    "hello",
    "hello world",
    "ohmytext",
    "mynewtext",
    "Zebra",
    "zebra",
    "A",
    "é",
    "a b",
    "key",
    "-",
    "(",
    "[a",
    "+",
    "*",
    "w_1",
];

/// Lengths at the limits of encodings: the shared integers' and embedded strings', a listpack's
/// entries and its 64 bytes' limit, where compression begins.
const LENGTHS: &[usize] = &[0, 11, 12, 20, 21, 43, 44, 45, 63, 64, 65, 130, 300];

/// Adds the words of the item `name`. False if there is none of that name.
pub fn item(name: &str, dice: &mut Dice, words: &mut Words) -> bool {
    words.push(match name {
        "value" => value(dice),
        "member" => member(dice),
        "short" => dice.pick(WORDS).into(),
        "number" => dice.pick(NUMBERS).into(),
        "int" | "index" => int(dice, 60, 20),
        "count" => int(dice, 12, 2),
        "float" => float(dice),
        "ttl" => dice.pick(&["100", "1000", "5000", "0", "-1", "x", "1.5"]).into(),
        "db" => dice.pick(&["0", "1", "2", "2", "99", "-1", "x"]).into(),
        "glob" => dice.pick(&["*", "?", "a*", "*1", "[a-c]", "*:*", "h?llo*", "\\*", "zz*"]).into(),
        "junk" => dice.pick(&["", "foo", "LIMIT", "STORE", "1", "-1", "GET", "nan"]).into(),
        _ => return false,
    });
    true
}

/// Mostly a small whole number from -`below` on, now and then anything.
fn int(dice: &mut Dice, span: usize, below: i64) -> Vec<u8> {
    match dice.one_in(24) {
        true => dice.pick(NUMBERS).into(),
        false => (dice.below(span) as i64 - below).to_string().into_bytes(),
    }
}

fn float(dice: &mut Dice) -> Vec<u8> {
    let n = dice.below(2000) as f64 / 8.0 - 100.0;
    match dice.below(30) {
        0 => dice.pick(NUMBERS).into(),
        1..=15 => (dice.below(40) as i64 - 10).to_string().into_bytes(),
        16..=20 => format!("{n:e}").into_bytes(),
        _ => format!("{n}").into_bytes(),
    }
}

/// One of few elements, so that they meet; mostly short, some of them numbers.
fn member(dice: &mut Dice) -> Vec<u8> {
    match dice.below(40) {
        0 => value(dice),
        1..=14 => (dice.below(24)).to_string().into_bytes(),
        15..=17 => (dice.below(400) as i64 - 200).to_string().into_bytes(),
        18..=24 => format!("m{}", dice.below(300)).into_bytes(),
        _ => dice.pick(WORDS).into(),
    }
}

/// Any value, of every encoding.
fn value(dice: &mut Dice) -> Vec<u8> {
    match dice.below(24) {
        0..=5 => dice.pick(NUMBERS).into(),
        6..=11 => dice.pick(WORDS).into(),
        12..=15 => (dice.next() as i64 >> dice.below(64)).to_string().into_bytes(),
        16..=18 => vec![b'x'; dice.pick(LENGTHS)],
        19..=21 => {
            let len = dice.pick(LENGTHS);
            (0..len).map(|_| b'a' + dice.below(26) as u8).collect()
        }
        // Without NUL: SORT ALPHA ends a string there, and leaves the order of the rest free.
        22 => (0..dice.below(40)).map(|_| (dice.next() as u8).max(1)).collect(),
        _ if dice.one_in(40) => {
            let salt = dice.below(251);
            (0..5000).map(|i| (((i * (7919 + salt)) >> 3) as u8).max(1)).collect()
        }
        _ => b"\x01\xff\r\n".to_vec(),
    }
}
