//! One meaning a colour, and a shape beside it, so that monochrome loses nothing.
//!
//! A pane asks for a [`Mark`], never for a colour. `NO_COLOR` leaves bold, dim, underline and
//! reversed; the colour-blind theme takes the colours of Okabe and Ito.

use crate::observe::Label;
use ratatui::style::{Color, Modifier, Style};

/// What a piece of the screen means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    Text,
    /// Borders, units, things at rest.
    Quiet,
    /// The title of a pane.
    Title,
    /// The title of the pane that has the focus.
    Focus,
    /// A key that can be pressed.
    Key,
    Master,
    Replica,
    Handshake,
    Rdb,
    Stream,
    Ack,
    Waiting,
    Broken,
    Good,
    /// A value that differs from its neighbour's.
    Difference,
    Error,
    /// The lab speaks, not Redis.
    Lab,
}

/// Which set of colours is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    Full,
    ColourBlind,
    Plain,
}

/// The styles of the program.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    pub palette: Palette,
}

impl Theme {
    /// `NO_COLOR` (any value but empty) wins; `SYNCLAB_THEME` may say `colour-blind` or `plain`.
    pub fn from_env() -> Theme {
        let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let palette = if set("NO_COLOR").is_some() {
            Palette::Plain
        } else {
            match set("SYNCLAB_THEME").as_deref() {
                Some("plain") => Palette::Plain,
                Some("colour-blind" | "color-blind" | "cb") => Palette::ColourBlind,
                _ => Palette::Full,
            }
        };
        Theme { palette }
    }

    /// The next palette, for the key that goes round.
    pub fn next(self) -> Theme {
        let palette = match self.palette {
            Palette::Full => Palette::ColourBlind,
            Palette::ColourBlind => Palette::Plain,
            Palette::Plain => Palette::Full,
        };
        Theme { palette }
    }

    /// What the palette is called.
    pub fn name(self) -> &'static str {
        match self.palette {
            Palette::Full => "full colour",
            Palette::ColourBlind => "colour-blind safe",
            Palette::Plain => "no colour",
        }
    }

    /// The style that stands for `mark`.
    pub fn of(&self, mark: Mark) -> Style {
        let style = Style::default().add_modifier(weight(mark));
        let colour = match self.palette {
            Palette::Plain => None,
            Palette::Full => full(mark),
            Palette::ColourBlind => colour_blind(mark),
        };
        match colour {
            Some(c) => style.fg(c),
            None => style,
        }
    }

    /// The same, turned over: what changed within the last second.
    pub fn fresh(&self, mark: Mark) -> Style {
        self.of(mark).add_modifier(Modifier::REVERSED)
    }
}

fn weight(mark: Mark) -> Modifier {
    match mark {
        Mark::Quiet | Mark::Ack => Modifier::DIM,
        Mark::Focus | Mark::Master | Mark::Key | Mark::Broken | Mark::Difference => Modifier::BOLD,
        _ => Modifier::empty(),
    }
}

fn full(mark: Mark) -> Option<Color> {
    Some(Color::Indexed(match mark {
        Mark::Text => return None,
        Mark::Quiet => 245,
        Mark::Title => 250,
        Mark::Focus => 231,
        Mark::Key => 229,
        Mark::Master => 215,
        Mark::Replica => 75,
        Mark::Handshake => 141,
        Mark::Rdb => 45,
        Mark::Stream => 114,
        Mark::Ack => 247,
        Mark::Waiting => 221,
        Mark::Broken | Mark::Error => 203,
        Mark::Good => 120,
        Mark::Difference => 213,
        Mark::Lab => 152,
    }))
}

fn colour_blind(mark: Mark) -> Option<Color> {
    Some(Color::Indexed(match mark {
        Mark::Text => return None,
        Mark::Quiet => 245,
        Mark::Title => 250,
        Mark::Focus => 231,
        Mark::Key => 231,
        Mark::Master => 214,
        Mark::Replica => 117,
        Mark::Handshake => 175,
        Mark::Rdb => 33,
        Mark::Stream => 36,
        Mark::Ack => 247,
        Mark::Waiting => 227,
        Mark::Broken | Mark::Error => 202,
        Mark::Good => 36,
        Mark::Difference => 175,
        Mark::Lab => 252,
    }))
}

/// The mark for a labelled piece of the console's answer.
pub fn mark_of(label: Label) -> Mark {
    match label {
        Label::Reply | Label::Shell => Mark::Text,
        Label::Error | Label::ShellError | Label::Refused => Mark::Error,
        Label::Lab => Mark::Lab,
        Label::Note => Mark::Quiet,
        Label::Hint => Mark::Waiting,
        Label::Master => Mark::Master,
        Label::Replica => Mark::Replica,
        Label::Handshake => Mark::Handshake,
        Label::Rdb => Mark::Rdb,
        Label::Stream => Mark::Stream,
        Label::Ack => Mark::Ack,
        Label::Waiting => Mark::Waiting,
        Label::Broken => Mark::Broken,
        Label::Good => Mark::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Mark; 17] = [
        Mark::Text,
        Mark::Quiet,
        Mark::Title,
        Mark::Focus,
        Mark::Key,
        Mark::Master,
        Mark::Replica,
        Mark::Handshake,
        Mark::Rdb,
        Mark::Stream,
        Mark::Ack,
        Mark::Waiting,
        Mark::Broken,
        Mark::Good,
        Mark::Difference,
        Mark::Error,
        Mark::Lab,
    ];

    #[test]
    fn plain_has_no_colour_at_all() {
        let theme = Theme { palette: Palette::Plain };
        for mark in ALL {
            assert_eq!(theme.of(mark).fg, None, "{mark:?}");
            assert_eq!(theme.of(mark).bg, None, "{mark:?}");
        }
    }

    #[test]
    fn meanings_of_replication_have_colours_of_their_own() {
        let meanings = [
            Mark::Master,
            Mark::Replica,
            Mark::Handshake,
            Mark::Rdb,
            Mark::Stream,
            Mark::Waiting,
            Mark::Broken,
        ];
        for palette in [Palette::Full, Palette::ColourBlind] {
            let theme = Theme { palette };
            for (i, a) in meanings.iter().enumerate() {
                for b in &meanings[i + 1..] {
                    assert_ne!(theme.of(*a).fg, theme.of(*b).fg, "{palette:?}: {a:?} and {b:?}");
                }
            }
        }
    }
}
