//! Distances on a globe, by the haversine formula, and how they are printed.

use super::hash::Place;
use std::f64::consts::PI;

/// The Earth's quadratic mean radius, in metres.
pub(super) const EARTH: f64 = 6_372_797.560856;

pub(super) fn radians(degrees: f64) -> f64 {
    degrees * (PI / 180.0)
}

pub(super) fn degrees(radians: f64) -> f64 {
    radians / (PI / 180.0)
}

/// Metres from one latitude to another.
pub(super) fn latitude_distance(a: f64, b: f64) -> f64 {
    EARTH * (radians(b) - radians(a)).abs()
}

/// Metres from one place to another, along a great circle.
pub fn distance(a: Place, b: Place) -> f64 {
    let v = ((radians(b.longitude) - radians(a.longitude)) / 2.0).sin();
    if v == 0.0 {
        return latitude_distance(a.latitude, b.latitude);
    }
    let (from, to) = (radians(a.latitude), radians(b.latitude));
    let u = ((to - from) / 2.0).sin();
    let h = u * u + from.cos() * to.cos() * v * v;
    2.0 * EARTH * h.sqrt().asin()
}

/// A distance with four decimals.
pub fn format_distance(distance: f64) -> String {
    let scaled = (distance * 10_000.0).round_ties_even();
    // What does not fit is the least number, as the processor's conversion has it.
    const TOP: f64 = (1u64 << 63) as f64;
    let fits = (-TOP..TOP).contains(&scaled);
    let whole = if fits { scaled as i64 } else { i64::MIN };
    let sign = if whole < 0 { "-" } else { "" };
    let digits = whole.unsigned_abs();
    format!("{sign}{}.{:04}", digits / 10_000, digits % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::geo::{place_of_score, score_of_place};

    #[test]
    fn palermo_to_catania() {
        let stored =
            |longitude, latitude| place_of_score(score_of_place(Place { longitude, latitude }));
        let (palermo, catania) = (stored(13.361389, 38.115556), stored(15.087269, 37.502669));
        assert_eq!(format_distance(distance(palermo, catania)), "166274.1516");
        assert_eq!(format_distance(distance(palermo, catania) / 1000.0), "166.2742");
    }

    #[test]
    fn four_decimals_always() {
        for (d, want) in [
            (0.0, "0.0000"),
            (0.00001, "0.0000"),
            (0.775, "0.7750"),
            (12.00004, "12.0000"),
            (12.00006, "12.0001"),
            (f64::NAN, "-922337203685477.5808"),
        ] {
            assert_eq!(format_distance(d), want);
        }
    }
}
