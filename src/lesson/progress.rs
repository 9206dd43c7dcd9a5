//! How far a learner is: which goals came to hold.

use super::{Goal, Lesson};
use crate::lab::model::Model;

/// A goal as the lesson pane shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalState {
    pub ticked: bool,
    /// How many of its conditions hold now.
    pub holding: usize,
    pub conditions: usize,
    /// Hints shown so far.
    pub hints_shown: usize,
}

/// The state of one lesson in one session.
#[derive(Clone, Debug)]
pub struct Progress {
    lesson: Lesson,
    goals: Vec<GoalState>,
}

impl Progress {
    /// Nothing reached yet.
    pub fn new(lesson: Lesson) -> Progress {
        let fresh = |g: &Goal| GoalState {
            ticked: false,
            holding: 0,
            conditions: g.when.len(),
            hints_shown: 0,
        };
        let goals = lesson.goals.iter().map(fresh).collect();
        Progress { lesson, goals }
    }

    /// Looks at the model after an event; returns the goals that this event ticked, in order.
    ///
    /// A goal is looked at only when all before it are ticked: a state that was there by accident
    /// (a file left over, a master that was one all along) ticks nothing out of its turn.
    pub fn look(&mut self, model: &Model) -> Vec<usize> {
        let mut new = Vec::new();
        for (i, goal) in self.lesson.goals.iter().enumerate() {
            let state = &mut self.goals[i];
            if state.ticked {
                continue;
            }
            state.holding = goal.when.iter().filter(|c| c.holds(model)).count();
            if state.holding < state.conditions {
                break;
            }
            state.ticked = true;
            new.push(i);
        }
        new
    }

    /// The lesson itself.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// Every goal's state, in the order of the lesson.
    pub fn goals(&self) -> &[GoalState] {
        &self.goals
    }

    /// The first goal that is not ticked; `None` when the lesson is done.
    pub fn current(&self) -> Option<usize> {
        self.goals.iter().position(|g| !g.ticked)
    }

    /// Whether all goals are ticked.
    pub fn is_done(&self) -> bool {
        self.current().is_none()
    }

    /// The next hint for the current goal; after the last one it is repeated.
    pub fn hint(&mut self) -> Option<&str> {
        let goal = self.current()?;
        let hints = &self.lesson.goals[goal].hints;
        let shown = &mut self.goals[goal].hints_shown;
        *shown = (*shown + 1).min(hints.len());
        hints.get(shown.checked_sub(1)?).map(String::as_str)
    }

    /// The hints that were asked for so far, for one goal.
    pub fn hints_of(&self, goal: usize) -> &[String] {
        let shown = self.goals.get(goal).map_or(0, |g| g.hints_shown);
        self.lesson.goals.get(goal).map_or(&[], |g| &g.hints[..shown])
    }
}
