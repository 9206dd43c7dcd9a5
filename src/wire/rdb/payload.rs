//! DUMP and RESTORE: one value with a footer of version (two bytes) and CRC-64 (eight).

use super::decoder::{RdbValue, read_value};
use super::format::{TYPE_STRING, VERSION};
use super::reader::{Reader, Stop};
use super::{super::crc64, RdbError, writer::Encoder};

const FOOTER_LEN: usize = 10;

/// What DUMP answers for a string.
pub fn dump_payload(value: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(value.len() > 20);
    encoder.out.push(TYPE_STRING);
    encoder.string(value);
    let mut out = encoder.out;
    out.extend_from_slice(&(VERSION as u16).to_le_bytes());
    let sum = crc64::checksum(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

/// What RESTORE reads.
///
/// [`RdbError::ShortRead`] (no room for a footer), [`RdbError::VersionTooNew`] and
/// [`RdbError::ChecksumMismatch`] are Redis's `DUMP payload version or checksum are wrong`; every other
/// error is its `Bad data format`, except [`RdbError::Unsupported`], which is our own.
pub fn load_payload(payload: &[u8]) -> Result<RdbValue, RdbError> {
    let (body, footer) = payload
        .len()
        .checked_sub(FOOTER_LEN)
        .and_then(|at| payload.split_at_checked(at))
        .ok_or(RdbError::ShortRead)?;
    let version = u16::from_le_bytes([footer[0], footer[1]]);
    if u32::from(version) > VERSION {
        return Err(RdbError::VersionTooNew(version.into()));
    }
    let mut sum = [0; 8];
    sum.copy_from_slice(&footer[2..]);
    let got = u64::from_le_bytes(sum);
    let expected = crc64::checksum(&payload[..payload.len() - 8]);
    if got != expected {
        return Err(RdbError::ChecksumMismatch { expected, got });
    }
    let mut reader = Reader::new(body);
    let value = reader.byte().and_then(|kind| read_value(kind, &mut reader, || None));
    value.map_err(|stop| match stop {
        Stop::Need(_) => RdbError::Corrupt("the payload ends too early"),
        Stop::Error(error) => error,
    })
}
