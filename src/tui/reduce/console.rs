//! The console's scrollback: what was typed and what came back, in order.

use crate::observe::{AnswerLine, Body, ConsoleFact, Event};
use std::collections::VecDeque;

/// Lines kept.
pub const LINES: usize = 4000;

/// One line of the scrollback.
#[derive(Clone, Debug, PartialEq)]
pub enum ConsoleLine {
    Typed { prompt: String, line: String },
    Answer(AnswerLine),
}

/// The scrollback, and the prompt that the last finished line left.
#[derive(Clone, Debug, Default)]
pub struct Scrollback {
    pub lines: VecDeque<ConsoleLine>,
    pub prompt: Option<String>,
}

impl Scrollback {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        let Body::Console(fact) = &event.body else { return };
        match fact {
            ConsoleFact::Typed { prompt, line, .. } => {
                self.push(ConsoleLine::Typed { prompt: prompt.clone(), line: line.clone() });
            }
            ConsoleFact::Answered { answer, .. } => {
                for line in &answer.lines {
                    self.push(ConsoleLine::Answer(line.clone()));
                }
            }
            ConsoleFact::Done { prompt, .. } => self.prompt = Some(prompt.clone()),
        }
    }

    /// Adds a line of the screen's own.
    pub fn push(&mut self, line: ConsoleLine) {
        self.lines.push_back(line);
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }
}
