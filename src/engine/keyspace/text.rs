//! A string in sixteen bytes: short ones lie in the value itself, long ones are shared.
//!
//! This file holds one of the project's few unsafe places. Every key and every small value would
//! otherwise be one more allocation, and one more miss of the cache for a command: a million keys
//! with short values took 170 bytes each that way, twice what redis-server takes.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering, fence};

/// The longest string that needs no allocation of its own.
pub const SHORT_MAX: usize = 14;

/// A string that never changes. A clone copies sixteen bytes, and counts a reference at most.
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    Short { len: u8, bytes: [u8; SHORT_MAX] },
    Long(Shared),
}

impl Text {
    /// The longest string that fits.
    pub const MAX: usize = u32::MAX as usize;

    /// A copy of these bytes.
    ///
    /// # Panics
    /// If they are more than [`Text::MAX`].
    pub fn new(text: &[u8]) -> Text {
        if text.len() > SHORT_MAX {
            return Text(Repr::Long(Shared::new(text)));
        }
        let mut bytes = [0; SHORT_MAX];
        bytes[..text.len()].copy_from_slice(text);
        Text(Repr::Short { len: text.len() as u8, bytes })
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Repr::Short { .. } => 0,
            Repr::Long(shared) => size_of::<Head>() + shared.bytes().len(),
        }
    }
}

impl Deref for Text {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Repr::Short { len, bytes } => &bytes[..usize::from(*len)],
            Repr::Long(shared) => shared.bytes(),
        }
    }
}

impl From<&[u8]> for Text {
    fn from(text: &[u8]) -> Text {
        Text::new(text)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Text").field(&String::from_utf8_lossy(self)).finish()
    }
}

/// What stands in front of a long string's bytes.
#[repr(C)]
struct Head {
    /// How many own it.
    count: AtomicU32,
    len: u32,
}

/// A counted reference to a block: a head, and `len` bytes behind it. The bytes never change while
/// the block lives, so any number of threads may read them.
struct Shared(NonNull<Head>);

// SAFETY: what a block holds is an atomic count and bytes that nobody changes.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    fn layout(len: usize) -> Layout {
        let bytes = size_of::<Head>() + len;
        Layout::from_size_align(bytes, align_of::<Head>()).expect("below 8 GB")
    }

    fn new(text: &[u8]) -> Shared {
        let len = u32::try_from(text.len()).expect("Text::MAX was checked by the caller");
        let layout = Shared::layout(text.len());
        // SAFETY: the layout is not of size 0. The block is as large as head and bytes together;
        // both are written before anybody sees it.
        unsafe {
            let Some(head) = NonNull::new(alloc(layout).cast::<Head>()) else {
                handle_alloc_error(layout)
            };
            head.write(Head { count: AtomicU32::new(1), len });
            let bytes = head.add(1).cast::<u8>();
            bytes.copy_from_nonoverlapping(NonNull::from(text).cast(), text.len());
            Shared(head)
        }
    }

    fn head(&self) -> &Head {
        // SAFETY: the block lives as long as one of its owners does, and `self` is one.
        unsafe { self.0.as_ref() }
    }

    fn bytes(&self) -> &[u8] {
        let len = self.head().len as usize;
        // SAFETY: `len` bytes were written behind the head when the block was made.
        unsafe { std::slice::from_raw_parts(self.0.add(1).cast::<u8>().as_ptr(), len) }
    }
}

impl Clone for Shared {
    fn clone(&self) -> Shared {
        // A count that could wrap would free what others still own; so many owners get a copy.
        if self.head().count.load(Ordering::Relaxed) > u32::MAX / 2 {
            return Shared::new(self.bytes());
        }
        self.head().count.fetch_add(1, Ordering::Relaxed);
        Shared(self.0)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.head().count.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            let layout = Shared::layout(self.head().len as usize);
            // SAFETY: this was the last owner, and the block was allocated with this layout.
            unsafe { dealloc(self.0.as_ptr().cast(), layout) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SHORT_MAX, Text};

    #[test]
    fn texts_of_every_length_keep_their_bytes() {
        for len in (0..200).chain([4095, 70_000]) {
            let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let text = Text::new(&bytes);
            let copy = text.clone();
            assert_eq!(text.heap_bytes() == 0, len <= SHORT_MAX);
            drop(text);
            assert_eq!(&*copy, &bytes[..]);
        }
        assert_eq!((size_of::<Text>(), size_of::<Option<Text>>()), (16, 16));
    }
}
