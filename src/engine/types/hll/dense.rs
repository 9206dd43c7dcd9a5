//! Registers in a row: 6 bits each, the lowest bits of each byte first.

use super::{HEADER, REGISTERS};

const BITS: usize = 6;
const MASK: u16 = (1 << BITS) - 1;
/// Bytes of all registers.
pub(super) const SIZE: usize = REGISTERS * BITS / 8;

/// A register of a dense string.
pub fn register(bytes: &[u8], index: usize) -> u8 {
    get(bytes.get(HEADER..).unwrap_or_default(), index)
}

fn get(registers: &[u8], index: usize) -> u8 {
    let (byte, shift) = (index * BITS / 8, index * BITS % 8);
    let at = |i: usize| registers.get(i).copied().unwrap_or(0);
    ((u16::from_le_bytes([at(byte), at(byte + 1)]) >> shift) & MASK) as u8
}

/// Writes a register.
pub(super) fn set(registers: &mut [u8], index: usize, value: u8) {
    let (byte, shift) = (index * BITS / 8, index * BITS % 8);
    let clear = (!(MASK << shift)).to_le_bytes();
    let bits = ((u16::from(value) & MASK) << shift).to_le_bytes();
    for (i, (clear, bits)) in clear.into_iter().zip(bits).enumerate() {
        if let Some(b) = registers.get_mut(byte + i) {
            *b = (*b & clear) | bits;
        }
    }
}

/// Raises a register if it is lower; whether it was.
pub(super) fn raise(registers: &mut [u8], index: usize, count: u8) -> bool {
    let grows = count > get(registers, index);
    if grows {
        set(registers, index, count);
    }
    grows
}
