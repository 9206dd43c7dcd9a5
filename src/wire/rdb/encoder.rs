//! Lengths, strings and numbers as they go into a file.

use super::super::{lzf, num};
use super::format::{ENC_INT8, ENC_INT16, ENC_INT32, ENC_LZF, NODE_PACKED, NODE_PLAIN};
use super::part::StreamId;

/// Lengths and strings.
#[derive(Debug)]
pub struct Encoder {
    pub(super) out: Vec<u8>,
    compressor: Option<lzf::Compressor>,
}

impl Encoder {
    /// An empty one. `compression`: long strings are compressed where that saves at least four bytes.
    pub fn new(compression: bool) -> Encoder {
        Encoder { out: Vec::new(), compressor: compression.then(lzf::Compressor::default) }
    }

    /// A length, a count, or another unsigned number.
    pub fn length(&mut self, n: u64) {
        match n {
            0..0x40 => self.out.push(n as u8),
            0x40..0x4000 => self.out.extend([0x40 | (n >> 8) as u8, n as u8]),
            0x4000..=0xffff_ffff => {
                self.out.push(0x80);
                self.out.extend_from_slice(&(n as u32).to_be_bytes());
            }
            _ => {
                self.out.push(0x81);
                self.out.extend_from_slice(&n.to_be_bytes());
            }
        }
    }

    /// A string in the shortest form that Redis would choose: integer, compressed, or as it is.
    pub fn string(&mut self, text: &[u8]) {
        // 11 bytes are the longest integer of 32 bits.
        if text.len() <= 11
            && let Some(n) = num::parse_i64(text)
            && self.integer(n)
        {
            return;
        }
        // Shorter ones cannot shrink.
        if text.len() > 20
            && let Some(compressor) = &mut self.compressor
            && let Some(packed) = compressor.compress(text, text.len() - 4)
        {
            self.out.push(0xc0 | ENC_LZF);
            self.length(packed.len() as u64);
            self.length(text.len() as u64);
            self.out.extend_from_slice(&packed);
            return;
        }
        self.length(text.len() as u64);
        self.out.extend_from_slice(text);
    }

    /// The number's decimal form as a string.
    pub fn number(&mut self, n: i64) {
        if !self.integer(n) {
            self.string(itoa::Buffer::new().format(n).as_bytes());
        }
    }

    /// A score of a sorted set.
    pub fn score(&mut self, score: f64) {
        self.out.extend_from_slice(&score.to_le_bytes());
    }

    /// A node of a list that is a listpack.
    pub fn packed_node(&mut self, listpack: &[u8]) {
        self.length(NODE_PACKED);
        self.string(listpack);
    }

    /// A node of a list that is one large element.
    pub fn plain_node(&mut self, element: &[u8]) {
        self.length(NODE_PLAIN);
        self.string(element);
    }

    /// An id as two numbers.
    pub fn id(&mut self, (ms, seq): StreamId) {
        self.length(ms);
        self.length(seq);
    }

    /// An id as sixteen bytes.
    pub fn raw_id(&mut self, (ms, seq): StreamId) {
        self.out.extend_from_slice(&ms.to_be_bytes());
        self.out.extend_from_slice(&seq.to_be_bytes());
    }

    /// Unix milliseconds.
    pub fn time(&mut self, ms: i64) {
        self.out.extend_from_slice(&ms.to_le_bytes());
    }

    /// Bytes that were encoded so far and not taken away.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// One byte: a type.
    pub fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    /// What was encoded.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// An integer-encoded string, if 32 bits suffice.
    fn integer(&mut self, n: i64) -> bool {
        if let Ok(n) = i8::try_from(n) {
            self.out.extend([0xc0 | ENC_INT8, n as u8]);
        } else if let Ok(n) = i16::try_from(n) {
            self.out.push(0xc0 | ENC_INT16);
            self.out.extend_from_slice(&n.to_le_bytes());
        } else if let Ok(n) = i32::try_from(n) {
            self.out.push(0xc0 | ENC_INT32);
            self.out.extend_from_slice(&n.to_le_bytes());
        } else {
            return false;
        }
        true
    }
}
