//! Intset, in which Redis keeps a small set of whole numbers: `u32 bytes an integer · u32 integers ·
//! integers`, all little-endian and in ascending order.
//!
//! In: integers, or the bytes of a blob. Out: the same. The bytes are those that redis-server would
//! hold, save and send after the same changes: the width of the integers grows with the first one
//! that needs it, and never shrinks again.

use std::fmt;

/// Bytes in front of the integers.
pub const HEADER: usize = 8;

/// More integers than this are never kept in an intset, whatever set-max-intset-entries says.
pub const MOST: usize = 1 << 30;

/// The integer that `bytes` are: two, four or eight of them.
pub fn integer(bytes: &[u8]) -> Option<i64> {
    Some(match bytes.len() {
        2 => i64::from(i16::from_le_bytes(bytes.try_into().ok()?)),
        4 => i64::from(i32::from_le_bytes(bytes.try_into().ok()?)),
        8 => i64::from_le_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}

/// Why bytes are no intset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// The width is not 2, 4 or 8, or the length does not follow from the header.
    Header,
    /// The integers do not ascend.
    Order,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bad::Header => "the header of the intset does not fit its length",
            Bad::Order => "the integers of the intset do not ascend",
        })
    }
}

/// A set of integers in Redis's packed form.
#[derive(Clone, PartialEq, Eq)]
pub struct Intset {
    /// Header and integers, always whole.
    bytes: Vec<u8>,
}

impl Default for Intset {
    fn default() -> Intset {
        Intset::new()
    }
}

impl fmt::Debug for Intset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Intset {
    /// An empty one: two bytes an integer.
    pub fn new() -> Intset {
        Intset { bytes: vec![2, 0, 0, 0, 0, 0, 0, 0] }
    }

    /// Takes over the bytes of a blob after a look at every one of them.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Intset, Bad> {
        let word = |at: usize| {
            let four = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
            four.map(u32::from_le_bytes).ok_or(Bad::Header)
        };
        let (width, count) = (word(0)?, word(4)?);
        let len = HEADER as u64 + u64::from(count) * u64::from(width);
        if !matches!(width, 2 | 4 | 8) || len != bytes.len() as u64 {
            return Err(Bad::Header);
        }
        let set = Intset { bytes };
        if !set.iter().zip(set.iter().skip(1)).all(|(a, b)| a < b) {
            return Err(Bad::Order);
        }
        Ok(set)
    }

    /// Header and integers, as an RDB file holds them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes taken from the heap.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// How many integers it holds.
    pub fn len(&self) -> usize {
        (self.bytes.len() - HEADER) / self.width()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.bytes.len() == HEADER
    }

    /// Bytes an integer: 2, 4 or 8.
    pub fn width(&self) -> usize {
        usize::from(self.bytes[0])
    }

    /// The integer at a position; `None` past the end.
    pub fn get(&self, at: usize) -> Option<i64> {
        let width = self.width();
        let from = at.checked_mul(width)?.checked_add(HEADER)?;
        integer(self.bytes.get(from..from + width)?)
    }

    /// All integers, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator {
        self.bytes[HEADER..].chunks_exact(self.width()).map(|b| integer(b).unwrap_or(0))
    }

    /// Whether `n` is in it.
    pub fn contains(&self, n: i64) -> bool {
        width_of(n) <= self.width() && self.find(n).is_ok()
    }

    /// Puts `n` in; `false` if it was there.
    pub fn insert(&mut self, n: i64) -> bool {
        let wide = width_of(n);
        if wide > self.width() {
            // What fits no integer that is there is smaller or larger than all of them.
            self.widen(wide);
        }
        let Err(at) = self.find(n) else { return false };
        let (width, from) = (self.width(), HEADER + at * self.width());
        let end = self.bytes.len();
        // Redis's allocation fits exactly too; a moderate reserve saves most of the moves.
        if self.bytes.capacity() < end + width {
            self.bytes.reserve_exact(width.max(end / 8));
        }
        self.bytes.resize(end + width, 0);
        self.bytes.copy_within(from..end, from + width);
        self.bytes[from..from + width].copy_from_slice(&n.to_le_bytes()[..width]);
        self.count();
        true
    }

    /// Takes `n` out; whether it was there.
    pub fn remove(&mut self, n: i64) -> bool {
        if width_of(n) > self.width() {
            return false;
        }
        let Ok(at) = self.find(n) else { return false };
        let from = HEADER + at * self.width();
        self.bytes.drain(from..from + self.width());
        self.count();
        true
    }

    /// Where `n` is, or where it belongs.
    fn find(&self, n: i64) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        // New numbers are often the largest so far.
        if high > 0 && self.get(high - 1).is_some_and(|last| last < n) {
            return Err(high);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle).map(|m| m.cmp(&n)) {
                Some(std::cmp::Ordering::Less) => low = middle + 1,
                Some(std::cmp::Ordering::Greater) => high = middle,
                _ => return Ok(middle),
            }
        }
        Err(low)
    }

    /// Gives every integer `width` bytes.
    fn widen(&mut self, width: usize) {
        let mut wide = Vec::with_capacity(HEADER + (self.len() + 1) * width);
        wide.extend_from_slice(&(width as u32).to_le_bytes());
        wide.extend_from_slice(&self.bytes[4..HEADER]);
        for n in self.iter() {
            wide.extend_from_slice(&n.to_le_bytes()[..width]);
        }
        self.bytes = wide;
    }

    /// Writes down how many there are.
    fn count(&mut self) {
        let n = self.len() as u32;
        self.bytes[4..HEADER].copy_from_slice(&n.to_le_bytes());
    }
}

/// How many bytes `n` needs.
fn width_of(n: i64) -> usize {
    if i16::try_from(n).is_ok() {
        2
    } else if i32::try_from(n).is_ok() {
        4
    } else {
        8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn bytes_as_redis_holds_them() {
        let mut set = Intset::new();
        assert!(set.insert(5) && set.insert(-1) && !set.insert(5));
        assert_eq!(set.as_bytes(), b"\x02\0\0\0\x02\0\0\0\xff\xff\x05\0");
        assert!(set.insert(70_000));
        let wide = b"\x04\0\0\0\x03\0\0\0\xff\xff\xff\xff\x05\0\0\0\x70\x11\x01\0";
        assert_eq!(set.as_bytes(), wide);
        // The width stays when the one that needed it goes.
        assert!(set.remove(70_000) && !set.remove(70_000) && !set.remove(i64::MAX));
        assert_eq!(set.as_bytes(), b"\x04\0\0\0\x02\0\0\0\xff\xff\xff\xff\x05\0\0\0");
        assert!(set.insert(i64::MIN));
        assert_eq!((set.width(), set.get(0), set.get(3)), (8, Some(i64::MIN), None));
    }

    #[test]
    fn bytes_that_are_no_intset() {
        let from = |bytes: &[u8]| Intset::from_bytes(bytes.to_vec());
        assert_eq!(from(b"").unwrap_err(), Bad::Header);
        assert_eq!(from(b"\x03\0\0\0\0\0\0\0").unwrap_err(), Bad::Header);
        assert_eq!(from(b"\x02\0\0\0\x02\0\0\0\x01\0").unwrap_err(), Bad::Header);
        assert_eq!(from(b"\x08\0\0\0\xff\xff\xff\xff").unwrap_err(), Bad::Header);
        assert_eq!(from(b"\x02\0\0\0\x02\0\0\0\x01\0\x01\0").unwrap_err(), Bad::Order);
        assert_eq!(from(b"\x02\0\0\0\x02\0\0\0\x01\0\x02\0").unwrap().len(), 2);
    }

    proptest! {
        #[test]
        fn behaves_as_a_sorted_set(steps in prop::collection::vec((any::<bool>(), number()), 0..200)) {
            let (mut set, mut model) = (Intset::new(), BTreeSet::new());
            for (add, n) in steps {
                match add {
                    true => prop_assert_eq!(set.insert(n), model.insert(n)),
                    false => prop_assert_eq!(set.remove(n), model.remove(&n)),
                }
                prop_assert_eq!(set.contains(n), add);
            }
            prop_assert!(set.iter().eq(model.iter().copied()));
            prop_assert_eq!(set.len(), model.len());
            let again = Intset::from_bytes(set.as_bytes().to_vec());
            prop_assert_eq!(again, Ok(set));
        }
    }

    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![-20i64..20, -40_000i64..40_000, any::<i32>().prop_map(i64::from), any::<i64>()]
    }
}
