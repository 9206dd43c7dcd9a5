//! The console: what was typed and what came back, and the prompt at the foot.

use super::frame::{Canvas, Text, titled};
use crate::observe::{AnswerLine, Label};
use crate::tui::app::{App, Focus, Hit, Pane};
use crate::tui::reduce::console::{ConsoleLine, Scrollback};
use crate::tui::text::{clip, fit, safe, width, wrap};
use crate::tui::theme::{Mark, mark_of};
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::widgets::Clear;
use unicode_width::UnicodeWidthChar;

/// Candidates shown at once.
const OFFERED: usize = 8;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let here = app.focus == Focus::Console && app.popup.is_none();
    let title = match (here, app.back.is_some()) {
        (true, true) => "Console · typing here, on the live servers",
        (false, true) => "Console · as it was; i types here, on the live servers",
        (true, false) => "Console · typing here",
        (false, false) => "Console · i types here",
    };
    let inner = titled(c, app, area, Pane::Console, title);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    if inner.height == 0 {
        return;
    }
    let wide = inner.width as usize;
    let back = app.scroll.get(&Pane::Console).copied().unwrap_or(0);
    let room = inner.height as usize - 1;
    // Wrapped from the newest upwards; no more than the eye may come to see.
    let mut lines: Vec<Text> = Vec::new();
    for line in scrollback(app).lines.iter().rev() {
        let mut wrapped = wrap_line(line, wide);
        wrapped.reverse();
        lines.extend(wrapped);
        if lines.len() >= room + back {
            break;
        }
    }
    let back = back.min(lines.len().saturating_sub(room));
    let shown: Vec<Text> = lines.into_iter().skip(back).take(room).collect();
    // The prompt follows the last line, as in a terminal, until the pane is full.
    let top = 0;
    for (row, text) in (top..).zip(shown.iter().rev()) {
        c.line(inner, row, text);
    }
    if back == 0 && here && !ends_in_sight(app, wide, room) {
        let text = " Shift-PgUp: more above ";
        let w = width(text) as u16;
        let at = Rect { x: area.right().saturating_sub(w + 2), y: area.y, width: w, height: 1 };
        c.line(at, 0, &Text::of(Mark::Key, text));
    }
    if back > 0 {
        let text = format!(" {back} lines below ");
        let at = Rect {
            x: area.right().saturating_sub(width(&text) as u16 + 2),
            y: area.y,
            width: width(&text) as u16,
            height: 1,
        };
        c.line(at, 0, &Text::of(Mark::Key, text));
    }
    let at = Rect { y: inner.y + shown.len() as u16, height: 1, ..inner };
    prompt(c, app, at);
}

/// Who types sees the answers come; who looks back sees those of the moment.
fn scrollback(app: &App) -> &Scrollback {
    match app.focus {
        Focus::Console => &app.live().console,
        Focus::Pane(_) => &app.world.console,
    }
}

/// Whether the last answer can be seen from its typed line on.
fn ends_in_sight(app: &App, wide: usize, room: usize) -> bool {
    let lines = scrollback(app).lines.iter().rev();
    let mut rows = 0;
    for line in lines {
        rows += wrap_line(line, wide).len();
        if rows > room || matches!(line, ConsoleLine::Typed { .. }) {
            break;
        }
    }
    rows <= room
}

fn prompt(c: &mut Canvas, app: &App, at: Rect) {
    if app.running {
        let waits = app.queue.len();
        let mut text = Text::of(Mark::Waiting, "… runs").add(Mark::Quiet, "  Ctrl-C ends it");
        if waits > 0 {
            text = text.add(Mark::Quiet, format!(" · {waits} lines wait"));
        }
        if !app.input.is_empty() {
            text = text.add(Mark::Text, format!("  {}", safe(&app.input.text())));
        }
        c.line(at, 0, &text);
        return;
    }
    let prompt = safe(&app.prompt);
    let before = width(&prompt);
    let wide = at.width as usize;
    let room = wide.saturating_sub(before + 1).max(1);
    // A line longer than the pane shows the part around its cursor.
    let cells = app.input.cells_before();
    let skip = cells.saturating_sub(room - 1);
    let text: String = skip_cells(&app.input.text(), skip);
    let mut line = Text::of(Mark::Lab, prompt).add(Mark::Text, text.clone());
    let focused = app.focus == Focus::Console && app.popup.is_none();
    if focused && let Some(arguments) = &app.arguments {
        let left = wide.saturating_sub(line.width());
        line = line.add(Mark::Quiet, clip(&safe(arguments), left));
    }
    let tip = if focused { "Tab completes · Esc leaves" } else { "i types here" };
    if app.input.is_empty() && before + width(tip) + 4 < wide {
        line = line.pad_then(wide - width(tip), Text::of(Mark::Quiet, tip));
    }
    c.line(at, 0, &line);
    if focused {
        let x = at.x + (before + cells - skip).min(wide.saturating_sub(1)) as u16;
        c.frame.set_cursor_position(Position::new(x, at.y));
    }
}

fn skip_cells(text: &str, skip: usize) -> String {
    let mut left = skip;
    text.chars()
        .skip_while(|ch| {
            if left == 0 {
                return false;
            }
            left = left.saturating_sub(ch.width().unwrap_or(0));
            true
        })
        .collect()
}

/// A line of the scrollback, cut into lines of the pane.
fn wrap_line(line: &ConsoleLine, wide: usize) -> Vec<Text> {
    match line {
        ConsoleLine::Typed { prompt, line } => {
            pieces(&[(Mark::Lab, safe(prompt)), (Mark::Focus, safe(line))], wide)
        }
        ConsoleLine::Answer(AnswerLine(spans)) => {
            // A remark stands at the right edge, beside its answer, if there is room for both.
            if let [head @ .., last] = spans.as_slice()
                && last.label == Label::Note
                && !head.is_empty()
            {
                let mut text = Text::new();
                for s in head {
                    text = text.add(mark_of(s.label), safe(&s.text));
                }
                let note = safe(&last.text);
                let note = note.trim_start();
                if text.width() + width(note) + 3 < wide {
                    let at = wide - width(note);
                    return vec![text.pad_then(at, Text::of(Mark::Quiet, note))];
                }
            }
            // The lab's own sentences break at blanks; a reply is cut as a terminal cuts it.
            if let [one] = spans.as_slice()
                && matches!(one.label, Label::Lab | Label::Hint | Label::Refused | Label::Good)
                && !one.text.starts_with(' ')
            {
                let words = wrap(&safe(&one.text), wide.max(2));
                return words.into_iter().map(|w| Text::of(mark_of(one.label), w)).collect();
            }
            let marked: Vec<(Mark, String)> =
                spans.iter().map(|s| (mark_of(s.label), safe(&s.text))).collect();
            pieces(&marked, wide)
        }
    }
}

fn pieces(spans: &[(Mark, String)], wide: usize) -> Vec<Text> {
    let wide = wide.max(2);
    let mut lines = vec![Text::new()];
    let mut used = 0;
    for (mark, text) in spans {
        let mut run = String::new();
        for ch in text.chars() {
            let w = ch.width().unwrap_or(0);
            if used + w > wide {
                if let Some(line) = lines.last_mut() {
                    line.0.push((*mark, std::mem::take(&mut run), false));
                }
                lines.push(Text::new());
                used = 0;
            }
            run.push(ch);
            used += w;
        }
        if let Some(line) = lines.last_mut()
            && !run.is_empty()
        {
            line.0.push((*mark, run, false));
        }
    }
    lines
}

/// The completion's candidates, above the prompt.
pub fn draw_offer(c: &mut Canvas, app: &App, console: Rect) {
    let Some(offer) = &app.offer else { return };
    let all = &offer.completion.candidates;
    if all.is_empty() {
        return;
    }
    let screen = c.frame.area();
    let text_cells = all.iter().map(|k| width(&k.text)).max().unwrap_or(0).min(40);
    let about_cells = all.iter().map(|k| width(&k.about)).max().unwrap_or(0).min(90);
    let w = ((text_cells + about_cells + 5) as u16).min(screen.width.saturating_sub(2)).max(12);
    let shown = all.len().min(OFFERED);
    let h = shown as u16 + 2;
    let area = Rect {
        x: (console.x + 1 + width(&app.prompt) as u16).min(screen.width.saturating_sub(w)),
        y: console.y.saturating_sub(h),
        width: w,
        height: h.min(console.y),
    };
    c.frame.render_widget(Clear, area);
    let first = offer.chosen.saturating_sub(shown.saturating_sub(1));
    let count = format!(" {} of {} ", offer.chosen + 1, all.len());
    let inner = c.border(area, &Text::of(Mark::Quiet, count), Mark::Title, false);
    for (row, (i, candidate)) in (0..inner.height).zip(all.iter().enumerate().skip(first)) {
        let line = Rect { y: inner.y + row, height: 1, ..inner };
        let text = fit(&clip(&safe(&candidate.text), text_cells), text_cells + 1);
        let end = line.right();
        let mut style = c.theme.of(Mark::Text);
        if i == offer.chosen {
            style = style.add_modifier(Modifier::REVERSED);
        }
        let x = c.put(line.x, line.y, end, &format!(" {text}"), style);
        let about = clip(&safe(&candidate.about), usize::from(end.saturating_sub(x + 2)));
        c.put(x, line.y, end, &format!(" {about}"), c.theme.of(Mark::Quiet));
        c.hits.push((line, Hit::Candidate(i)));
    }
}
