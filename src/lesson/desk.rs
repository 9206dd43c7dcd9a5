//! The console's `:lesson`, `:goals` and `:hint`, answered by the running lesson.

use super::Tutor;
use crate::console::Desk;
use crate::observe::Answer;

impl Desk for Tutor {
    fn ask(&mut self, verb: &str, _rest: &str) -> Answer {
        match verb {
            "hint" => self.hint(),
            "goals" => self.goals(),
            _ => self.text(),
        }
    }
}
