//! What every view draws with: lines of marked text, boxes, tabs.

use super::{FRESH_US, focused};
use crate::observe::Now;
use crate::tui::app::{App, Hit, Pane};
use crate::tui::text::{clip, fit, width, wrap};
use crate::tui::theme::{Mark, Theme};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Clear;
use unicode_width::UnicodeWidthChar;

/// The frame being drawn, and the mouse's map of it.
pub struct Canvas<'a, 'b> {
    pub frame: &'a mut Frame<'b>,
    pub theme: Theme,
    pub now: Now,
    pub hits: &'a mut Vec<(Rect, Hit)>,
}

/// A line of text with its meanings.
#[derive(Clone, Debug, Default)]
pub struct Text(pub Vec<(Mark, String, bool)>);

impl Text {
    pub fn new() -> Text {
        Text::default()
    }

    /// One meaning throughout.
    pub fn of(mark: Mark, text: impl Into<String>) -> Text {
        Text(vec![(mark, text.into(), false)])
    }

    /// Adds a piece.
    pub fn add(mut self, mark: Mark, text: impl Into<String>) -> Text {
        self.0.push((mark, text.into(), false));
        self
    }

    /// Adds a piece that is marked if it changed within the last second.
    pub fn add_fresh(mut self, mark: Mark, text: impl Into<String>, fresh: bool) -> Text {
        self.0.push((mark, text.into(), fresh));
        self
    }

    /// Adds all pieces of another text.
    pub fn then(mut self, other: Text) -> Text {
        self.0.extend(other.0);
        self
    }

    /// A sentence in as many lines as it needs: the first begins with `head`, the others stand
    /// under its text.
    pub fn wrapped(mark: Mark, head: &str, text: &str, wide: usize) -> Vec<Text> {
        let indent = width(head);
        wrap(text, wide.saturating_sub(indent).max(4))
            .into_iter()
            .enumerate()
            .map(|(n, line)| {
                let before = if n == 0 { head.to_owned() } else { " ".repeat(indent) };
                Text::of(mark, before + &line)
            })
            .collect()
    }

    /// How many cells it takes.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, t, _)| width(t)).sum()
    }

    /// Adds blanks up to `cells`, then the other text.
    pub fn pad_then(mut self, cells: usize, other: Text) -> Text {
        let gap = cells.saturating_sub(self.width());
        if gap > 0 {
            self.0.push((Mark::Text, " ".repeat(gap), false));
        }
        self.0.extend(other.0);
        self
    }
}

impl Canvas<'_, '_> {
    /// Whether something changed less than a second ago.
    pub fn fresh(&self, changed: Now) -> bool {
        changed != Now::default()
            && self.now.mono_us.saturating_sub(changed.mono_us) < FRESH_US
            && changed.mono_us > 0
    }

    /// Writes a line at a place, cut at the area's right edge. Nothing is drawn outside of it.
    pub fn line(&mut self, area: Rect, row: u16, text: &Text) {
        if row >= area.height {
            return;
        }
        #[cfg(test)]
        note_cut(area, text);
        let mut x = area.x;
        let end = area.right();
        for (mark, piece, fresh) in &text.0 {
            let style = if *fresh { self.theme.fresh(*mark) } else { self.theme.of(*mark) };
            x = self.put(x, area.y + row, end, piece, style);
            if x >= end {
                return;
            }
        }
    }

    /// Writes cells up to column `end`; returns the column after the last one.
    pub fn put(&mut self, mut x: u16, y: u16, end: u16, text: &str, style: Style) -> u16 {
        let buffer = self.frame.buffer_mut();
        if y >= buffer.area.bottom() {
            return x;
        }
        for c in text.chars() {
            let w = c.width().unwrap_or(0) as u16;
            if w == 0 {
                continue;
            }
            if x + w > end || x + w > buffer.area.right() {
                return end;
            }
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.set_char(c).set_style(style);
            }
            for i in 1..w {
                if let Some(cell) = buffer.cell_mut((x + i, y)) {
                    cell.reset();
                }
            }
            x += w;
        }
        x
    }

    /// Writes lines from the top.
    pub fn lines(&mut self, area: Rect, lines: &[Text]) {
        for (row, text) in (0..area.height).zip(lines) {
            self.line(area, row, text);
        }
    }

    /// Lines that may be more than fit, scrolled from their top; the last row says so.
    pub fn scrolled(&mut self, app: &App, pane: Pane, area: Rect, lines: &[Text]) {
        let room = area.height as usize;
        let most = lines.len().saturating_sub(room);
        let skip = app.scroll.get(&pane).copied().unwrap_or(0).min(most);
        app.scroll_most.borrow_mut().insert(pane, most);
        self.lines(area, &lines[skip..]);
        if skip < most && room > 1 {
            let more = Text::of(Mark::Key, format!(" … {} more: PgDn", most - skip + 1));
            let last = Rect { y: area.bottom() - 1, height: 1, ..area };
            self.line(last, 0, &more.pad_then(area.width as usize, Text::new()));
        }
    }

    /// A border with a title; returns what is inside.
    pub fn border(&mut self, area: Rect, title: &Text, border: Mark, thick: bool) -> Rect {
        let g = if thick {
            ['┏', '━', '┓', '┃', '┗', '┛']
        } else {
            ['┌', '─', '┐', '│', '└', '┘']
        };
        if area.width < 2 || area.height < 2 {
            return Rect { width: 0, height: 0, ..area };
        }
        let style = self.theme.of(border);
        let inner = area.width as usize - 2;
        let (right, bottom) = (area.right(), area.bottom() - 1);
        let flat: String = std::iter::repeat_n(g[1], inner).collect();
        self.put(area.x, area.y, right, &format!("{}{flat}{}", g[0], g[2]), style);
        for y in area.y + 1..bottom {
            self.put(area.x, y, right, &g[3].to_string(), style);
            self.put(right - 1, y, right, &g[3].to_string(), style);
        }
        self.put(area.x, bottom, right, &format!("{}{flat}{}", g[4], g[5]), style);
        let bar = Rect { x: area.x + 2, width: area.width.saturating_sub(3), height: 1, ..area };
        self.line(bar, 0, title);
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }

    /// The upper corners of a box that shares its border with the one above.
    pub fn share_border(&mut self, area: Rect) {
        let buffer = self.frame.buffer_mut();
        for (x, [thin, thick]) in
            [(area.x, ["├", "┣"]), (area.right().saturating_sub(1), ["┤", "┫"])]
        {
            if let Some(cell) = buffer.cell_mut((x, area.y)) {
                let is_thick = matches!(cell.symbol(), "┏" | "┓");
                cell.set_symbol(if is_thick { thick } else { thin });
            }
        }
    }

    /// The border of somebody who is not of the lab: round and broken.
    pub fn guest(&mut self, area: Rect, title: &Text) -> Rect {
        let inner = self.border(area, &Text::new(), Mark::Quiet, false);
        if inner.width == 0 {
            return inner;
        }
        let style = self.theme.of(Mark::Quiet);
        let (right, bottom) = (area.right(), area.bottom() - 1);
        let flat: String = std::iter::repeat_n('╌', inner.width as usize).collect();
        self.put(area.x, area.y, right, &format!("╭{flat}╮"), style);
        self.put(area.x, bottom, right, &format!("╰{flat}╯"), style);
        for y in area.y + 1..bottom {
            self.put(area.x, y, right, "╎", style);
            self.put(right - 1, y, right, "╎", style);
        }
        let bar = Rect { x: area.x + 2, width: area.width.saturating_sub(3), height: 1, ..area };
        self.line(bar, 0, title);
        inner
    }

    /// A box over the screen, `width` × `height` inside of its border as far as there is room.
    pub fn popup(&mut self, screen: Rect, (width, height): (u16, u16), title: &str) -> Rect {
        let w = (width + 4).min(screen.width.saturating_sub(2));
        let h = (height + 2).min(screen.height.saturating_sub(2));
        let area = Rect {
            x: screen.x + (screen.width - w) / 2,
            y: screen.y + (screen.height - h) / 2,
            width: w,
            height: h,
        };
        self.frame.render_widget(Clear, area);
        let inner =
            self.border(area, &Text::of(Mark::Focus, format!(" {title} ")), Mark::Title, false);
        Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
    }

    /// Empties a region, so that something else can be drawn there.
    pub fn clear(&mut self, area: Rect) {
        self.frame.render_widget(Clear, area);
    }

    /// The screen is too small for anything but a hint.
    pub fn too_small(&mut self, area: Rect, (w, h): (u16, u16)) {
        let lines = [
            Text::of(Mark::Title, "synclab"),
            Text::of(Mark::Text, format!("needs {w}×{h} cells,")),
            Text::of(Mark::Text, format!("has {}×{}", area.width, area.height)),
            Text::of(Mark::Quiet, "the servers go on"),
        ];
        self.lines(area, &lines);
    }
}

#[cfg(test)]
thread_local! {
    /// Lines that the area's edge cut, for tests: nothing should end in half a word.
    pub static CUT: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

#[cfg(test)]
fn note_cut(area: Rect, text: &Text) {
    let flat: String = text.0.iter().map(|p| p.1.as_str()).collect();
    if width(flat.trim_end()) > area.width as usize {
        CUT.with(|cut| cut.borrow_mut().push(flat));
    }
}

/// A pane in its border.
pub fn titled(c: &mut Canvas, app: &App, area: Rect, pane: Pane, title: &str) -> Rect {
    let on = focused(app, pane);
    let mark = if on { Mark::Focus } else { Mark::Title };
    let title = clip(title, area.width.saturating_sub(6) as usize);
    let mut text = Text::of(mark, format!(" {title} "));
    let question = pane.question();
    if text.width() + width(question) + 6 < area.width as usize
        && !matches!(pane, Pane::Sequence | Pane::Console)
    {
        text = text.add(Mark::Quiet, format!("{question} "));
    }
    c.hits.push((area, Hit::Pane(pane)));
    c.border(area, &text, if on { Mark::Title } else { Mark::Quiet }, false)
}

/// A pane that shows one of several, chosen by tabs in its border.
pub fn tabbed(
    c: &mut Canvas,
    app: &App,
    area: Rect,
    tabs: &[Pane],
    chosen: Pane,
    numbers: bool,
) -> Rect {
    let on = focused(app, chosen);
    c.hits.push((area, Hit::Pane(chosen)));
    let inner = c.border(area, &Text::new(), if on { Mark::Title } else { Mark::Quiet }, false);
    let tabs: Vec<Pane> =
        tabs.iter().copied().filter(|t| *t != Pane::Lesson || app.progress.is_some()).collect();
    // Names as long as they fit, else their beginnings, else the numbers alone.
    let label = |t: Pane, short: u8| match (t.number(), short) {
        (Some(n), 2) if t != chosen => n.to_string(),
        (_, 1) if t != chosen => t.name().chars().take(4).collect(),
        (Some(n), 0) if numbers => format!("{n} {}", t.name()),
        (Some(n), 2) if numbers => format!("{n} {}", t.name()),
        _ => t.name().to_owned(),
    };
    let fits = |short: u8| {
        let all: usize = tabs.iter().map(|t| width(&label(*t, short)) + 1).sum();
        all + 3 <= area.width as usize
    };
    let short = match numbers {
        // Numbers are what the keys are called: they go before half of a name does.
        true => u8::from(!fits(0)) * 2,
        false => (0..2).find(|s| fits(*s)).unwrap_or(2),
    };
    let mut x = area.x + 1;
    let end = area.right().saturating_sub(1);
    for tab in tabs {
        let text = format!(" {}", label(tab, short));
        let style = if tab == chosen {
            let mark = if on { Mark::Focus } else { Mark::Title };
            if on {
                c.theme.fresh(mark)
            } else {
                c.theme.of(mark).add_modifier(ratatui::style::Modifier::UNDERLINED)
            }
        } else {
            c.theme.of(Mark::Quiet)
        };
        let next = c.put(x, area.y, end, &text, style);
        c.hits.push((Rect { x, y: area.y, width: next - x, height: 1 }, Hit::Pane(tab)));
        x = next;
    }
    x = c.put(x, area.y, end, " ", c.theme.of(Mark::Quiet));
    if numbers && short == 0 {
        let question = chosen.question();
        let left = end.saturating_sub(x) as usize;
        if width(question) + 2 <= left {
            let text = fit(&format!(" {question} "), width(question) + 2);
            c.put(end - width(&text) as u16, area.y, end, &text, c.theme.of(Mark::Quiet));
        }
    }
    inner
}
