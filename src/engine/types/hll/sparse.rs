//! Registers as runs of equal ones.
//!
//! ```text
//! 00llllll             1 to 64 registers that are 0
//! 01llllll llllllll    1 to 16,384 registers that are 0
//! 1vvvvvll             1 to 4 registers that are 1 to 32
//! ```
//!
//! A run is split where one of its registers grows, and runs of equal values are joined again only
//! near that place: the bytes depend on the history, and every step here is Redis's.

use super::{Corrupt, HEADER, dense, make_dense};

/// The longest row of zeros with a head of one byte.
const ZEROS: usize = 64;
/// The longest run of a value, and the greatest value.
const VALUES: usize = 4;
const MAX_VALUE: u8 = 32;

/// Some registers of the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub value: u8,
    pub len: usize,
    /// Bytes of its head.
    pub size: usize,
}

/// The runs of a sparse string.
pub fn runs(bytes: &[u8]) -> impl Iterator<Item = Run> + '_ {
    let mut at = HEADER;
    std::iter::from_fn(move || {
        let run = run_at(bytes, at)?;
        at += run.size;
        Some(run)
    })
}

fn run_at(bytes: &[u8], at: usize) -> Option<Run> {
    let head = *bytes.get(at)?;
    Some(match head >> 6 {
        0 => Run { value: 0, len: usize::from(head & 0x3f) + 1, size: 1 },
        1 => {
            // Behind a string there is a zero in Redis.
            let low = bytes.get(at + 1).copied().unwrap_or(0);
            let len = usize::from(u16::from_be_bytes([head & 0x3f, low])) + 1;
            Run { value: 0, len, size: 2 }
        }
        _ => Run { value: ((head >> 2) & 0x1f) + 1, len: usize::from(head & 3) + 1, size: 1 },
    })
}

/// Appends a run of zeros.
pub(super) fn push_zeros(to: &mut Vec<u8>, len: usize) {
    let less = len.saturating_sub(1);
    if len > ZEROS {
        to.push(0x40 | (less >> 8) as u8 & 0x3f);
    }
    to.push(less as u8);
}

fn values(value: u8, len: usize) -> u8 {
    0x80 | (value.wrapping_sub(1) & 0x1f) << 2 | (len.wrapping_sub(1) & 3) as u8
}

/// Raises a register to `count` if it is lower; whether it was. The string becomes dense if the
/// value is too great for a run, or the runs would take more than `max_bytes`.
pub(super) fn raise(
    bytes: &mut Vec<u8>,
    index: usize,
    count: u8,
    max_bytes: usize,
) -> Result<bool, Corrupt> {
    if count > MAX_VALUE {
        return promote(bytes, index, count);
    }
    // The run that covers the register, and the one in front of it.
    let (mut at, mut first, mut before) = (HEADER, 0, None);
    let run = loop {
        let run = run_at(bytes, at).ok_or(Corrupt)?;
        if index < first + run.len {
            break run;
        }
        before = Some(at);
        at += run.size;
        first += run.len;
    };
    if run.value >= count {
        return Ok(false);
    }
    if run.len == 1 && run.size == 1 {
        bytes[at] = values(count, 1);
    } else {
        let (left, right) = (index - first, first + run.len - 1 - index);
        let mut new = Vec::with_capacity(5);
        let rest = |new: &mut Vec<u8>, len: usize| match run.value {
            _ if len == 0 => {}
            0 => push_zeros(new, len),
            value => new.push(values(value, len)),
        };
        rest(&mut new, left);
        new.push(values(count, 1));
        rest(&mut new, right);
        let size = (bytes.len() + new.len()).saturating_sub(run.size);
        if new.len() > run.size && size > max_bytes {
            return promote(bytes, index, count);
        }
        let end = (at + run.size).min(bytes.len());
        bytes.splice(at..end, new);
        bytes.truncate(size);
    }
    join(bytes, before.unwrap_or(HEADER));
    super::forget(bytes);
    Ok(true)
}

fn promote(bytes: &mut Vec<u8>, index: usize, count: u8) -> Result<bool, Corrupt> {
    make_dense(bytes)?;
    Ok(dense::raise(&mut bytes[HEADER..], index, count))
}

/// Joins neighbouring runs of the same value, as far as Redis looks: five steps from `at` on.
fn join(bytes: &mut Vec<u8>, mut at: usize) {
    for _ in 0..5 {
        let Some(run) = run_at(bytes, at) else { return };
        let next = run_at(bytes, at + 1).filter(|_| run.value > 0);
        match next {
            Some(next) if next.value == run.value && run.len + next.len <= VALUES => {
                bytes[at + 1] = values(run.value, run.len + next.len);
                bytes.remove(at);
            }
            _ => at += run.size,
        }
    }
}
