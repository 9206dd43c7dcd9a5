//! Random command lines, valid and not, over few keys, so that they meet.

/// A stream of commands; the same seed gives the same one.
pub struct Script {
    state: u64,
    in_multi: bool,
}

const KEYS: &[&str] = &["a", "b", "c", "d", "n", "key:1", "key:2", ""];

const NUMBERS: &[&str] = &[
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
    "1.5",
    "abc",
    "",
    " 1",
    "1 ",
    "+1",
    "-0",
    "007",
    "4102444800",
    "4102444800000",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "1e3",
    "0x10",
    "inf",
    "-inf",
    "nan",
    "3.14159",
    "0.1",
    "1e17",
    "-2.5e-3",
    "2147483648",
];

/// Values that take every encoding.
pub fn values() -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = NUMBERS
        .iter()
        .chain(&["xd", "hello world", "ohmytext", "mynewtext"])
        .map(|v| v.as_bytes().to_vec())
        .collect();
    for len in [20, 21, 44, 45, 63, 64, 300, 20_000] {
        values.push(vec![b'x'; len]);
        values.push((0..len).map(|i| ((i * 7919) >> 3) as u8).collect());
    }
    values.push(b"\x00\xff\r\n".to_vec());
    values
}

impl Script {
    pub fn new(seed: u64) -> Script {
        Script { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed, in_multi: false }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Words for a pattern: K a key, V a value, N a number, I mostly a small integer, T a time to live,
    /// `[a|b c|d]?` options at random, everything else as it stands.
    pub fn command(&mut self) -> Vec<Vec<u8>> {
        let pattern = self.pick(PATTERNS);
        if pattern == "MULTI" || pattern == "EXEC" || pattern == "DISCARD" {
            if (pattern == "MULTI") == self.in_multi && !self.one_in(5) {
                return self.command();
            }
            self.in_multi = pattern == "MULTI";
        }
        if ["TTL K"].contains(&pattern) && self.in_multi {
            // There Redis counts the queued command's own hold on the value; and a time to live is
            // compared with some tolerance, which an array of replies has not.
            return self.command();
        }
        let mut words = Vec::new();
        for item in pattern.split(' ') {
            match item {
                "K" => words.push(self.pick(KEYS).as_bytes().to_vec()),
                "V" => {
                    let values = values();
                    let at = self.below(values.len());
                    words.push(values[at].clone());
                }
                "N" => words.push(self.pick(NUMBERS).as_bytes().to_vec()),
                "I" => {
                    let n = match self.one_in(8) {
                        true => self.pick(NUMBERS).to_string(),
                        false => (self.below(60) as i64 - 20).to_string(),
                    };
                    words.push(n.into_bytes());
                }
                "T" => words.push(self.pick(&["100", "1000", "0", "-1", "x", "1.5"]).into()),
                "D" => words.push(self.pick(&["0", "1", "2", "2", "99", "x"]).into()),
                "SETOPT" => self.options(&mut words, SET_OPTIONS),
                "GETOPT" => self.options(&mut words, GETEX_OPTIONS),
                "RELOPT" => self.options(&mut words, RELATIVE_OPTIONS),
                "EXPOPT" => self.options(&mut words, EXPIRE_OPTIONS),
                "LCSOPT" => self.options(&mut words, LCS_OPTIONS),
                "COPYOPT" => self.options(&mut words, COPY_OPTIONS),
                "SORTOPT" => self.options(&mut words, SORT_OPTIONS),
                word => words.push(word.as_bytes().to_vec()),
            }
        }
        // Now and then a word too many, or one too few, or another case.
        if self.one_in(40) {
            words.push(b"extra".to_vec());
        }
        if self.one_in(40) && words.len() > 1 {
            words.pop();
        }
        if self.one_in(10) {
            words[0].make_ascii_lowercase();
        }
        words
    }

    fn options(&mut self, words: &mut Vec<Vec<u8>>, from: &[&str]) {
        while self.one_in(2) {
            let option = self.pick(from);
            words.extend(option.split(' ').map(|w| w.as_bytes().to_vec()));
        }
    }
}

const SET_OPTIONS: &[&str] = &[
    "NX",
    "XX",
    "GET",
    "KEEPTTL",
    "EX 100",
    "PX 100000",
    "EXAT 4102444800",
    "PXAT 4102444800123",
    "EX 0",
    "PX -1",
    "EX x",
    "PXAT 5",
    "EX",
    "foo",
    "get",
    "nx",
];

const GETEX_OPTIONS: &[&str] = &[
    "PERSIST",
    "EX 100",
    "PX 200000",
    "EXAT 4102444800",
    "PXAT 4102444800123",
    "EX 0",
    "EXAT 1",
    "PX x",
    "NX",
    "KEEPTTL",
];

const EXPIRE_OPTIONS: &[&str] = &["NX", "XX", "GT", "LT", "nx", "foo"];

/// Without GT and LT: the two servers do not count from the same millisecond.
const RELATIVE_OPTIONS: &[&str] = &["NX", "XX", "xx", "foo", "GT LT", "NX GT"];

const LCS_OPTIONS: &[&str] =
    &["LEN", "IDX", "WITHMATCHLEN", "MINMATCHLEN 2", "MINMATCHLEN x", "foo"];

const COPY_OPTIONS: &[&str] = &["REPLACE", "DB 1", "DB 2", "DB 99", "DB", "foo"];

const SORT_OPTIONS: &[&str] =
    &["ASC", "DESC", "ALPHA", "LIMIT 0 5", "LIMIT x 5", "BY w_*", "GET #", "STORE b", "foo"];

const PATTERNS: &[&str] = &[
    "SET K V SETOPT",
    "SET K V SETOPT",
    "SET K V",
    "SET K N",
    "SET K N SETOPT",
    "SETNX K V",
    "SETEX K T V",
    "PSETEX K 100000 V",
    "GET K",
    "GETSET K V",
    "GETDEL K",
    "GETEX K GETOPT",
    "MGET K K K",
    "MSET K V K V",
    "MSETNX K V K V",
    "MSET K V K",
    "APPEND K V",
    "STRLEN K",
    "SETRANGE K I V",
    "GETRANGE K I I",
    "SUBSTR K I I",
    "INCR K",
    "DECR K",
    "INCRBY K N",
    "DECRBY K N",
    "INCRBYFLOAT K N",
    "LCS K K LCSOPT",
    "DEL K K",
    "UNLINK K",
    "EXISTS K K",
    "TYPE K",
    "RENAME K K",
    "RENAMENX K K",
    "EXPIRE K 100 RELOPT",
    "EXPIRE K T RELOPT",
    "PEXPIRE K 100000 RELOPT",
    "EXPIREAT K 4102444800 EXPOPT",
    "PEXPIREAT K 4102444800999 EXPOPT",
    "PEXPIREAT K N EXPOPT",
    "TTL K",
    "EXPIRETIME K",
    "PERSIST K",
    "TOUCH K K",
    "OBJECT ENCODING K",
    "OBJECT FREQ K",
    "COPY K K COPYOPT",
    "MOVE K D",
    "DUMP K",
    "RESTORE K 0 V",
    "SORT K SORTOPT",
    "SORT_RO K SORTOPT",
    "SWAPDB D D",
    "SELECT D",
    "SELECT 0",
    "SELECT 0",
    "MULTI",
    "EXEC",
    "EXEC",
    "DISCARD",
    "WATCH K",
    "UNWATCH",
    "NOSUCH K V",
    "SCAN x",
    "SCAN 0 COUNT 0",
    "KEYS nosuch*",
    "OBJECT foo K",
    "FLUSHDB foo",
];
