//! The lesson: what leads to the next goal, the goals with their ticks, hints that were asked for.
//!
//! The pages that were read stay above the present one, and what is to be typed is in sight
//! whatever is scrolled: commands that lie outside of the window are repeated at its foot.

mod markdown;

use super::frame::{Canvas, Text};
use crate::lesson::Progress;
use crate::tui::app::{App, Pane};
use crate::tui::text::{width, wrap};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// Lower than this, the goals are one line above the text.
const LOW: u16 = 18;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    draw_as(c, app, area, area.height < LOW);
}

/// The same with the present goal alone: beside the editor, what is to be typed needs the room.
pub fn draw_compact(c: &mut Canvas, app: &App, area: Rect) {
    draw_as(c, app, area, true);
}

fn draw_as(c: &mut Canvas, app: &App, area: Rect, low: bool) {
    let Some(progress) = &app.progress else {
        c.line(area, 0, &Text::of(Mark::Quiet, " No lesson runs: this is the free lab."));
        return;
    };
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let page = Page::of(progress, area.width as usize, low);
    if low {
        let goal = present_goal(app, progress, area.width as usize);
        let head = (goal.len() as u16).min(area.height / 3);
        c.lines(Rect { height: head, ..area }, &goal);
        let rest = Rect { y: area.y + head, height: area.height - head, ..area };
        text(c, app, rest, &page);
        return;
    }
    // The goals keep their place at the foot, the current one in sight; the text scrolls above.
    let goals = goals(app, progress, area.width as usize);
    let at = goals.iter().position(|g| g.0.first().is_some_and(|p| p.0 == Mark::Focus));
    let shown = goals.len().min((area.height as usize * 2 / 5).max(3));
    let first = at.unwrap_or(goals.len()).saturating_sub(shown / 2).min(goals.len() - shown);
    let foot = shown as u16 + 1;
    let top = Rect { height: area.height.saturating_sub(foot), ..area };
    text(c, app, top, &page);
    let done = progress.goals().iter().filter(|g| g.ticked).count();
    let below = Rect { y: top.bottom(), height: foot.min(area.height), ..area };
    let count = format!("Goals {done} of {}", progress.goals().len());
    let hint = Text::of(Mark::Key, ":hint").add(Mark::Quiet, " helps");
    c.line(
        below,
        0,
        &Text::of(Mark::Title, count).pad_then(area.width as usize - hint.width(), hint),
    );
    let list = Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below };
    c.lines(list, &goals[first..first + shown]);
}

/// Everything that was told so far.
struct Page {
    lines: Vec<Text>,
    /// Where the present section begins.
    top: usize,
    /// It speaks of what is said on a link.
    diagram: bool,
}

impl Page {
    fn of(progress: &Progress, wide: usize, low: bool) -> Page {
        let lesson = progress.lesson();
        let current = progress.current();
        let mut page = Page { lines: Vec::new(), top: 0, diagram: false };
        for goal in 0..=current.unwrap_or(lesson.goals.len() - 1) {
            page.top = page.lines.len();
            match lesson.section_of(goal) {
                Some(s) => page.section(&s.heading, &s.body, wide, low),
                None => page.heading(&lesson.goals[goal].text, wide, low),
            }
            for hint in progress.hints_of(goal) {
                page.lines.push(Text::new());
                page.lines.extend(Text::wrapped(Mark::Waiting, "Hint: ", hint, wide));
            }
            if current != Some(goal) {
                let reached = format!("goal reached: {}", lesson.goals[goal].text);
                page.lines.push(Text::new());
                page.lines.extend(Text::wrapped(Mark::Good, "✓ ", &reached, wide));
                page.lines.push(Text::new());
            }
        }
        if current.is_none() {
            // The last goal's tick is the first thing that the closing page shows.
            page.top = page.lines.len().saturating_sub(2);
            if let Some(s) = lesson.closing() {
                page.section(&s.heading, &s.body, wide, low);
            }
            page.lines.push(Text::new());
            let end = "Every goal is reached, and the lab stays open: look around, or keep a \
                       record with :export FILE.md. Page up reads back.";
            page.lines.extend(Text::wrapped(Mark::Good, "", end, wide));
            page.diagram = false;
        }
        page
    }

    fn heading(&mut self, text: &str, wide: usize, low: bool) {
        self.lines.extend(Text::wrapped(Mark::Title, "", text, wide));
        if !low {
            self.lines.push(Text::new());
        }
    }

    fn section(&mut self, heading: &str, body: &str, wide: usize, low: bool) {
        self.heading(heading, wide, low);
        self.lines.extend(markdown::lines(body, wide));
        let told = body.to_lowercase();
        self.diagram = ["diagram", "watch what is said", "on the wire", "psync", "a buffer"]
            .iter()
            .any(|words| told.contains(words));
    }
}

/// The text in its window, its commands that are out of sight, and which keys read on.
fn text(c: &mut Canvas, app: &App, area: Rect, page: &Page) {
    let wide = area.width as usize;
    let diagram = page.diagram && (!app.wide || app.zoom);
    let all = area.height as usize;
    let most = page.lines.len().saturating_sub(1).max(page.top);
    app.lesson_top.set(page.top);
    let skip = app.scroll.get(&Pane::Lesson).copied().unwrap_or(page.top);
    // All that is left may fit without a foot.
    let rest = page.lines.len().saturating_sub(skip);
    let foot = usize::from(diagram || page.top > 0 || rest > all);
    let room = all.saturating_sub(foot);
    let last = page.lines.len().saturating_sub(room).max(page.top).min(most);
    app.scroll_most.borrow_mut().insert(Pane::Lesson, last);
    let skip = skip.min(last);
    let out_of_sight = |room: usize| -> Vec<&Text> {
        let code =
            page.lines.iter().enumerate().skip(page.top).filter(|(_, l)| markdown::is_code(l));
        code.filter(|(i, _)| *i < skip || *i >= skip + room).map(|(_, l)| l).collect()
    };
    // Whoever scrolls goes to the commands himself, and must reach the last line.
    let scrolled = app.scroll.contains_key(&Pane::Lesson);
    let mut pinned = if scrolled { Vec::new() } else { out_of_sight(room) };
    let mut shown = room;
    let least = room / 3;
    while !pinned.is_empty() {
        // One row tells what they are.
        let wanted = room.saturating_sub(pinned.len() + 1).max(least);
        if wanted >= shown {
            break;
        }
        shown = wanted;
        pinned = out_of_sight(shown);
    }
    c.lines(Rect { height: shown as u16, ..area }, &page.lines[skip..]);
    let mut y = shown as u16;
    if !pinned.is_empty() {
        let label = "─ to type ";
        let line = format!("{label}{}", "─".repeat(wide.saturating_sub(width(label))));
        c.line(area, y, &Text::of(Mark::Quiet, line));
        y += 1;
        for line in pinned.into_iter().take(room.saturating_sub(shown + 1)) {
            c.line(area, y, line);
            y += 1;
        }
    }
    if foot == 0 {
        return;
    }
    let key = |line: Text, key: &str, about: &str| {
        let gap = if line.0.is_empty() { "" } else { " · " };
        line.add(Mark::Quiet, gap).add(Mark::Key, key).add(Mark::Quiet, format!(" {about}"))
    };
    let mut line = Text::new();
    if skip + shown < page.lines.len() {
        line = key(line, "PgDn", "reads on");
    }
    if skip > 0 {
        line = key(line, "PgUp", "back");
    }
    if diagram {
        line = key(line, "Alt-3", "shows the diagram,");
        line = line.add(Mark::Key, " Alt-1").add(Mark::Quiet, " comes back");
    }
    c.line(area, area.height.saturating_sub(1), &line);
}

/// The goal that is next, in one line where it fits.
fn present_goal(app: &App, progress: &Progress, wide: usize) -> Vec<Text> {
    let goals = &progress.lesson().goals;
    let ticked = app.just_ticked();
    let mut lines = match progress.current() {
        Some(i) => {
            let head = format!("goal {} of {}: ", i + 1, goals.len());
            Text::wrapped(Mark::Focus, &head, &goals[i].text, wide)
        }
        None => {
            let text = format!("all {} goals are reached", goals.len());
            vec![Text::of(Mark::Good, format!("✓ {text}"))]
        }
    };
    let told = "✓ goal reached";
    if let (Some(_), [line]) = (ticked, lines.as_mut_slice())
        && progress.current().is_some()
        && line.width() + width(told) + 2 <= wide
    {
        let told = Text::new().add_fresh(Mark::Good, told, true);
        *line = std::mem::take(line).pad_then(wide - told.width(), told);
    }
    lines
}

/// Every goal with its tick, told whole.
fn goals(app: &App, progress: &Progress, wide: usize) -> Vec<Text> {
    let current = progress.current();
    let mut out = Vec::new();
    for (i, goal) in progress.lesson().goals.iter().enumerate() {
        let ticked = progress.goals().get(i).is_some_and(|g| g.ticked);
        let (mark, sign) = match (ticked, current == Some(i)) {
            (true, _) => (Mark::Good, "[✓]"),
            (false, true) => (Mark::Focus, "[ ]"),
            (false, false) => (Mark::Quiet, "[ ]"),
        };
        for (n, piece) in wrap(&goal.text, wide.saturating_sub(4)).into_iter().enumerate() {
            let head = if n == 0 { sign } else { "   " };
            let new = ticked && app.just_ticked() == Some(i);
            out.push(Text::new().add_fresh(mark, head, new).add(mark, format!(" {piece}")));
        }
    }
    out
}
