//! Each theme once, as letters: the screen, and under each line what its cells look like.

use super::story::Story;
use super::{draw, text};
use crate::tui::app::Pane;
use crate::tui::theme::{Palette, Theme};
use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// How a cell looks, in words; nothing for plain text.
fn look(cell: &Cell) -> String {
    let mut out = Vec::new();
    match cell.fg {
        Color::Reset => {}
        Color::Indexed(n) => out.push(format!("colour {n}")),
        other => out.push(format!("{other:?}")),
    }
    for (modifier, word) in [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::UNDERLINED, "underlined"),
        (Modifier::REVERSED, "reversed"),
    ] {
        if cell.modifier.contains(modifier) {
            out.push(word.to_owned());
        }
    }
    out.join(" ")
}

#[test]
fn every_theme_is_drawn() {
    for palette in Palette::ALL {
        let mut s = Story::held();
        s.app.show(Pane::Sequence);
        s.app.zoom = true;
        s.app.notice = None;
        s.app.theme = Theme { palette };
        let buffer = draw(&mut s.app, 80, 24);
        let shown = text(&mut s.app, 80, 24);
        let mut looks: Vec<String> = Vec::new();
        let mut out = String::new();
        for (y, line) in shown.lines().enumerate() {
            let mut under = String::new();
            for x in 0..80 {
                let cell = &buffer[(x, y as u16)];
                let look = look(cell);
                if look.is_empty() || cell.symbol() == " " && !look.contains("reversed") {
                    under.push(' ');
                    continue;
                }
                let at = looks.iter().position(|l| *l == look).unwrap_or_else(|| {
                    looks.push(look);
                    looks.len() - 1
                });
                under.push((b'a' + at as u8) as char);
            }
            out.push_str(&format!("{line}\n{}\n", under.trim_end()));
        }
        for (at, look) in looks.iter().enumerate() {
            out.push_str(&format!("{}: {look}\n", (b'a' + at as u8) as char));
        }
        insta::assert_snapshot!(format!("theme_{}", palette.word()), out);
    }
}
