//! DUMP and RESTORE: one value with a footer of version (two bytes) and CRC-64 (eight).

use super::decoder::Decoder;
use super::format::VERSION;
use super::{super::crc64, RdbError};

const FOOTER_LEN: usize = 10;

/// Ends a DUMP payload that holds a type byte and a value.
pub fn seal_payload(body: &mut Vec<u8>) {
    body.extend_from_slice(&(VERSION as u16).to_le_bytes());
    let sum = crc64::checksum(body);
    body.extend_from_slice(&sum.to_le_bytes());
}

/// What RESTORE reads: the decoder gives one [`Item::String`](super::Item::String), or an
/// [`Item::Value`](super::Item::Value) with its parts, and is finished then. Bytes behind that do not
/// matter. `verify`: the checksum counts.
///
/// Every error here is Redis's `DUMP payload version or checksum are wrong`; those of the decoder are its
/// `Bad data format`.
pub fn open_payload(payload: &[u8], verify: bool) -> Result<Decoder, RdbError> {
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
    if verify && got != expected {
        return Err(RdbError::ChecksumMismatch { expected, got });
    }
    Ok(Decoder::of_value(body))
}
