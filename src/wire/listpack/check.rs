//! Is a blob a sound listpack?

use super::{END, HEADER};
use crate::wire::rdb::packed::Head;
use crate::wire::rdb::packed::listpack::{UNKNOWN, backlen, head};

/// The blob is no listpack, and what of it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("the header of a listpack is cut short")]
    Short,
    #[error("the listpack says that it has another size")]
    Size,
    #[error("the listpack does not end with FF")]
    NoEnd,
    #[error("no entry of a listpack begins like the one at byte {0}")]
    Entry(usize),
    #[error("the listpack has another number of entries than it says")]
    Count,
}

/// Looks at the header and the end mark: the number of entries as the header says it.
pub(super) fn frame(blob: &[u8]) -> Result<u16, Malformed> {
    if blob.len() <= HEADER {
        return Err(Malformed::Short);
    }
    let total = u32::from_le_bytes([blob[0], blob[1], blob[2], blob[3]]);
    if u64::from(total) != blob.len() as u64 {
        return Err(Malformed::Size);
    }
    if blob.last() != Some(&END) {
        return Err(Malformed::NoEnd);
    }
    Ok(u16::from_le_bytes([blob[4], blob[5]]))
}

/// Looks at every entry as well: the number of entries as it is.
pub fn validate(blob: &[u8]) -> Result<u32, Malformed> {
    let said = frame(blob)?;
    let (mut at, mut count) = (HEADER, 0u32);
    let end = blob.len() - 1;
    while at < end {
        let len = match head(&blob[at..]) {
            Head::Int { head, .. } => head as u64,
            Head::Str { len, head } => len + head as u64,
            Head::Need(_) | Head::End | Head::Bad => return Err(Malformed::Entry(at)),
        };
        let (back, n) = backlen(len);
        let next = usize::try_from(len).ok().and_then(|len| at.checked_add(len)?.checked_add(n));
        match next {
            Some(next) if next <= end && blob[next - n..next] == back[..n] => at = next,
            _ => return Err(Malformed::Entry(at)),
        }
        count += 1;
    }
    if said != UNKNOWN && u32::from(said) != count {
        return Err(Malformed::Count);
    }
    Ok(count)
}
