//! What the servers hold while they are measured.

use super::server::{Client, Server};
use std::io::Write;

/// So many keys, unless the environment says otherwise: `SYNCLAB_KEYS=10000`.
pub fn keys() -> usize {
    let asked = std::env::var("SYNCLAB_KEYS").ok();
    asked.and_then(|n| n.replace('_', "").parse().ok()).unwrap_or(1_000_000)
}

/// Numbers without pattern (xorshift).
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn word(out: &mut Vec<u8>, word: &[u8]) {
    write!(out, "${}\r\n", word.len()).expect("a vector takes it");
    out.extend_from_slice(word);
    out.extend_from_slice(b"\r\n");
}

/// Sends a thousand lines at once, over and over, each `words` for its number.
pub fn fill(client: &mut Client, lines: usize, mut words: impl FnMut(usize) -> Vec<Vec<u8>>) {
    let mut at = 0;
    while at < lines {
        let end = (at + 1000).min(lines);
        let mut bytes = Vec::new();
        for i in at..end {
            let words = words(i);
            write!(bytes, "*{}\r\n", words.len()).expect("a vector takes it");
            words.iter().for_each(|w| word(&mut bytes, w));
        }
        client.all(&bytes, end - at);
        at = end;
    }
}

pub fn key(i: usize) -> Vec<u8> {
    format!("key:{i:012}").into_bytes()
}

/// `n` keys with values of so many bytes: of 100 readable ones, of 1,000 without pattern.
pub fn strings(server: &Server, n: usize, bytes: usize) {
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    fill(&mut server.client(), n, |i| {
        let value = match bytes {
            1000 => (0..125).flat_map(|_| noise.next().to_le_bytes()).collect(),
            _ => format!("value:{i:0width$}", width = bytes.saturating_sub(6)).into_bytes(),
        };
        vec![b"SET".to_vec(), key(i), value]
    });
}

/// One list of `n` elements.
pub fn list(server: &Server, n: usize) {
    fill(&mut server.client(), n, |i| {
        vec![b"RPUSH".to_vec(), b"list".to_vec(), format!("element:{i:08}").into_bytes()]
    });
}

/// `n / 1000` hashes of a hundred fields.
pub fn hashes(server: &Server, n: usize) {
    fill(&mut server.client(), (n / 1000).max(1), |i| {
        let mut words = vec![b"HSET".to_vec(), format!("hash:{i:06}").into_bytes()];
        for field in 0..100 {
            words.push(format!("field:{field}").into_bytes());
            words.push(format!("value:{}", i * 100 + field).into_bytes());
        }
        words
    });
}

/// One sorted set of `n` members.
pub fn zset(server: &Server, n: usize) {
    let mut noise = Noise(7);
    fill(&mut server.client(), n, |i| {
        let score = (noise.next() % 1_000_000_000).to_string().into_bytes();
        let member = format!("member:{i:09}").into_bytes();
        vec![b"ZADD".to_vec(), b"zset".to_vec(), score, member]
    });
}
