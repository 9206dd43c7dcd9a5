//! When to draw: soon after a change, never more than thirty times a second, and not at all while
//! nothing changes.

use std::time::{Duration, Instant};

/// Between two frames at least so long: no more than thirty a second.
const FRAME: Duration = Duration::from_millis(34);
/// Changes that nobody waits for (a periodic ACK) may wait so long.
const CALM: Duration = Duration::from_millis(1000);

/// The next frame, and the last.
#[derive(Debug, Default)]
pub(super) struct Frames {
    due: Option<Instant>,
    last: Option<Instant>,
}

impl Frames {
    /// A frame is wanted: soon, or within a while if nobody waits for it.
    pub fn want(&mut self, now: Instant, calm: bool) {
        let gap = if calm { CALM } else { FRAME };
        let due = self.last.map_or(now, |last| (last + gap).max(now));
        self.due = Some(self.due.map_or(due, |at| at.min(due)));
    }

    /// Whether it is time to draw.
    pub fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|at| at <= now)
    }

    /// How long until then; `None`: nothing is to be drawn.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        self.due.map(|at| at.saturating_duration_since(now))
    }

    /// A frame was drawn. `next`: how soon the screen changes by itself (a mark fades, seconds are
    /// counted), if it does.
    pub fn drawn(&mut self, now: Instant, next: Option<Duration>) {
        self.last = Some(now);
        self.due = next.map(|next| now + next.max(FRAME));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Body, Event, Fact, LabFact, Now, Offset, Preview, ReplId, Source};
    use crate::tui::app::{App, Mode};
    use crate::tui::reduce::is_calm;
    use crate::tui::theme::{Palette, Theme};
    use crate::tui::view;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    /// The loop around the app, with a clock of its own: it draws as the real one does.
    struct Looped {
        app: App,
        frames: Frames,
        terminal: Terminal<TestBackend>,
        began: Instant,
        us: u64,
        seq: u64,
        drawn: u64,
    }

    impl Looped {
        fn new() -> Looped {
            let app = App::new(Theme { palette: Palette::Full }, vec![6380], Vec::new());
            let terminal = Terminal::new(TestBackend::new(120, 40)).expect("memory");
            let (frames, began) = (Frames::default(), Instant::now());
            let mut looped = Looped { app, frames, terminal, began, us: 0, seq: 0, drawn: 0 };
            looped.lab(LabFact::SessionBegan {
                version: String::new(),
                ports: vec![6380],
                bare: false,
                lesson: None,
            });
            let replid = ReplId::ZERO;
            let (port, dir, config_file) = (6380, String::new(), None);
            looped.fact(Fact::Booted { port, replid, offset: Offset(0), dir, config_file });
            looped.fact(Fact::Ready { keys: 0 });
            looped.app.begun(&Mode::Free, "> ".into());
            looped.frames.want(looped.now(), false);
            looped
        }

        fn now(&self) -> Instant {
            self.began + Duration::from_micros(self.us)
        }

        fn at(&self) -> Now {
            Now { wall_us: self.us as i64, mono_us: self.us, link_us: self.us }
        }

        fn event(&mut self, source: Source, body: Body) {
            let calm = is_calm(&body);
            let event = Event { seq: self.seq, at: self.at(), source, body };
            self.seq += 1;
            self.app.event(&event);
            if !calm || self.app.shows_counters() {
                self.frames.want(self.now(), calm);
            }
        }

        fn fact(&mut self, fact: Fact) {
            self.event(Source::Instance(6380), Body::Fact(fact));
        }

        fn lab(&mut self, fact: LabFact) {
            self.event(Source::Lab, Body::Lab(fact));
        }

        /// Time passes, and what is due is drawn. Returns the number of frames.
        fn pass(&mut self, us: u64) -> u64 {
            let (until, before) = (self.us + us, self.drawn);
            loop {
                match self.frames.wait(self.now()) {
                    Some(wait) if self.us + (wait.as_micros() as u64) <= until => {
                        self.us += wait.as_micros() as u64;
                    }
                    _ => {
                        self.us = until;
                        return self.drawn - before;
                    }
                }
                self.app.tick(self.at());
                self.terminal.draw(|f| view::draw(f, &mut self.app)).expect("memory");
                self.drawn += 1;
                let next = self.app.next_tick_us().map(Duration::from_micros);
                self.frames.drawn(self.now(), next);
            }
        }
    }

    fn written(n: u64) -> Fact {
        let key = Preview::of(format!("key:{n}").as_bytes());
        Fact::KeyWritten {
            kind: Default::default(),
            db: 0,
            key: key.clone(),
            value: key,
            expire_at_ms: None,
        }
    }

    #[test]
    fn no_more_than_thirty_frames_a_second_under_load_and_none_when_idle() {
        let mut looped = Looped::new();
        looped.pass(10_000_000);
        assert_eq!(looped.pass(60_000_000), 0, "nothing changes in a minute");
        for second in 0..5 {
            let mut frames = 0;
            for n in 0..1_000 {
                looped.fact(written(second * 1_000 + n));
                frames += looped.pass(1_000);
            }
            assert!((20..=30).contains(&frames), "{frames} frames in a second of load");
        }
        // What changed last is marked for a second, then it is calm.
        assert!(looped.pass(3_000_000) <= 3);
        assert_eq!(looped.pass(60_000_000), 0, "and idle again");
    }

    #[test]
    fn a_key_is_answered_at_once_and_costs_one_frame() {
        let mut looped = Looped::new();
        looped.pass(10_000_000);
        looped.app.key(crossterm::event::KeyCode::Char('x').into());
        looped.frames.want(looped.now(), false);
        assert_eq!(looped.frames.wait(looped.now()), Some(Duration::ZERO));
        assert_eq!(looped.pass(1), 1);
        assert_eq!(looped.pass(60_000_000), 0);
    }

    #[test]
    fn what_nobody_waits_for_is_drawn_once_a_second() {
        let mut looped = Looped::new();
        looped.pass(10_000_000);
        let mut frames = 0;
        for n in 0..100 {
            looped.fact(Fact::ClientConnected { id: n, addr: String::new() });
            frames += looped.pass(100_000);
        }
        assert!(frames <= 11, "{frames} frames in ten seconds");
    }
}
