//! The terminal screens.
pub mod app;
pub mod editor;
mod fuzzy;
mod line_edit;
mod playback;
pub mod reduce;
mod run;
mod term;
pub mod text;
pub mod theme;
pub mod view;

pub use run::{Options, run};

#[cfg(test)]
mod tests;
