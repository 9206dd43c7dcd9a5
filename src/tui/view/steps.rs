//! Steps that wait, and where time stops: what each is, in words.

use super::frame::Text;
use crate::console::steps;
use crate::observe::{Addr, Step};
use crate::tui::reduce::link::Peer;
use crate::tui::theme::{Mark, mark_of};

/// A step in a few words: who, and what is about to happen.
pub fn step_words(port: u16, step: &Step) -> Text {
    let name = |addr: &Addr| Peer::of(addr).label();
    Text::of(Mark::Text, format!("{} ", steps::who(port, step, &name)))
        .add(mark_of(steps::label(step.kind)), steps::what(step, &name))
}
