//! Strings combined bit by bit; a shorter one counts as filled up with zeros.

/// BITOP's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitOp {
    And,
    Or,
    Xor,
    /// Of one string only.
    Not,
}

/// The result, as long as the longest source.
pub fn combine<S: AsRef<[u8]>>(op: BitOp, sources: &[S]) -> Vec<u8> {
    let len = sources.iter().map(|s| s.as_ref().len()).max().unwrap_or(0);
    let mut out = Vec::with_capacity(len);
    if let Some(first) = sources.first() {
        out.extend_from_slice(first.as_ref());
    }
    out.resize(len, 0);
    if op == BitOp::Not {
        out.iter_mut().for_each(|b| *b = !*b);
        return out;
    }
    for source in sources.iter().skip(1).map(AsRef::as_ref) {
        let pairs = out.iter_mut().zip(source);
        match op {
            BitOp::And => {
                pairs.for_each(|(a, b)| *a &= b);
                out[source.len()..].fill(0);
            }
            BitOp::Or => pairs.for_each(|(a, b)| *a |= b),
            BitOp::Xor | BitOp::Not => pairs.for_each(|(a, b)| *a ^= b),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_string_counts_as_zeros() {
        let sources: [&[u8]; 2] = [b"\xff\x0f", b"\x3c"];
        assert_eq!(combine(BitOp::And, &sources), b"\x3c\x00");
        assert_eq!(combine(BitOp::Or, &sources), b"\xff\x0f");
        assert_eq!(combine(BitOp::Xor, &sources), b"\xc3\x0f");
        let sources: [&[u8]; 3] = [b"", b"\xff", b"\xff\xff"];
        assert_eq!(combine(BitOp::And, &sources), b"\x00\x00");
        assert_eq!(combine(BitOp::Not, &sources[1..2]), b"\x00");
        assert_eq!(combine::<&[u8]>(BitOp::Or, &[]), b"");
    }
}
