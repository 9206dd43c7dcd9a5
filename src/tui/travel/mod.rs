//! Looking back: the screen as it was after any event that the journal still holds.
//!
//! In: the events as they come, the journal to read them again, and a position. Out: the [`World`]
//! after so many events. It never touches the servers: they go on while one looks.
//!
//! A world is a pure fold, so a moment is a checkpoint and the events behind it. Checkpoints are few
//! and far between for the whole session, and a handful lie close behind the moment that is looked
//! at, so that one step back costs no more than one step forward.

mod checkpoints;
pub use crate::console::show::differences;
pub mod marks;

use super::reduce::World;
use crate::lab::journal::Journal;
use crate::observe::{Event, Now};
use checkpoints::Checkpoints;
use marks::Marks;
use std::sync::Arc;

/// Events read from the journal at a time.
const PORTION: usize = 2048;
/// Behind the moment that is looked at, checkpoints lie so many events back.
const NEAR: [u64; 2] = [64, 768];
/// How many of those are kept.
const NEAR_KEPT: usize = 4;

/// What is kept so that one can look back.
#[derive(Default)]
pub struct Travel {
    journal: Option<Arc<Journal>>,
    checkpoints: Checkpoints,
    near: Vec<World>,
    /// The moments worth a stop.
    pub marks: Marks,
}

impl Travel {
    /// The session's journal, once there is one.
    pub fn set_journal(&mut self, journal: Arc<Journal>) {
        self.journal = Some(journal);
    }

    /// An event was folded into the live world.
    pub fn passed(&mut self, event: &Event, live: &World) {
        self.marks.apply(event, &live.model);
        self.checkpoints.offer(live);
    }

    /// How many events the journal dropped: there is no looking back behind them.
    pub fn first(&self) -> u64 {
        self.journal.as_ref().map_or(0, |j| j.first())
    }

    /// One past the position of the newest event.
    pub fn end(&self) -> u64 {
        self.journal.as_ref().map_or(0, |j| j.len())
    }

    /// The event at a position, if the journal still holds it.
    pub fn event(&self, seq: u64) -> Option<Event> {
        let journal = self.journal.as_ref()?;
        if seq < journal.first() {
            return None;
        }
        let mut read = Vec::new();
        journal.read_from(seq, &mut read, 1);
        read.into_iter().find(|e| e.seq == seq)
    }

    /// One past the last event that had happened at this moment of the session.
    pub fn at_time(&self, mono_us: u64) -> u64 {
        let (mut low, mut high) = (self.first(), self.end());
        // Threads tell in turn, so that times are in order only nearly: near enough to look at.
        while low < high {
            let middle = low + (high - low) / 2;
            match self.event(middle) {
                Some(event) if event.at.mono_us <= mono_us => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    /// The world after the events before `at`, made from `here` where that is nearer. `None`:
    /// there is no journal.
    pub fn world_at(&mut self, at: u64, here: Option<World>) -> Option<World> {
        let journal = self.journal.clone()?;
        let first = journal.first();
        let at = at.clamp(first, journal.len());
        let usable = |w: &World| (first..=at).contains(&position(w));
        let here = here.filter(usable);
        let kept = self.near.iter().chain(self.checkpoints.worlds()).filter(|w| usable(w));
        let kept = kept.max_by_key(|w| position(w));
        let mut world = match (here, kept) {
            (Some(here), Some(kept)) if position(kept) > position(&here) => kept.clone(),
            (Some(here), _) => here,
            (None, Some(kept)) => kept.clone(),
            // Nothing of what the panes kept reaches so far back; the journal's own fold does.
            (None, None) => World::from_model(journal.base().0),
        };
        let mut events = Vec::new();
        let mut cursor = position(&world).max(first);
        while cursor < at {
            let most = usize::try_from(at - cursor).unwrap_or(PORTION).min(PORTION);
            events.clear();
            let next = journal.read_from(cursor, &mut events, most);
            if next == cursor {
                break;
            }
            for event in &events {
                world.apply(event);
                if NEAR.contains(&at.saturating_sub(position(&world))) {
                    self.keep_near(&world);
                }
            }
            cursor = next;
        }
        Some(world)
    }

    fn keep_near(&mut self, world: &World) {
        if self.near.iter().any(|w| position(w) == position(world)) {
            return;
        }
        if self.near.len() == NEAR_KEPT {
            self.near.remove(0);
        }
        self.near.push(world.clone());
    }

    /// Nobody looks back any more: what lay near is let go.
    pub fn rest(&mut self) {
        self.near = Vec::new();
    }
}

/// How many events a world is the fold of.
fn position(world: &World) -> u64 {
    world.model.seq
}

/// A moment of the session as a clock shows it, to the millisecond: `00:41.203`.
pub fn clock_ms(at: Now, began: Now) -> String {
    let us = at.mono_us.saturating_sub(began.mono_us);
    format!("{}.{:03}", super::text::clock(us), us / 1000 % 1000)
}

/// Microseconds of a time as it is typed: `0:41`, `1:04:12`, `41.5s`. `None`: it is none.
pub fn time_of(text: &str) -> Option<u64> {
    let seconds = |s: &str| -> Option<f64> {
        let plain = !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        s.parse::<f64>().ok().filter(|v| plain && v.is_finite() && *v < 1e9)
    };
    if let Some(s) = text.strip_suffix('s') {
        return seconds(s).map(|s| (s * 1e6) as u64);
    }
    let (whole, last) = text.rsplit_once(':')?;
    let mut all = seconds(last).filter(|s| *s < 60.0)?;
    for (n, part) in whole.rsplit(':').enumerate() {
        let unit = *[60.0, 3600.0].get(n)?;
        all += f64::from(part.parse::<u32>().ok()?) * unit;
    }
    Some((all * 1e6) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Body, Fact, LabFact, Offset, Preview, Source};

    fn at(us: u64) -> Now {
        Now { wall_us: us as i64, mono_us: us, link_us: us }
    }

    /// A journal with `n` writes of one instance, and the travel that followed it live.
    fn written(n: u64) -> (Travel, World, Arc<Journal>) {
        let journal = Arc::new(Journal::default());
        let (mut travel, mut live) = (Travel::default(), World::default());
        travel.set_journal(journal.clone());
        for i in 0..n {
            let fact = Fact::KeyWritten {
                kind: Default::default(),
                db: 0,
                key: Preview::of(format!("k{}", i % 100).as_bytes()),
                value: Preview::of(format!("{i}").as_bytes()),
                expire_at_ms: None,
            };
            journal.append(at(i * 1000), Source::Instance(6380), Body::Fact(fact));
        }
        let mut events = Vec::new();
        journal.read_from(0, &mut events, usize::MAX);
        for event in &events {
            live.apply(event);
            travel.passed(event, &live);
        }
        (travel, live, journal)
    }

    fn folded(journal: &Journal, upto: u64) -> World {
        let mut events = Vec::new();
        journal.read_from(0, &mut events, upto as usize);
        let mut world = World::default();
        events.iter().for_each(|e| world.apply(e));
        world
    }

    #[test]
    fn any_moment_is_the_fold_of_the_events_before_it() {
        let (mut travel, live, journal) = written(20_000);
        let mut here = None;
        for at in [20_000, 3, 19_999, 19_998, 19_997, 2_048, 2_049, 0, 10_000, 20_000] {
            let world = travel.world_at(at, here.take()).expect("a journal");
            assert_eq!(world.model, folded(&journal, at).model, "after {at} events");
            here = Some(world);
        }
        assert_eq!(here.expect("the last").model, live.model);
    }

    #[test]
    fn behind_the_journal_there_is_only_its_fold() {
        let journal = Arc::new(Journal::with_capacity(100));
        let mut travel = Travel::default();
        travel.set_journal(journal.clone());
        for i in 0..1_000u64 {
            let fact = Fact::BacklogMoved { first: Offset(1), histlen: i, size: 1 << 20 };
            journal.append(at(i), Source::Instance(6380), Body::Fact(fact));
        }
        assert_eq!((travel.first(), travel.end()), (900, 1_000));
        let world = travel.world_at(17, None).expect("a journal");
        assert_eq!(world.model.seq, 900, "as far as it reaches");
        let world = travel.world_at(950, Some(world)).expect("a journal");
        assert_eq!(world.model.instance(6380).map(|i| i.backlog.histlen), Some(949));
        assert!(travel.event(899).is_none() && travel.event(900).is_some());
    }

    #[test]
    fn a_moment_is_found_by_its_time() {
        let (travel, ..) = written(1_000);
        assert_eq!(travel.at_time(0), 1);
        assert_eq!(travel.at_time(499_999), 500);
        assert_eq!(travel.at_time(500_000), 501);
        assert_eq!(travel.at_time(9_999_999), 1_000);
    }

    #[test]
    fn times_are_typed_as_clocks_show_them() {
        assert_eq!(time_of("0:41"), Some(41_000_000));
        assert_eq!(time_of("1:04:12.5"), Some(3_852_500_000));
        assert_eq!(time_of("1.5s"), Some(1_500_000));
        for wrong in ["41", "before", "0:61", "1:2:3:4", "x:10", "-1:10", "s", "1e3s"] {
            assert_eq!(time_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn marks_are_what_was_typed_and_what_followed_from_it() {
        let (mut travel, mut live) = (Travel::default(), World::default());
        let facts = [
            LabFact::DirMade { path: "/data".into() },
            LabFact::Bookmark { name: "before".into() },
            LabFact::LinkDropped { a: 6380, b: 6381 },
        ];
        for (seq, fact) in (0..).zip(facts) {
            let event = Event { seq, at: at(seq), source: Source::Lab, body: Body::Lab(fact) };
            live.apply(&event);
            travel.passed(&event, &live);
        }
        let kept: Vec<u64> = travel.marks.all().map(|m| m.seq).collect();
        assert_eq!(kept, [1, 2]);
        assert_eq!(travel.marks.bookmark("Before"), Some(1));
        assert_eq!(travel.marks.bookmark("after"), None);
    }
}
