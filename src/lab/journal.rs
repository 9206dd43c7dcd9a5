//! The journal: what was told in this session, in order, bounded, read by cursor.
//!
//! Every reader (a screen, line mode, the recorder, a lesson) keeps its own cursor and never blocks
//! the writers. When entries had to be dropped, a reader that was too slow is told how many, and
//! the [`Model`] that they made up is kept, so that the fold of what is left still begins right.

mod shelf;
mod weigh;

pub use weigh::weigh;

use super::model::Model;
use crate::observe::{Body, ConsoleFact, Event, Fact, LabFact, Now, Source};
use shelf::Shelf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How much memory a session's journal takes, if nothing else was asked for.
pub const BYTES: u64 = 64 << 20;
/// It never takes less: some seconds of a session must fit.
pub const LEAST_BYTES: u64 = 1 << 20;

type Watcher = Box<dyn Fn() + Send + Sync>;

/// The session's events. Shared behind an `Arc`; every method takes `&self`.
pub struct Journal {
    inner: Mutex<Inner>,
    grown: Condvar,
    watchers: RwLock<Vec<(u64, Watcher)>>,
}

struct Inner {
    events: Shelf,
    /// The position that the next event gets.
    next: u64,
    /// How many events it holds at most, and how many bytes.
    capacity: usize,
    bytes: usize,
    /// The fold of everything that was dropped from the front.
    base: Model,
    next_watcher: u64,
}

impl Inner {
    fn first(&self) -> u64 {
        self.next - self.events.len() as u64
    }

    fn push(&mut self, at: Now, source: Source, body: Body) -> u64 {
        let seq = self.next;
        self.events.push(Event { seq, at, source, body });
        self.next += 1;
        // The newest stays, however long it is.
        while self.events.len() > 1
            && (self.events.len() > self.capacity || self.events.bytes() > self.bytes)
            && let Some(old) = self.events.pop()
        {
            self.base.apply(&old);
        }
        seq
    }
}

impl Default for Journal {
    fn default() -> Journal {
        Journal::with_bytes(BYTES)
    }
}

impl Journal {
    /// An empty journal that takes up to so much memory, [`LEAST_BYTES`] at least: what an event
    /// takes is estimated by [`weigh`].
    pub fn with_bytes(bytes: u64) -> Journal {
        let bytes = usize::try_from(bytes.max(LEAST_BYTES)).unwrap_or(usize::MAX);
        Journal::bounded(usize::MAX, bytes)
    }

    /// An empty journal that keeps the last `capacity` events (at least one).
    pub fn with_capacity(capacity: usize) -> Journal {
        Journal::bounded(capacity.max(1), usize::MAX)
    }

    fn bounded(capacity: usize, bytes: usize) -> Journal {
        Journal {
            inner: Mutex::new(Inner {
                events: Shelf::default(),
                next: 0,
                capacity,
                bytes,
                base: Model::default(),
                next_watcher: 0,
            }),
            grown: Condvar::new(),
            watchers: RwLock::new(Vec::new()),
        }
    }

    /// A panicking instance must not take the journal with it: nothing in here is left half-done.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one event and returns its position.
    pub fn append(&self, at: Now, source: Source, body: Body) -> u64 {
        let seq = self.lock().push(at, source, body);
        self.tell();
        seq
    }

    /// Adds what the lab did.
    pub fn append_lab(&self, at: Now, fact: LabFact) -> u64 {
        self.append(at, Source::Lab, Body::Lab(fact))
    }

    /// Adds what the console was told or said.
    pub fn append_console(&self, at: Now, fact: ConsoleFact) -> u64 {
        self.append(at, Source::Console, Body::Console(fact))
    }

    /// Adds all facts of one turn of the instance on `port`, emptying the list.
    pub fn append_facts(&self, at: Now, port: u16, facts: &mut Vec<Fact>) {
        if facts.is_empty() {
            return;
        }
        let mut inner = self.lock();
        for fact in facts.drain(..) {
            inner.push(at, Source::Instance(port), Body::Fact(fact));
        }
        drop(inner);
        self.tell();
    }

    fn tell(&self) {
        self.grown.notify_all();
        for (_, watcher) in self.watchers.read().unwrap_or_else(PoisonError::into_inner).iter() {
            watcher();
        }
    }

    /// The position after the last event: how many there ever were.
    pub fn len(&self) -> u64 {
        self.lock().next
    }

    /// Whether nothing was ever told.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The position of the oldest event that is still held: how far one can look back.
    pub fn first(&self) -> u64 {
        self.lock().first()
    }

    /// How much memory its events take, and how much they may take at most.
    pub fn memory(&self) -> (u64, u64) {
        let inner = self.lock();
        (inner.events.bytes() as u64, inner.bytes as u64)
    }

    /// Copies up to `max` events from `cursor` on into `into` and returns the next cursor.
    ///
    /// When events at the cursor were dropped already, the first thing handed over is a
    /// [`LabFact::Lost`] that counts them (it carries the position of the last one lost and is not
    /// counted towards `max`).
    pub fn read_from(&self, cursor: u64, into: &mut Vec<Event>, max: usize) -> u64 {
        let inner = self.lock();
        let first = inner.first();
        let mut from = cursor.min(inner.next);
        if from < first {
            let at = inner.events.first().map(|e| e.at).unwrap_or_default();
            let lost = LabFact::Lost { events: first - from };
            into.push(Event { seq: first - 1, at, source: Source::Lab, body: Body::Lab(lost) });
            from = first;
        }
        let skip = (from - first) as usize;
        let before = into.len();
        into.extend(inner.events.from(skip).take(max).cloned());
        from + (into.len() - before) as u64
    }

    /// The model as it was before [`Journal::first`], and that position: where a fold begins.
    pub fn base(&self) -> (Model, u64) {
        let inner = self.lock();
        (inner.base.clone(), inner.first())
    }

    /// The model at the moment before the event at `seq` (or now, if `seq` is the length). `None`
    /// when that moment lies behind the journal's reach.
    pub fn model_at(&self, seq: u64) -> Option<Model> {
        let (mut model, first) = self.base();
        if seq < first {
            return None;
        }
        let mut cursor = first;
        let mut chunk = Vec::new();
        while cursor < seq {
            let want = usize::try_from(seq - cursor).unwrap_or(usize::MAX).min(1024);
            let next = self.read_from(cursor, &mut chunk, want);
            if next == cursor {
                break;
            }
            cursor = next;
            for event in chunk.drain(..) {
                model.apply(&event);
            }
        }
        Some(model)
    }

    /// Waits until there is an event at `cursor`, for `at_most`. Says whether there is one.
    pub fn wait_beyond(&self, cursor: u64, at_most: Duration) -> bool {
        let until = Instant::now().checked_add(at_most);
        let mut inner = self.lock();
        while inner.next <= cursor {
            let left = match until {
                Some(until) => until.saturating_duration_since(Instant::now()),
                None => Duration::from_secs(3600),
            };
            if left.is_zero() {
                return false;
            }
            inner = self.grown.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Calls `watcher` after every append, on the thread that appended: it must be cheap and must
    /// not call back into the journal's writers. The number takes it off again.
    pub fn on_change(&self, watcher: Watcher) -> u64 {
        let id = {
            let mut inner = self.lock();
            inner.next_watcher += 1;
            inner.next_watcher
        };
        self.watchers.write().unwrap_or_else(PoisonError::into_inner).push((id, watcher));
        id
    }

    /// Ends what [`Journal::on_change`] began.
    pub fn forget(&self, watcher: u64) {
        self.watchers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(id, _)| *id != watcher);
    }
}

/// A cursor with the model of everything before it: what a screen or a lesson keeps.
pub struct Follower {
    journal: Arc<Journal>,
    model: Model,
    cursor: u64,
    chunk: Vec<Event>,
}

impl Follower {
    /// Begins at the oldest event that is held, with the model of what was before.
    pub fn new(journal: Arc<Journal>) -> Follower {
        let (model, cursor) = journal.base();
        Follower { journal, model, cursor, chunk: Vec::new() }
    }

    /// Folds everything that was told since the last call; `each` sees the events as they pass.
    /// Returns how many there were.
    pub fn catch_up(&mut self, mut each: impl FnMut(&Event, &Model)) -> u64 {
        let began = self.cursor;
        loop {
            self.chunk.clear();
            if self.cursor < self.journal.first() {
                // Too slow: what was dropped is in the journal's own fold.
                let (model, cursor) = self.journal.base();
                let lost = cursor - self.cursor.min(cursor);
                self.model = model;
                self.model.note_lost(lost);
                self.cursor = cursor;
            }
            let next = self.journal.read_from(self.cursor, &mut self.chunk, 1024);
            if self.chunk.is_empty() {
                return self.cursor - began;
            }
            self.cursor = next;
            for event in &self.chunk {
                self.model.apply(event);
                each(event, &self.model);
            }
        }
    }

    /// The fold so far.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The position of the next event.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn made(n: usize) -> LabFact {
        LabFact::DirMade { path: format!("/data/{n}") }
    }

    #[test]
    fn cursor_reads_in_order_and_in_portions() {
        let journal = Journal::with_capacity(10);
        for n in 0..5 {
            assert_eq!(journal.append_lab(Now::default(), made(n)), n as u64);
        }
        let mut read = Vec::new();
        let cursor = journal.read_from(0, &mut read, 3);
        assert_eq!((cursor, read.len()), (3, 3));
        let cursor = journal.read_from(cursor, &mut read, 100);
        assert_eq!((cursor, read.len()), (5, 5));
        assert_eq!(journal.read_from(cursor, &mut read, 100), 5);
        assert_eq!(read[4].body, Body::Lab(made(4)));
    }

    #[test]
    fn slow_reader_is_told_what_was_lost() {
        let journal = Journal::with_capacity(3);
        for n in 0..10 {
            journal.append_lab(Now::default(), made(n));
        }
        assert_eq!((journal.first(), journal.len()), (7, 10));
        let mut read = Vec::new();
        assert_eq!(journal.read_from(2, &mut read, 100), 10);
        assert_eq!(read[0].body, Body::Lab(LabFact::Lost { events: 5 }));
        assert_eq!(read[0].seq, 6);
        assert_eq!(read.iter().map(|e| e.seq).collect::<Vec<_>>(), [6, 7, 8, 9]);
    }

    #[test]
    fn the_fold_of_dropped_events_is_kept() {
        let journal = Arc::new(Journal::with_capacity(3));
        let mut slow = Follower::new(journal.clone());
        for n in 0..10 {
            journal.append_lab(Now::default(), made(n));
        }
        let model = journal.model_at(10).expect("in reach");
        assert!((0..10).all(|n| model.file_exists(&format!("/data/{n}"))));
        let earlier = journal.model_at(8).expect("in reach");
        assert!(earlier.file_exists("/data/7") && !earlier.file_exists("/data/8"));
        assert!(journal.model_at(6).is_none());
        assert_eq!(slow.catch_up(|_, _| ()), 10);
        assert!(slow.model().file_exists("/data/0"));
        assert_eq!(slow.model().lost(), 7);
    }

    #[test]
    fn memory_is_bounded_and_cursors_are_right_across_chunks() {
        let journal = Journal::with_bytes(LEAST_BYTES);
        let (mut cursor, mut read) = (0, Vec::new());
        for n in 0..20_000u64 {
            journal.append_lab(Now::default(), made(n as usize));
            if n % 700 == 699 {
                cursor = journal.read_from(cursor, &mut read, usize::MAX);
            }
        }
        let (bytes, most) = journal.memory();
        assert!(bytes <= most && bytes > most - 1_000, "{bytes} of {most}");
        assert!(journal.first() > 5_000, "something was dropped");
        journal.read_from(cursor, &mut read, usize::MAX);
        assert!(read.iter().enumerate().all(|(n, e)| e.seq == n as u64), "in order, each once");
        for from in [journal.first(), journal.first() + 513, journal.len() - 1] {
            read.clear();
            assert_eq!(journal.read_from(from, &mut read, 3), (from + 3).min(journal.len()));
            assert_eq!(read[0].seq, from);
        }
    }

    #[test]
    fn watchers_hear_of_every_append_until_forgotten() {
        let journal = Journal::default();
        let heard = Arc::new(AtomicUsize::new(0));
        let counter = heard.clone();
        let id = journal.on_change(Box::new(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        }));
        journal.append_lab(Now::default(), made(1));
        journal.append_facts(Now::default(), 1, &mut vec![Fact::Ready { keys: 0 }; 7]);
        journal.append_facts(Now::default(), 1, &mut vec![]);
        assert_eq!(heard.load(Ordering::SeqCst), 2);
        journal.forget(id);
        journal.append_lab(Now::default(), made(2));
        assert_eq!(heard.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn waiting_ends_when_another_thread_appends() {
        let journal = Arc::new(Journal::default());
        assert!(!journal.wait_beyond(0, Duration::ZERO));
        let writer = journal.clone();
        let thread = std::thread::spawn(move || writer.append_lab(Now::default(), made(0)));
        assert!(journal.wait_beyond(0, Duration::from_secs(30)));
        assert_eq!(thread.join().expect("writer"), 0);
    }
}
