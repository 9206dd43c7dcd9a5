//! The keys that hold time, let it go step by step, slow it down, and set breakpoints. The function
//! keys among them work at the prompt as well, so that one can step and type in turn.

use super::{Action, App, Ask, Popup, Screen};
use crate::console::coming;
use crate::console::steps::break_name;
use crate::observe::{BreakOn, StepKind};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What the lab is asked to do with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeAsk {
    /// Let so many steps go.
    Step(u32),
    /// Step mode on or off; off keeps the breakpoints.
    Stepping(bool),
    /// All that waits goes, step mode off.
    Run,
    Break(BreakOn),
    Clear(BreakOn),
    /// Link time at 1/n.
    Slow(u32),
}

/// How slow it can be made by keys; `:slow N` takes any.
const SLOW: [u32; 7] = [1, 2, 5, 10, 20, 50, 100];

impl App {
    /// A key that means the same in the console, in a pane and over a box; `false`: it is none.
    pub(super) fn time_key(&mut self, key: KeyEvent) -> bool {
        if self.screen != Screen::Lab || matches!(self.popup, Some(Popup::Editor(_))) {
            return false;
        }
        let shift = key.modifiers.contains(KeyModifiers::SHIFT);
        let action = match key.code {
            KeyCode::F(5) => Action::RunOn,
            KeyCode::F(6) => Action::Pause,
            KeyCode::F(7) => Action::Back,
            // Shifted, some terminals call it F20.
            KeyCode::F(8) if shift => Action::StepFive,
            KeyCode::F(20) => Action::StepFive,
            KeyCode::F(8) => Action::Step,
            KeyCode::F(9) => Action::Steps,
            _ => return false,
        };
        self.act(action);
        true
    }

    /// Lets steps go. The first press turns step mode on, so that nothing slips through.
    pub(super) fn step(&mut self, steps: u32) {
        let time = &self.live().model.time;
        match (time.stepping, time.waiting.is_empty()) {
            (_, false) => self.ask(Ask::Time(TimeAsk::Step(steps))),
            (true, true) => {
                // What comes by itself, before what the user could do.
                let coming = coming::known(&self.live().model).into_iter().find(|c| !c.pulse);
                self.notice = Some(match coming {
                    Some(coming) => format!("no step yet: {}", coming.text),
                    None => "nothing waits: a SLAVEOF or a SET makes steps".into(),
                });
            }
            (false, true) => {
                self.ask(Ask::Time(TimeAsk::Stepping(true)));
                self.notice = Some("step mode: what moves on a link waits for s, or F8".into());
            }
        }
    }

    /// Step mode on or off.
    pub(super) fn pause(&mut self) {
        let time = &self.live().model.time;
        if time.stepping || !time.waiting.is_empty() {
            self.run_on();
        } else {
            self.ask(Ask::Time(TimeAsk::Stepping(true)));
            self.notice = Some("step mode: what moves on a link waits for s, or F8".into());
        }
    }

    /// All that waits goes.
    pub(super) fn run_on(&mut self) {
        let time = &self.live().model.time;
        let breaks = time.breaks.len();
        let held = time.stepping || !time.waiting.is_empty();
        self.notice = Some(match (held, breaks) {
            (false, 0) => "it runs already".into(),
            (false, _) => "it runs, up to the next breakpoint".into(),
            (true, 0) => "runs on: nothing is held any more".into(),
            (true, 1) => "runs on, up to the breakpoint".into(),
            (true, n) => format!("runs on, up to one of {n} breakpoints"),
        });
        if held {
            self.ask(Ask::Time(TimeAsk::Run));
        }
    }

    /// Link time slower or faster.
    pub(super) fn slow(&mut self, slower: bool) {
        let here = self.live().model.time.slow;
        let next = if slower {
            SLOW.into_iter().find(|s| *s > here)
        } else {
            SLOW.into_iter().rev().find(|s| *s < here)
        };
        match next {
            Some(factor) => {
                self.ask(Ask::Time(TimeAsk::Slow(factor)));
                self.notice = Some(match factor {
                    1 => "link time is real time".into(),
                    n => format!("link time and the links run at 1/{n}: . is faster"),
                });
            }
            None if slower => self.notice = Some("no slower by keys: :slow N takes any N".into()),
            None => self.notice = Some("link time is real time already".into()),
        }
    }

    /// What a breakpoint can be set on: every kind of step, then every instance.
    pub fn break_entries(&self) -> Vec<BreakOn> {
        let ports = self.live().model.session.ports.iter().map(|p| BreakOn::Port(*p));
        StepKind::ALL.into_iter().map(BreakOn::Kind).chain(ports).collect()
    }

    fn toggle_break(&mut self, entry: usize) {
        let Some(on) = self.break_entries().get(entry).copied() else { return };
        let set = self.live().model.time.breaks.contains(&on);
        self.ask(Ask::Time(if set { TimeAsk::Clear(on) } else { TimeAsk::Break(on) }));
        let name = break_name(on);
        self.notice = Some(match set {
            true => format!("no breakpoint at {name} any more"),
            false => format!("stops before the next {name}"),
        });
    }

    /// A key in the box of the steps.
    pub(super) fn steps_key(&mut self, key: KeyEvent) {
        let count = self.break_entries().len();
        let Some(Popup::Steps(chosen)) = &mut self.popup else { return };
        match key.code {
            KeyCode::Down | KeyCode::Char('j') => *chosen = (*chosen + 1) % count,
            KeyCode::Up | KeyCode::Char('k') => *chosen = (*chosen + count - 1) % count,
            KeyCode::PageDown => *chosen = (*chosen + 8).min(count - 1),
            KeyCode::PageUp => *chosen = chosen.saturating_sub(8),
            KeyCode::Enter | KeyCode::Char('x') => {
                let entry = *chosen;
                self.toggle_break(entry);
            }
            KeyCode::Char('s') => self.step(1),
            KeyCode::Char('S') => self.step(5),
            KeyCode::Char('r') => self.run_on(),
            KeyCode::Char(' ') => self.pause(),
            KeyCode::Char('y') => self.copy(),
            _ => self.popup = None,
        }
    }

    /// A verb about time that was typed while a line runs: it must not wait behind that line,
    /// which may wait for the very step. `false`: it is another line.
    pub(super) fn time_verb(&mut self, line: &str) -> bool {
        let mut words = line.split_whitespace();
        let ask = match (words.next(), words.next(), words.next()) {
            (Some(":step"), None, _) => TimeAsk::Step(1),
            (Some(":step"), Some("on"), None) => TimeAsk::Stepping(true),
            (Some(":step"), Some("off"), None) => TimeAsk::Stepping(false),
            (Some(":step"), Some(n), None) => match n.parse() {
                Ok(n) => TimeAsk::Step(n),
                Err(_) => return false,
            },
            (Some(":run"), None, _) => TimeAsk::Run,
            _ => return false,
        };
        self.ask(Ask::Time(ask));
        self.notice = Some(format!("{} at once: another line runs", line.trim()));
        true
    }
}
