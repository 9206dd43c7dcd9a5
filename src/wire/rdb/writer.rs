//! Writing an RDB, record by record, into a buffer that the caller empties as it likes.

use super::super::crc64::Digest;
use super::encoder::Encoder;
use super::format::{AUX, EOF, EXPIRE_MS, FREQ, IDLE, RESIZE_DB, SELECT_DB, VERSION, kind};

/// `rdbcompression` and `rdbchecksum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Long strings are compressed where that saves at least four bytes.
    pub compression: bool,
    /// Off: eight zero bytes at the end, and no time spent on the sum.
    pub checksum: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { compression: true, checksum: true }
    }
}

/// Appends records to an own buffer; [`Writer::take`] or [`Writer::drain_into`] empties it at any
/// point between two calls. The order is the caller's duty: header, aux fields, then for each
/// database that holds a key `select_db`, `resize_db` and its keys, and `eof`.
#[derive(Debug)]
pub struct Writer {
    options: Options,
    encoder: Encoder,
    /// Bytes of the buffer that the digest has seen.
    summed: usize,
    digest: Digest,
    /// Bytes drained before.
    drained: u64,
}

impl Writer {
    pub fn new(options: Options) -> Writer {
        Writer {
            options,
            encoder: Encoder::new(options.compression),
            summed: 0,
            digest: Digest::new(),
            drained: 0,
        }
    }

    /// Magic and version: `REDIS0010`.
    pub fn header(&mut self) {
        self.encoder.out.extend_from_slice(format!("REDIS{VERSION:04}").as_bytes());
    }

    /// A field about the file, such as `redis-ver` or `repl-id`.
    pub fn aux(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.encoder.out.push(AUX);
        self.encoder.string(key.as_ref());
        self.encoder.string(value.as_ref());
    }

    /// The keys that follow belong to database `db`.
    pub fn select_db(&mut self, db: u64) {
        self.encoder.out.push(SELECT_DB);
        self.encoder.length(db);
    }

    /// A hint for the reader's tables: keys, and keys with an expiry.
    pub fn resize_db(&mut self, keys: u64, expires: u64) {
        self.encoder.out.push(RESIZE_DB);
        self.encoder.length(keys);
        self.encoder.length(expires);
    }

    /// Seconds since the key that follows was used (written under an LRU policy).
    pub fn idle(&mut self, seconds: u64) {
        self.encoder.out.push(IDLE);
        self.encoder.length(seconds);
    }

    /// The use counter of the key that follows (written under an LFU policy).
    pub fn freq(&mut self, counter: u8) {
        self.encoder.out.extend([FREQ, counter]);
    }

    /// A key that holds a string. `expire_ms`: absolute, milliseconds of wall time. Under an LRU or LFU
    /// policy use [`Writer::expire`], [`Writer::idle`] or [`Writer::freq`], and this without an expiry:
    /// Redis puts the expiry first.
    pub fn string_key(&mut self, key: &[u8], value: &[u8], expire_ms: Option<i64>) {
        if let Some(at) = expire_ms {
            self.expire(at);
        }
        self.encoder.out.push(kind::STRING);
        self.encoder.string(key);
        self.encoder.string(value);
    }

    /// A key of any type: `kind` tells how its value is laid out, which is written with
    /// [`Writer::value`].
    pub fn key(&mut self, kind: u8, key: &[u8]) {
        self.encoder.out.push(kind);
        self.encoder.string(key);
    }

    /// For the value of a key, bit by bit.
    pub fn value(&mut self) -> &mut Encoder {
        &mut self.encoder
    }

    /// The expiry of the key that follows: absolute, milliseconds of wall time.
    pub fn expire(&mut self, at_ms: i64) {
        self.encoder.out.push(EXPIRE_MS);
        self.encoder.out.extend_from_slice(&at_ms.to_le_bytes());
    }

    /// The end: the last byte and the checksum over everything before it.
    pub fn eof(&mut self) {
        self.encoder.out.push(EOF);
        self.sum();
        let sum = if self.options.checksum { self.digest.value() } else { 0 };
        self.encoder.out.extend_from_slice(&sum.to_le_bytes());
        // The checksum itself is not summed.
        self.summed = self.encoder.out.len();
    }

    /// Bytes waiting to be drained.
    pub fn pending(&self) -> &[u8] {
        &self.encoder.out
    }

    /// Bytes written since the beginning.
    pub fn written(&self) -> u64 {
        self.drained + self.encoder.out.len() as u64
    }

    /// Takes the waiting bytes.
    pub fn take(&mut self) -> Vec<u8> {
        self.settle();
        std::mem::take(&mut self.encoder.out)
    }

    /// Appends the waiting bytes to `out`; the buffer's memory is used again.
    pub fn drain_into(&mut self, out: &mut Vec<u8>) {
        self.settle();
        out.append(&mut self.encoder.out);
    }

    fn sum(&mut self) {
        if self.options.checksum {
            self.digest.update(&self.encoder.out[self.summed..]);
        }
        self.summed = self.encoder.out.len();
    }

    fn settle(&mut self) {
        self.sum();
        self.summed = 0;
        self.drained += self.encoder.out.len() as u64;
    }
}
