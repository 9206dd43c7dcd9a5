//! Lessons: Markdown with TOML front matter, goals on state and history, hints, solutions.
//!
//! In: lesson files (embedded, or read from disk) and the lab's model after every event. Out: which
//! goals hold, which text belongs to the next one, hints step by step. Never in here: how a
//! screen looks, what was typed to reach a goal, any question to an instance: a goal is a condition
//! on what the model knows, so an outside redis-cli counts like the console.

mod condition;
mod desk;
mod file;
mod library;
mod progress;
mod prose;
mod tutor;

pub use condition::{Condition, ConditionError};
pub use file::{Begin, Goal, Lesson, LessonError, Section};
pub use library::{find, library};
pub use progress::{GoalState, Progress};
pub use tutor::Tutor;
