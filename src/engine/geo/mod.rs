//! Places on the globe as scores: the 52-bit geohash of the geo commands, distances, and the boxes
//! that a search must look into.
//!
//! In: longitudes and latitudes in degrees, scores, shapes in metres. Out: scores, places,
//! distances, ranges of scores. Never here: keys, replies.
//!
//! The digits of a reply depend on each step of this arithmetic; its order is Redis's.

mod area;
mod distance;
mod hash;

pub use area::{Boxes, Shape, ShapeKind};
pub use distance::{distance, format_distance};
pub use hash::{Cell, LATITUDES, LONGITUDES, Place, place_of_score, score_of_place, text_of_place};
