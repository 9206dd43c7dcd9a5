//! HyperLogLog: how many different elements were added to a string, about.
//!
//! In: the bytes of such a string, elements. Out: the same bytes changed as Redis changes them, and
//! estimates. Never here: keys, replies, configuration.
//!
//! A string has a header of 16 bytes (`HYLL`, encoding, three zeros, the cached estimate with its
//! highest bit set if it is out of date) and 16,384 registers of 6 bits: in a row (dense), or as a
//! list of runs (sparse). Everything here holds for bytes of any origin: what makes no sense is
//! [`Corrupt`].

mod dense;
mod estimate;
mod hash;
mod sparse;
#[cfg(test)]
mod tests;

pub use dense::register;
pub use estimate::{estimate, histogram_of};
pub use sparse::{Run, runs};

/// How many registers there are; the low 14 bits of an element's hash choose one.
pub const REGISTERS: usize = 1 << INDEX_BITS;
const INDEX_BITS: u32 = 14;
/// Bits of the hash in which zeros are counted.
const HASH_BITS: u32 = 64 - INDEX_BITS;
/// Bytes before the registers.
const HEADER: usize = 16;
/// Where the encoding stands, and the cached estimate.
const ENCODING: usize = 4;
const CACHE: usize = 8;

/// How the registers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Dense,
    Sparse,
}

/// The runs of a sparse string do not make up all registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

/// A string that has counted nothing yet.
pub fn empty() -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes[..4].copy_from_slice(b"HYLL");
    bytes[ENCODING] = 1;
    sparse::push_zeros(&mut bytes, REGISTERS);
    bytes
}

/// The encoding, if these bytes are a HyperLogLog as far as the header tells.
pub fn encoding(bytes: &[u8]) -> Option<Encoding> {
    if bytes.len() < HEADER || !bytes.starts_with(b"HYLL") {
        return None;
    }
    match bytes[ENCODING] {
        0 if bytes.len() == HEADER + dense::SIZE => Some(Encoding::Dense),
        1 => Some(Encoding::Sparse),
        _ => None,
    }
}

/// Counts an element; whether a register grew. `sparse_max`: hll-sparse-max-bytes.
pub fn add(bytes: &mut Vec<u8>, element: &[u8], sparse_max: usize) -> Result<bool, Corrupt> {
    let (index, count) = hash::place(element);
    raise(bytes, index, count, sparse_max)
}

/// Raises a register to `count` if it is lower; whether it was.
pub fn raise(
    bytes: &mut Vec<u8>,
    index: usize,
    count: u8,
    sparse_max: usize,
) -> Result<bool, Corrupt> {
    match encoding(bytes) {
        Some(Encoding::Dense) => Ok(dense::raise(&mut bytes[HEADER..], index, count)),
        Some(Encoding::Sparse) => sparse::raise(bytes, index, count, sparse_max),
        None => Err(Corrupt),
    }
}

/// Keeps the registers dense from now on.
pub fn make_dense(bytes: &mut Vec<u8>) -> Result<(), Corrupt> {
    if bytes[ENCODING] == 0 {
        return Ok(());
    }
    let mut registers = vec![0; dense::SIZE];
    let mut index = 0;
    for run in runs(bytes) {
        if run.value > 0 {
            if index + run.len > REGISTERS {
                return Err(Corrupt);
            }
            (index..index + run.len).for_each(|i| dense::set(&mut registers, i, run.value));
        }
        index += run.len;
    }
    if index != REGISTERS {
        return Err(Corrupt);
    }
    bytes.truncate(HEADER);
    bytes.extend_from_slice(&registers);
    bytes[ENCODING] = 0;
    Ok(())
}

/// Raises each of `registers` (as many as [`REGISTERS`]) to what the string has.
pub fn merge_into(registers: &mut [u8], bytes: &[u8]) -> Result<(), Corrupt> {
    match encoding(bytes).ok_or(Corrupt)? {
        Encoding::Dense => {
            for (i, max) in registers.iter_mut().enumerate() {
                *max = (*max).max(register(bytes, i));
            }
            Ok(())
        }
        Encoding::Sparse => {
            let mut index = 0;
            for run in runs(bytes) {
                if run.value > 0 {
                    let range = registers.get_mut(index..index + run.len).ok_or(Corrupt)?;
                    range.iter_mut().for_each(|max| *max = (*max).max(run.value));
                }
                index += run.len;
            }
            if index == REGISTERS { Ok(()) } else { Err(Corrupt) }
        }
    }
}

/// The estimate for a string, computed anew.
pub fn count(bytes: &[u8]) -> Result<u64, Corrupt> {
    let mut histogram = [0u32; 64];
    match encoding(bytes).ok_or(Corrupt)? {
        Encoding::Dense => {
            (0..REGISTERS).for_each(|i| histogram[usize::from(register(bytes, i))] += 1);
        }
        Encoding::Sparse => {
            let mut sum = 0;
            for run in runs(bytes) {
                sum += run.len;
                // A string of half a megabyte can name more registers than a u32 can count.
                if sum > REGISTERS {
                    return Err(Corrupt);
                }
                histogram[usize::from(run.value)] += run.len as u32;
            }
            if sum != REGISTERS {
                return Err(Corrupt);
            }
        }
    }
    Ok(estimate(&histogram))
}

/// The estimate that the string remembers, if it is up to date.
pub fn cached(bytes: &[u8]) -> Option<u64> {
    let card = bytes.get(CACHE..HEADER)?.try_into().ok()?;
    let card = u64::from_le_bytes(card);
    (card >> 63 == 0).then_some(card)
}

/// Lets the string remember its estimate.
pub fn remember(bytes: &mut [u8], card: u64) {
    if let Some(place) = bytes.get_mut(CACHE..HEADER) {
        place.copy_from_slice(&card.to_le_bytes());
    }
}

/// The estimate that the string remembers is out of date.
pub fn forget(bytes: &mut [u8]) {
    if let Some(last) = bytes.get_mut(HEADER - 1) {
        *last |= 0x80;
    }
}
