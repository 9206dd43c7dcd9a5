//! The terminal screens.
pub mod app;
pub mod editor;
mod fuzzy;
mod line_edit;
mod playback;
pub mod reduce;
pub mod text;
pub mod theme;
pub mod view;
