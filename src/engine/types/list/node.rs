//! A node: a listpack of small elements, or one large element by itself.

use crate::wire::listpack::{Entry, Listpack, Needle, Pos};

/// Bytes of a node at most, for `list-max-listpack-size` of -1 to -5.
const BY_SIZE: [usize; 5] = [4096, 8192, 16_384, 32_768, 65_536];
/// Bytes of a node at most where the setting counts elements.
const SAFE_SIZE: usize = 8192;
/// What an entry may take beside its text, as Redis estimates it.
const OVERHEAD: usize = 8;

/// Elements of a list, as many as fit together.
#[derive(Clone, Debug)]
pub enum Node {
    Packed(Listpack),
    Plain(Box<[u8]>),
}

impl Node {
    /// A node that holds one element.
    pub fn of(text: &[u8], large: usize) -> Node {
        if text.len() >= large {
            return Node::Plain(text.into());
        }
        let mut pack = Listpack::new();
        pack.push_back(text);
        Node::Packed(pack)
    }

    /// How many elements it holds.
    pub fn len(&self) -> usize {
        match self {
            Node::Packed(p) => p.len(),
            Node::Plain(_) => 1,
        }
    }

    /// Whether it holds none. No node of a list does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes as Redis counts them for its limits.
    pub fn size(&self) -> usize {
        match self {
            Node::Packed(p) => p.byte_len(),
            Node::Plain(s) => s.len(),
        }
    }

    /// Bytes on the heap, its own place apart.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Node::Packed(p) => p.heap_bytes(),
            Node::Plain(s) => s.len() + 8,
        }
    }

    /// Element `at`.
    pub fn get(&self, at: usize) -> Option<Entry<'_>> {
        match self {
            Node::Packed(p) => p.get(at),
            Node::Plain(s) => (at == 0).then_some(Entry::Str(s)),
        }
    }

    /// Whether an element of `len` bytes may join. `fill` is `list-max-listpack-size`; from `large`
    /// bytes on an element stands alone.
    #[inline]
    pub fn admits(&self, len: usize, fill: i32, large: usize) -> bool {
        let Node::Packed(p) = self else { return false };
        let few = p.len() < fill.max(0) as usize;
        len < large && fits(p.byte_len() + len + OVERHEAD, few, fill)
    }

    /// Whether the two may become one.
    pub fn may_join(&self, other: &Node, fill: i32) -> bool {
        let (Node::Packed(a), Node::Packed(b)) = (self, other) else { return false };
        let few = a.len() + b.len() <= fill.max(0) as usize;
        // Redis takes 11 bytes off here, where the frame that goes is 7 long.
        fits((a.byte_len() + b.byte_len()).saturating_sub(11), few, fill)
    }

    /// Takes the elements of the node to the right over.
    pub fn join(&mut self, right: Node) {
        if let (Node::Packed(a), Node::Packed(b)) = (&mut *self, right) {
            a.append(&b);
        }
    }

    /// Parts it in front of element `at`, which is neither the first nor behind the last.
    pub fn split_off(&mut self, at: usize) -> Node {
        match self {
            Node::Packed(p) => Node::Packed(p.split_off(at)),
            Node::Plain(_) => Node::Packed(Listpack::new()),
        }
    }

    /// Puts an element in front of element `at`, or behind the last. Only if it is admitted.
    pub fn insert(&mut self, at: usize, text: &[u8]) {
        if let Node::Packed(p) = self {
            match p.seek(at) {
                Some(pos) => p.insert_before(pos, text),
                None => p.push_back(text),
            }
        }
    }

    /// Takes `n` elements out from `at` on.
    pub fn remove_range(&mut self, at: usize, n: usize) {
        if let Node::Packed(p) = self {
            p.remove_range(at, n);
        }
    }

    /// Whether some element is the one that is looked for.
    pub fn has(&self, text: &[u8]) -> bool {
        match self {
            Node::Packed(p) => p.first().and_then(|first| p.find(first, text, 0)).is_some(),
            Node::Plain(s) => **s == *text,
        }
    }

    /// Takes out at most `max` elements that are equal to this one; how many it were. Of a plain
    /// node nothing can be taken out: the node goes as a whole.
    pub fn remove_equal(&mut self, text: &[u8], from_end: bool, max: usize) -> usize {
        let Node::Packed(p) = self else { return 0 };
        let needle = Needle::new(text);
        let mut gone = 0;
        let mut at: Option<Pos> = if from_end { p.last() } else { p.first() };
        while let Some(pos) = at.filter(|_| gone < max) {
            let hit = p.entry(pos).matches(&needle);
            gone += usize::from(hit);
            at = match (from_end, hit) {
                (false, false) => p.next(pos),
                (false, true) => p.remove(pos),
                (true, _) => {
                    let before = p.prev(pos);
                    if hit {
                        p.remove(pos);
                    }
                    before
                }
            };
        }
        gone
    }
}

/// `few`: the number of elements is within a setting that counts them.
#[inline]
fn fits(size: usize, few: bool, fill: i32) -> bool {
    if fill < 0 {
        let limit = BY_SIZE[(-(fill + 1)).clamp(0, 4) as usize];
        size <= limit
    } else {
        size <= SAFE_SIZE && few
    }
}
