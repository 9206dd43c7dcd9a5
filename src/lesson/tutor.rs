//! The lesson of a running session: watches the journal, records what was reached, answers
//! `:lesson`, `:goals` and `:hint`.

use super::{Lesson, Progress, prose};
use crate::lab::Lab;
use crate::lab::journal::Follower;
use crate::observe::{Answer, LabFact, Label};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long the watcher sleeps at most when nothing happens: only to notice that it shall end.
const PATIENCE: Duration = Duration::from_millis(500);

/// Columns of a lesson's text in the console: it fits 80, and longer lines are tiring to read.
const TEXT_WIDTH: usize = 76;

/// One lesson in one lab. Ends its watching when dropped.
pub struct Tutor {
    progress: Arc<Mutex<Progress>>,
    done: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Tutor {
    /// Begins to watch. Every goal that comes to hold is recorded in the lab's journal as
    /// [`LabFact::GoalTicked`], the last one also as [`LabFact::LessonDone`].
    pub fn start(lab: &Lab, lesson: Lesson) -> Tutor {
        let progress = Arc::new(Mutex::new(Progress::new(lesson)));
        let done = Arc::new(AtomicBool::new(false));
        let (seen, end, lab) = (Arc::clone(&progress), Arc::clone(&done), lab.clone());
        let watcher = std::thread::Builder::new()
            .name("lesson".to_owned())
            .spawn(move || watch(&lab, &seen, &end))
            .ok();
        Tutor { progress, done, watcher }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text that leads to the next goal.
    pub fn text(&self) -> Answer {
        let progress = self.progress();
        let mut answer = Answer::default();
        let lesson = progress.lesson();
        let section = match progress.current() {
            Some(goal) => lesson.section_of(goal),
            None => {
                let done = format!("{}: every goal is reached.", lesson.title);
                answer.push(Label::Good, done);
                lesson.closing()
            }
        };
        if let Some(section) = section {
            answer.push(Label::Good, section.heading.clone());
            for line in prose::filled(&section.body, TEXT_WIDTH) {
                answer.push(Label::Lab, line);
            }
        }
        answer
    }

    /// What opens the session: the lesson's name, how far it goes, and its first step.
    pub fn greeting(&self) -> Answer {
        let mut answer = Answer::default();
        {
            let progress = self.progress();
            let lesson = progress.lesson();
            let head = format!(
                "Lesson {}: {} · {} goals",
                lesson.number,
                lesson.title,
                lesson.goals.len()
            );
            answer.push(Label::Good, head);
            answer.push(Label::Lab, lesson.summary.clone());
            answer.push(
                Label::Hint,
                ":lesson shows the next step, :hint helps, :goals lists them all",
            );
        }
        answer.push(Label::Lab, "");
        answer.lines.extend(self.text().lines);
        answer
    }

    /// The goals, ticked or not.
    pub fn goals(&self) -> Answer {
        let progress = self.progress();
        let lesson = progress.lesson();
        let mut answer = Answer::default();
        answer.push(Label::Lab, format!("Lesson {}: {}", lesson.number, lesson.title));
        let current = progress.current();
        for (i, (goal, state)) in lesson.goals.iter().zip(progress.goals()).enumerate() {
            let (mark, label) = match state.ticked {
                true => ("[✓]", Label::Good),
                false if current == Some(i) => ("[▸]", Label::Waiting),
                false => ("[ ]", Label::Lab),
            };
            answer.push(label, format!("{mark} {}", goal.text));
        }
        answer
    }

    /// One more hint for the next goal.
    pub fn hint(&self) -> Answer {
        let mut progress = self.progress();
        let goal = progress.current().map(|g| progress.lesson().goals[g].text.clone());
        let hint = progress.hint().map(str::to_owned);
        match (goal, hint) {
            (Some(goal), Some(hint)) => {
                let mut answer = Answer::text(Label::Lab, &format!("Next goal: {goal}"));
                answer.push(Label::Hint, hint);
                answer
            }
            (Some(goal), None) => Answer::text(Label::Lab, &format!("Next goal: {goal}")),
            (None, _) => Answer::text(Label::Good, "Nothing is left to do: every goal is reached."),
        }
    }
}

impl Drop for Tutor {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            // A watcher that panicked has nothing more to say.
            let _ = watcher.join();
        }
    }
}

fn watch(lab: &Lab, progress: &Mutex<Progress>, done: &AtomicBool) {
    let mut follower = Follower::new(Arc::clone(lab.journal()));
    while !done.load(Ordering::Relaxed) {
        let mut reached = Vec::new();
        follower.catch_up(|_, model| {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            reached.extend(progress.look(model));
        });
        if !reached.is_empty() {
            let progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            let (of, all) = (progress.lesson(), progress.is_done());
            let (lesson, title) = (of.id.clone(), of.title.clone());
            let texts: Vec<String> = reached.iter().map(|g| of.goals[*g].text.clone()).collect();
            drop(progress);
            for (goal, text) in reached.into_iter().zip(texts) {
                lab.record_lab(LabFact::GoalTicked { lesson: lesson.clone(), goal, text });
            }
            if all {
                lab.record_lab(LabFact::LessonDone { lesson, title });
            }
        }
        lab.journal().wait_beyond(follower.cursor(), PATIENCE);
    }
}
