//! One meaning a colour, and a shape beside it, so that monochrome loses nothing.
//!
//! A pane asks for a [`Mark`], never for a colour. `NO_COLOR` leaves bold, dim, underline and
//! reversed; the colour-blind theme takes the colours of Okabe and Ito. No colour of these is so
//! bright or so dark that it would be lost on a light or on a dark terminal; who knows which it is
//! has a theme for it with more contrast.

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
    /// For any ground.
    Full,
    Dark,
    Light,
    ColourBlind,
    Plain,
}

impl Palette {
    /// In the order in which the key goes round.
    pub const ALL: [Palette; 5] =
        [Palette::Full, Palette::Dark, Palette::Light, Palette::ColourBlind, Palette::Plain];

    /// What `--theme` and `SYNCLAB_THEME` call it.
    pub fn word(self) -> &'static str {
        match self {
            Palette::Full => "full",
            Palette::Dark => "dark",
            Palette::Light => "light",
            Palette::ColourBlind => "colour-blind",
            Palette::Plain => "plain",
        }
    }

    /// The palette of this name.
    pub fn parse(word: &str) -> Option<Palette> {
        match word.to_ascii_lowercase().as_str() {
            "color-blind" | "cb" => Some(Palette::ColourBlind),
            "mono" | "monochrome" | "none" => Some(Palette::Plain),
            word => Palette::ALL.into_iter().find(|p| p.word() == word),
        }
    }
}

/// The styles of the program.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    pub palette: Palette,
}

impl Theme {
    /// What was asked for on the command line; else `NO_COLOR` (any value but empty); else
    /// `SYNCLAB_THEME`, which takes the same names as the command line.
    pub fn choose(asked: Option<Palette>) -> Theme {
        let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let palette = match (asked, set("NO_COLOR")) {
            (Some(palette), _) => palette,
            (None, Some(_)) => Palette::Plain,
            (None, None) => {
                set("SYNCLAB_THEME").and_then(|word| Palette::parse(&word)).unwrap_or(Palette::Full)
            }
        };
        Theme { palette }
    }

    /// The next palette, for the key that goes round.
    pub fn next(self) -> Theme {
        let at = Palette::ALL.iter().position(|p| *p == self.palette).unwrap_or(0);
        Theme { palette: Palette::ALL[(at + 1) % Palette::ALL.len()] }
    }

    /// What the palette is called.
    pub fn name(self) -> &'static str {
        match self.palette {
            Palette::Full => "full colour, for any ground",
            Palette::Dark => "for a dark ground",
            Palette::Light => "for a light ground",
            Palette::ColourBlind => "colour-blind safe",
            Palette::Plain => "no colour",
        }
    }

    /// The style that stands for `mark`.
    pub fn of(&self, mark: Mark) -> Style {
        let style = Style::default().add_modifier(weight(mark));
        let colour = match self.palette {
            Palette::Plain if matches!(mark, Mark::Quiet | Mark::Ack) => {
                return style.add_modifier(Modifier::DIM);
            }
            Palette::Plain => None,
            Palette::Full => full(mark),
            Palette::Dark => dark(mark),
            Palette::Light => light(mark),
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
        Mark::Focus | Mark::Master | Mark::Key | Mark::Broken | Mark::Difference => Modifier::BOLD,
        _ => Modifier::empty(),
    }
}

/// Colours of the middle: they can be read on a dark ground and on a light one, and so nobody has
/// to be asked which it is. What is merely text has the terminal's own colour.
fn full(mark: Mark) -> Option<Color> {
    Some(Color::Indexed(match mark {
        Mark::Text | Mark::Title | Mark::Focus | Mark::Key => return None,
        Mark::Quiet | Mark::Ack => 244,
        Mark::Master => 166,
        Mark::Replica => 33,
        Mark::Handshake => 99,
        Mark::Rdb => 37,
        Mark::Stream => 34,
        Mark::Waiting => 136,
        Mark::Broken | Mark::Error => 160,
        Mark::Good => 34,
        Mark::Difference => 169,
        Mark::Lab => 67,
    }))
}

/// Bright colours.
fn dark(mark: Mark) -> Option<Color> {
    Some(Color::Indexed(match mark {
        Mark::Text | Mark::Title | Mark::Focus | Mark::Key => return None,
        Mark::Quiet | Mark::Ack => 248,
        Mark::Master => 215,
        Mark::Replica => 75,
        Mark::Handshake => 141,
        Mark::Rdb => 80,
        Mark::Stream => 114,
        Mark::Waiting => 221,
        Mark::Broken | Mark::Error => 203,
        Mark::Good => 114,
        Mark::Difference => 213,
        Mark::Lab => 110,
    }))
}

/// Deep colours.
fn light(mark: Mark) -> Option<Color> {
    Some(Color::Indexed(match mark {
        Mark::Text | Mark::Title | Mark::Focus | Mark::Key => return None,
        Mark::Quiet | Mark::Ack => 240,
        Mark::Master => 130,
        Mark::Replica => 25,
        Mark::Handshake => 91,
        Mark::Rdb => 30,
        Mark::Stream => 28,
        Mark::Waiting => 94,
        Mark::Broken | Mark::Error => 124,
        Mark::Good => 28,
        Mark::Difference => 126,
        Mark::Lab => 24,
    }))
}

/// After Okabe and Ito: no two meanings differ by red and green alone.
fn colour_blind(mark: Mark) -> Option<Color> {
    Some(Color::Indexed(match mark {
        Mark::Text | Mark::Title | Mark::Focus | Mark::Key => return None,
        Mark::Quiet | Mark::Ack => 244,
        Mark::Master => 172,
        Mark::Replica => 32,
        Mark::Handshake => 169,
        Mark::Rdb => 25,
        Mark::Stream => 36,
        Mark::Waiting => 136,
        Mark::Broken | Mark::Error => 166,
        Mark::Good => 36,
        Mark::Difference => 169,
        Mark::Lab => 67,
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

    /// A colour of the 256, as the light that it gives (0 to 1).
    fn luminance(index: u8) -> f64 {
        let channels = match index {
            232.. => [8 + 10 * (index - 232); 3],
            _ => {
                let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
                let i = index - 16;
                [step(i / 36), step(i / 6 % 6), step(i % 6)]
            }
        };
        let [r, g, b] = channels.map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    #[test]
    fn every_colour_can_be_read_on_a_dark_and_on_a_light_ground() {
        for palette in [Palette::Full, Palette::ColourBlind] {
            for mark in ALL {
                let Some(colour) = (Theme { palette }).of(mark).fg else { continue };
                let Color::Indexed(index) = colour else { panic!("{mark:?} has a basic colour") };
                let light = luminance(index);
                let (on_white, on_black) = (1.05 / (light + 0.05), (light + 0.05) / 0.05);
                assert!(on_white >= 2.7, "{palette:?} {mark:?}: {on_white:.1} on white");
                assert!(on_black >= 2.7, "{palette:?} {mark:?}: {on_black:.1} on black");
            }
        }
    }

    #[test]
    fn themes_for_one_ground_have_more_contrast_there() {
        for mark in ALL {
            let light_of = |palette| match (Theme { palette }).of(mark).fg {
                Some(Color::Indexed(index)) => Some(luminance(index)),
                _ => None,
            };
            if let Some(light) = light_of(Palette::Dark) {
                assert!((light + 0.05) / 0.05 >= 5.5, "{mark:?} on black: {light:.2}");
            }
            if let Some(light) = light_of(Palette::Light) {
                assert!(1.05 / (light + 0.05) >= 4.3, "{mark:?} on white: {light:.2}");
            }
        }
    }

    #[test]
    fn every_theme_is_found_by_its_name_and_by_the_key() {
        for palette in Palette::ALL {
            assert_eq!(Palette::parse(palette.word()), Some(palette));
        }
        assert_eq!(Palette::parse("Color-Blind"), Some(Palette::ColourBlind));
        assert_eq!(Palette::parse("pink"), None);
        let mut theme = Theme { palette: Palette::Full };
        let mut seen = Vec::new();
        for _ in Palette::ALL {
            seen.push(theme.palette);
            theme = theme.next();
        }
        assert_eq!((seen.as_slice(), theme.palette), (&Palette::ALL[..], Palette::Full));
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
        for palette in [Palette::Full, Palette::Dark, Palette::Light, Palette::ColourBlind] {
            let theme = Theme { palette };
            for (i, a) in meanings.iter().enumerate() {
                for b in &meanings[i + 1..] {
                    assert_ne!(theme.of(*a).fg, theme.of(*b).fg, "{palette:?}: {a:?} and {b:?}");
                }
            }
        }
    }
}
