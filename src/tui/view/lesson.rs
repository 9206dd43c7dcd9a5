//! The lesson: what leads to the next goal, the goals with their ticks, hints that were asked for.

mod markdown;

use super::frame::{Canvas, Text};
use crate::tui::app::{App, Focus, Pane};
use crate::tui::text::{clip, wrap};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let Some(progress) = &app.progress else {
        c.line(area, 0, &Text::of(Mark::Quiet, " No lesson runs: this is the free lab."));
        return;
    };
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let wide = area.width as usize;
    let lesson = progress.lesson();
    let current = progress.current();
    let mut goals: Vec<Text> = Vec::new();
    for (i, goal) in lesson.goals.iter().enumerate() {
        let ticked = progress.goals().get(i).is_some_and(|g| g.ticked);
        let (mark, sign) = match (ticked, current == Some(i)) {
            (true, _) => (Mark::Good, "[✓]"),
            (false, true) => (Mark::Focus, "[ ]"),
            (false, false) => (Mark::Quiet, "[ ]"),
        };
        // Only the one that is next is told whole; the others keep their place.
        let room = wide.saturating_sub(4);
        let pieces =
            if current == Some(i) { wrap(&goal.text, room) } else { vec![clip(&goal.text, room)] };
        for (n, piece) in pieces.into_iter().enumerate() {
            let head = if n == 0 { sign } else { "   " };
            let new = ticked && app.just_ticked() == Some(i);
            goals.push(Text::new().add_fresh(mark, head, new).add(mark, format!(" {piece}")));
        }
    }
    let mut text: Vec<Text> = Vec::new();
    match current {
        None => {
            for piece in wrap("Done: every goal is reached.", wide) {
                text.push(Text::of(Mark::Good, piece));
            }
            text.push(Text::new());
            for piece in wrap("Look around, or :export FILE.md to keep a record.", wide) {
                text.push(Text::of(Mark::Text, piece));
            }
        }
        Some(goal) => {
            if let Some(section) = lesson.section_of(goal) {
                for piece in wrap(&section.heading, wide) {
                    text.push(Text::of(Mark::Title, piece));
                }
                text.push(Text::new());
                text.extend(markdown::lines(&section.body, wide));
            } else {
                text.push(Text::of(Mark::Title, lesson.goals[goal].text.clone()));
            }
            let hints = progress.hints_of(goal);
            for hint in hints {
                text.push(Text::new());
                for piece in wrap(&format!("Hint: {hint}"), wide) {
                    text.push(Text::of(Mark::Waiting, piece));
                }
            }
        }
    }
    // The goals keep their place at the foot, the current one in sight; the text scrolls above.
    let most = (area.height as usize).saturating_sub(4) / 2;
    // Done: the last ones are what one has just reached.
    let at = goals
        .iter()
        .position(|g| g.0.first().is_some_and(|p| p.0 == Mark::Focus))
        .unwrap_or(goals.len());
    // On a low screen the text needs the room more than goals that are far away.
    let most = if area.height < 18 { 3 } else { most.max(3) };
    let shown = goals.len().min(most);
    let first = at.saturating_sub(shown / 2).min(goals.len().saturating_sub(shown));
    let foot = shown as u16 + 1;
    let top = Rect { height: area.height.saturating_sub(foot), ..area };
    let room = top.height as usize;
    let skip =
        app.scroll.get(&Pane::Lesson).copied().unwrap_or(0).min(text.len().saturating_sub(room));
    c.lines(top, &text[skip.min(text.len())..]);
    if text.len() > skip + room {
        let at_prompt = app.focus == Focus::Console;
        let more = Rect { y: top.bottom().saturating_sub(1), height: 1, ..top };
        c.line(
            more,
            0,
            &Text::of(Mark::Key, if at_prompt { "… Esc, then j: more" } else { "… j: more" })
                .pad_then(wide, Text::new()),
        );
    }
    let done = progress.goals().iter().filter(|g| g.ticked).count();
    let below = Rect { y: top.bottom(), height: foot.min(area.height), ..area };
    c.line(
        below,
        0,
        &Text::of(Mark::Title, format!("Goals {done} of {}", goals_count(progress)))
            .pad_then(wide.saturating_sub(8), Text::of(Mark::Key, "h").add(Mark::Quiet, " hint")),
    );
    let list = Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below };
    c.lines(list, &goals[first..first + shown]);
}

fn goals_count(progress: &crate::lesson::Progress) -> usize {
    progress.goals().len()
}
