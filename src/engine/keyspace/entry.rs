//! A key with its value, expiry and uses: one allocation, held by one pointer.
//!
//! This is the other unsafe place beside `text.rs`. An entry lies in a block of its own: a head of
//! 24 bytes, then the expiry if it has one, then the name. Segments hold nothing but pointers to
//! such blocks, and a snapshot shares the blocks by counting. A key of 16 bytes with a short value
//! takes 40 bytes so, in one piece, where three allocations took 170.

use super::table::Item;
use super::value::Value;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering, fence};

/// The counter of uses that a new key begins with, so that it is not the first to go.
pub const NEW_COUNTER: u8 = 5;

/// Clocks of uses have this many bits, as in Redis: seconds that wrap around after 194 days.
const CLOCK_MASK: u32 = (1 << 24) - 1;

/// One key with its value, expiry and the traces of its uses. A clone shares all of it.
pub struct Entry(NonNull<Head>);

/// What every block begins with.
#[repr(C)]
struct Head {
    value: Value,
    /// How many own the block: segments, live or of a snapshot.
    count: AtomicU16,
    /// Whether an expiry follows the head.
    timed: bool,
    /// Length of the name; [`LONG`]: it stands in eight bytes in front of it.
    name_len: u8,
    /// The clock of the last use in the upper 24 bits, the counter of uses in the lower 8. Atomic,
    /// so that a read need not copy what a snapshot shares.
    used: AtomicU32,
}

const LONG: u8 = u8::MAX;

/// The expiry of a block that has room for one and needs none.
const NEVER: i64 = i64::MIN;

// SAFETY: the value is Send and Sync, all else is atomic or written only by a sole owner.
unsafe impl Send for Entry {}
// SAFETY: as above.
unsafe impl Sync for Entry {}

/// Where things stand in a block of this kind.
#[derive(Clone, Copy)]
struct Plan {
    timed: bool,
    name_len: usize,
}

impl Plan {
    fn is_long(self) -> bool {
        self.name_len >= usize::from(LONG)
    }

    /// Where the name's length stands if it is long, otherwise the name itself.
    fn after_expiry(self) -> usize {
        size_of::<Head>() + if self.timed { size_of::<i64>() } else { 0 }
    }

    fn name_at(self) -> usize {
        self.after_expiry() + if self.is_long() { size_of::<usize>() } else { 0 }
    }

    fn layout(self) -> Layout {
        let bytes = self.name_at() + self.name_len;
        Layout::from_size_align(bytes, align_of::<Head>()).expect("a name fits into memory")
    }
}

impl Entry {
    /// A key that was used at this moment of the clients' clock (seconds).
    pub fn new(name: &[u8], value: Value, expire_at: Option<i64>, clock_s: u32) -> Entry {
        let used = (clock_s << 8) | u32::from(NEW_COUNTER);
        Entry::build(name, value, expire_at, used)
    }

    fn build(name: &[u8], value: Value, expire_at: Option<i64>, used: u32) -> Entry {
        let plan = Plan { timed: expire_at.is_some(), name_len: name.len() };
        let layout = plan.layout();
        let head = Head {
            value,
            count: AtomicU16::new(1),
            timed: plan.timed,
            name_len: if plan.is_long() { LONG } else { name.len() as u8 },
            used: AtomicU32::new(used),
        };
        // SAFETY: the layout is larger than a head, and everything is written within it: the plan
        // tells both the size and the places.
        unsafe {
            let Some(block) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            block.cast::<Head>().write(head);
            if let Some(at) = expire_at {
                block.add(size_of::<Head>()).cast::<i64>().write_unaligned(at);
            }
            if plan.is_long() {
                block.add(plan.after_expiry()).cast::<usize>().write_unaligned(name.len());
            }
            let to = block.add(plan.name_at());
            to.copy_from_nonoverlapping(NonNull::from(name).cast(), name.len());
            Entry(block.cast())
        }
    }

    #[inline]
    fn head(&self) -> &Head {
        // SAFETY: the block lives as long as one of its owners does, and `self` is one.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    fn plan(&self) -> Plan {
        let head = self.head();
        let mut plan = Plan { timed: head.timed, name_len: usize::from(head.name_len) };
        if head.name_len == LONG {
            // SAFETY: a long name's length stands there since the block was made.
            plan.name_len = unsafe {
                self.0.cast::<u8>().add(plan.after_expiry()).cast::<usize>().read_unaligned()
            };
        }
        plan
    }

    /// The key's name.
    #[inline]
    pub fn key(&self) -> &[u8] {
        let plan = self.plan();
        // SAFETY: the name was written there when the block was made, and never changes.
        unsafe {
            let at = self.0.cast::<u8>().add(plan.name_at());
            std::slice::from_raw_parts(at.as_ptr(), plan.name_len)
        }
    }

    /// What it holds.
    #[inline]
    pub fn value(&self) -> &Value {
        &self.head().value
    }

    /// The value, to be changed. A block that a snapshot shares is copied first.
    pub(super) fn value_mut(&mut self) -> &mut Value {
        &mut self.own().value
    }

    /// The entry taken apart: its value.
    pub fn into_value(mut self) -> Value {
        std::mem::replace(self.value_mut(), Value::Int(0))
    }

    /// When it expires, in Unix milliseconds; `None`: never.
    #[inline]
    pub fn expire_at(&self) -> Option<i64> {
        if !self.head().timed {
            return None;
        }
        // SAFETY: a timed block has an expiry behind its head, written when it was made.
        let at = unsafe { self.0.add(1).cast::<i64>().read_unaligned() };
        (at != NEVER).then_some(at)
    }

    /// Sets or clears the expiry (which is later than `i64::MIN`); a block without room for one is replaced by one that has it.
    pub(super) fn set_expire(&mut self, at: Option<i64>) {
        if !self.head().timed {
            if at.is_some() {
                let used = self.head().used.load(Ordering::Relaxed);
                let value = match self.is_sole() {
                    true => std::mem::replace(self.value_mut(), Value::Int(0)),
                    false => self.value().clone(),
                };
                *self = Entry::build(self.key(), value, at, used);
            }
            return;
        }
        self.own();
        // SAFETY: the block is ours alone, and has room for an expiry behind its head. The pointer
        // is the block's own: one that comes from a reference to the head may not leave the head.
        unsafe { self.0.add(1).cast::<i64>().write_unaligned(at.unwrap_or(NEVER)) }
    }

    /// Whether it is logically gone at `now_ms`: strictly later than its time.
    #[inline]
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.expire_at().is_some_and(|at| now_ms > at)
    }

    /// The clock of the last use: the lower 24 bits of the clients' clock in seconds.
    pub fn accessed_s(&self) -> u32 {
        self.head().used.load(Ordering::Relaxed) >> 8
    }

    /// For how many seconds it was not used, `clock_s` being now: 194 days at most, as in Redis.
    pub fn idle_s(&self, clock_s: u32) -> u32 {
        clock_s.wrapping_sub(self.accessed_s()) & CLOCK_MASK
    }

    /// The counter of uses (LFU): logarithmic, 0 to 255, as it was at the last use.
    pub fn counter(&self) -> u8 {
        self.head().used.load(Ordering::Relaxed) as u8
    }

    /// Notes a use at this moment of the clients' clock (seconds).
    #[inline]
    pub fn touch(&self, clock_s: u32) {
        let used = &self.head().used;
        let old = used.load(Ordering::Relaxed);
        let new = (clock_s << 8) | (old & 0xff);
        // Most uses fall into a second that was noted already: then nothing is written.
        if new != old {
            used.store(new, Ordering::Relaxed);
        }
    }

    /// Notes a use together with the counter that it leads to.
    pub fn touch_counted(&self, clock_s: u32, counter: u8) {
        self.head().used.store((clock_s << 8) | u32::from(counter), Ordering::Relaxed);
    }

    /// What the entry costs in memory: an estimate, used for `used_memory`.
    pub fn cost(&self) -> usize {
        self.plan().layout().size() + SLOT_BYTES + self.value().heap_bytes()
    }

    fn is_sole(&self) -> bool {
        self.head().count.load(Ordering::Acquire) == 1
    }

    /// The head of a block that is ours alone; a copy is made if it is not.
    fn own(&mut self) -> &mut Head {
        if !self.is_sole() {
            *self = self.copy();
        }
        // SAFETY: there is no other owner, and nobody can become one while `self` is borrowed.
        unsafe { self.0.as_mut() }
    }

    /// The same in a block of its own.
    fn copy(&self) -> Entry {
        let used = self.head().used.load(Ordering::Relaxed);
        let at = self.head().timed.then(|| self.expire_at().unwrap_or(NEVER));
        Entry::build(self.key(), self.value().clone(), at, used)
    }
}

/// Far below what the count can hold: threads may count at the same time.
const MOST_OWNERS: u16 = u16::MAX / 2;

/// What a table adds for an entry: its place in a segment, and what a place costs beyond that.
const SLOT_BYTES: usize = 20;

impl Item for Entry {
    #[inline]
    fn name(&self) -> &[u8] {
        self.key()
    }
}

impl Clone for Entry {
    fn clone(&self) -> Entry {
        // One owner for each segment that holds it: a snapshot adds one. A count that could wrap
        // would free what others still own; so many owners get a block of their own.
        if self.head().count.load(Ordering::Relaxed) > MOST_OWNERS {
            return self.copy();
        }
        self.head().count.fetch_add(1, Ordering::Relaxed);
        Entry(self.0)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // Sole owners need no atomic write: nobody else could count while we are dropped.
        if !self.is_sole() && self.head().count.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        fence(Ordering::Acquire);
        let layout = self.plan().layout();
        // SAFETY: this was the last owner; the value was written when the block was made, and the
        // block was allocated with this layout.
        unsafe {
            std::ptr::drop_in_place(&raw mut (*self.0.as_ptr()).value);
            dealloc(self.0.as_ptr().cast(), layout);
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &String::from_utf8_lossy(self.key()))
            .field("value", self.value())
            .field("expire_at", &self.expire_at())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Value};
    use proptest::prelude::*;

    #[test]
    fn names_of_every_length_stay_whole() {
        for len in [0, 1, 7, 8, 15, 16, 200, 254, 255, 256, 257, 70_000] {
            let name: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            for at in [None, Some(5)] {
                let mut entry = Entry::new(&name, Value::string(b"a value that is long"), at, 9);
                let shared = entry.clone();
                entry.set_expire(Some(-7));
                *entry.value_mut() = Value::Int(3);
                assert_eq!((entry.key(), entry.expire_at()), (&name[..], Some(-7)));
                assert_eq!((shared.key(), shared.expire_at()), (&name[..], at));
                drop(entry);
                assert_eq!(&*shared.value().bytes(), b"a value that is long");
                assert_eq!(&*shared.into_value().bytes(), b"a value that is long");
            }
        }
    }

    #[test]
    fn more_owners_than_can_be_counted_get_a_block_of_their_own() {
        let entry = Entry::new(b"k", Value::string(b"v"), Some(5), 9);
        let owners: Vec<Entry> = (0..200_000).map(|_| entry.clone()).collect();
        assert!(owners.iter().all(|e| (e.key(), e.expire_at()) == (b"k", Some(5))));
        let blocks = owners.iter().filter(|e| e.0 != entry.0).count();
        assert_eq!(blocks, 200_000 - usize::from(super::MOST_OWNERS));
        drop(owners);
        assert!(entry.is_sole());
    }

    #[test]
    fn uses_wrap_around_like_redis() {
        let entry = Entry::new(b"k", Value::Int(1), None, (1 << 24) - 2);
        assert_eq!((entry.idle_s((1 << 24) + 3), entry.counter()), (5, super::NEW_COUNTER));
        entry.touch_counted(1 << 31, 77);
        assert_eq!((entry.idle_s((1 << 31) + 60), entry.counter()), (60, 77));
        entry.touch((1 << 31) + 10);
        assert_eq!((entry.idle_s((1 << 31) + 60), entry.counter()), (50, 77));
    }

    #[derive(Clone, Debug)]
    enum Op {
        Share,
        Unshare,
        Set(Vec<u8>),
        Append(u8),
        Expire(Option<i64>),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            Just(Op::Share),
            Just(Op::Unshare),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Op::Set),
            any::<u8>().prop_map(Op::Append),
            prop::option::of(any::<i64>().prop_filter("kept", |at| *at != super::NEVER))
                .prop_map(Op::Expire),
        ]
    }

    proptest! {
        /// What shares the block never sees a change, whatever is done to the other owner.
        #[test]
        fn a_shared_entry_never_changes(
            name in prop::collection::vec(any::<u8>(), 0..300),
            ops in prop::collection::vec(op(), 0..40),
        ) {
            let mut entry = Entry::new(&name, Value::string(b""), None, 0);
            let mut model: (Vec<u8>, Option<i64>) = Default::default();
            let mut shared = Vec::new();
            for op in ops {
                match op {
                    Op::Share => shared.push((entry.clone(), model.clone())),
                    Op::Unshare => drop(shared.pop()),
                    Op::Set(text) => {
                        *entry.value_mut() = Value::string(&text);
                        model.0 = text;
                    }
                    Op::Append(byte) => {
                        entry.value_mut().make_raw().push(byte);
                        model.0.push(byte);
                    }
                    Op::Expire(at) => {
                        entry.set_expire(at);
                        model.1 = at;
                    }
                }
                for (e, (text, at)) in shared.iter().chain([&(entry.clone(), model.clone())]) {
                    prop_assert_eq!(e.key(), &name[..]);
                    prop_assert_eq!(&*e.value().bytes(), &text[..]);
                    prop_assert_eq!(e.expire_at(), *at);
                }
            }
        }
    }
}
