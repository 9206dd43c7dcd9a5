//! The geohash: longitude and latitude in fixed point, their bits interleaved.

/// Longitudes that can be stored.
pub const LONGITUDES: (f64, f64) = (-180.0, 180.0);
/// Latitudes that can be stored: those of the Mercator projection, the poles are out.
pub const LATITUDES: (f64, f64) = (-85.051_128_78, 85.051_128_78);
/// Bits for each coordinate in a score.
pub(super) const STEP_MAX: u32 = 26;

const EVEN: u64 = 0x5555_5555_5555_5555;
const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;

/// A place on the globe, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub longitude: f64,
    pub latitude: f64,
}

/// A rectangle of the grid: `step` bits for each coordinate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub(super) bits: u64,
    pub(super) step: u32,
}

/// Where a cell's edges lie, in degrees.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Edges {
    pub longitude: (f64, f64),
    pub latitude: (f64, f64),
}

impl Cell {
    /// The cell that a place lies in, on a grid over these ranges.
    fn of(place: Place, longitudes: (f64, f64), latitudes: (f64, f64), step: u32) -> Cell {
        let fixed = |value: f64, range: (f64, f64)| {
            ((value - range.0) / (range.1 - range.0) * (1u64 << step) as f64) as u32
        };
        let (x, y) = (fixed(place.longitude, longitudes), fixed(place.latitude, latitudes));
        Cell { bits: spread(y) | spread(x) << 1, step }
    }

    /// The cell that a storable place lies in.
    pub(super) fn at(place: Place, step: u32) -> Cell {
        Cell::of(place, LONGITUDES, LATITUDES, step)
    }

    /// The empty cell, which stands for none. The first cell of the grid is none too if no bits
    /// say where it is.
    pub(super) fn is_none(self) -> bool {
        self.bits == 0 && self.step == 0
    }

    pub(super) fn edges(self) -> Edges {
        if self.is_none() {
            return Edges::default();
        }
        let (y, x) = (gather(self.bits), gather(self.bits >> 1));
        let edge = |n: u32, range: (f64, f64)| {
            range.0 + (f64::from(n) / (1u64 << self.step) as f64) * (range.1 - range.0)
        };
        Edges {
            longitude: (edge(x, LONGITUDES), edge(x.wrapping_add(1), LONGITUDES)),
            latitude: (edge(y, LATITUDES), edge(y.wrapping_add(1), LATITUDES)),
        }
    }

    /// The cell so many to the east and to the north: -1, 0 or 1 each. The grid closes on itself.
    pub(super) fn neighbour(self, east: i8, north: i8) -> Cell {
        let used = 64 - self.step * 2;
        let (mut x, mut y) = (self.bits & ODD, self.bits & EVEN);
        // The bits of the other coordinate are set for the carry to run through them.
        let (gaps_x, gaps_y) = (EVEN >> used, ODD >> used);
        match east {
            1 => x = x.wrapping_add(gaps_x.wrapping_add(1)),
            -1 => x = (x | gaps_x).wrapping_sub(gaps_x.wrapping_add(1)),
            _ => {}
        }
        match north {
            1 => y = y.wrapping_add(gaps_y.wrapping_add(1)),
            -1 => y = (y | gaps_y).wrapping_sub(gaps_y.wrapping_add(1)),
            _ => {}
        }
        if east != 0 {
            x &= ODD >> used;
        }
        if north != 0 {
            y &= EVEN >> used;
        }
        Cell { bits: x | y, step: self.step }
    }

    /// The scores of the places in it: from the first one up to the second one, that one excluded.
    pub fn scores(self) -> (f64, f64) {
        let shift = 52 - self.step * 2;
        ((self.bits << shift) as f64, (self.bits.wrapping_add(1) << shift) as f64)
    }
}

/// Every bit moved to twice its place.
fn spread(n: u32) -> u64 {
    let mut n = u64::from(n);
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, EVEN),
    ] {
        n = (n | n << shift) & mask;
    }
    n
}

/// The even bits, moved together.
fn gather(n: u64) -> u32 {
    let mut n = n & EVEN;
    for (shift, mask) in [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff),
    ] {
        n = (n | n >> shift) & mask;
    }
    n as u32
}

/// The score that a place is stored under.
pub fn score_of_place(place: Place) -> f64 {
    Cell::at(place, STEP_MAX).bits as f64
}

/// The place that a score stands for: the middle of its cell, held within the grid.
pub fn place_of_score(score: f64) -> Place {
    let cell = Cell { bits: bits_of(score), step: STEP_MAX };
    let edges = cell.edges();
    let middle = |(a, b): (f64, f64), range: (f64, f64)| ((a + b) / 2.0).min(range.1).max(range.0);
    Place {
        longitude: middle(edges.longitude, LONGITUDES),
        latitude: middle(edges.latitude, LATITUDES),
    }
}

/// A double as C on x86-64 turns it into an unsigned integer, also where the language leaves that
/// open (negative scores, huge ones): ZADD may have stored anything.
fn bits_of(score: f64) -> u64 {
    const TOP: f64 = 9_223_372_036_854_775_808.0;
    let signed = |d: f64| if (-TOP..TOP).contains(&d) { d as i64 } else { i64::MIN };
    if score < TOP { signed(score) as u64 } else { (signed(score - TOP) as u64) ^ (1 << 63) }
}

/// GEOHASH's text: the geohash as others write it, over latitudes from pole to pole. The last of
/// its eleven characters is always 0, for there are only 52 bits.
pub fn text_of_place(place: Place) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    let bits = Cell::of(place, (-180.0, 180.0), (-90.0, 90.0), STEP_MAX).bits;
    let mut text: String =
        (1..=10).map(|i| ALPHABET[(bits >> (52 - i * 5) & 0x1f) as usize] as char).collect();
    text.push('0');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PALERMO: Place = Place { longitude: 13.361389, latitude: 38.115556 };

    #[test]
    fn a_place_is_the_score_that_redis_gives() {
        assert_eq!(score_of_place(PALERMO), 3479099956230698.0);
        let back = place_of_score(3479099956230698.0);
        assert_eq!(format!("{:.17}", back.longitude), "13.36138933897018433");
        assert_eq!(format!("{:.17}", back.latitude), "38.11555639549629859");
        assert_eq!(text_of_place(back), "sqc8b49rny0");
    }

    #[test]
    fn neighbours_lie_around_and_the_grid_closes() {
        let cell = Cell::at(PALERMO, 8);
        for (east, north) in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)] {
            let other = cell.neighbour(east, north);
            assert_ne!(other, cell);
            assert_eq!(other.neighbour(-east, -north), cell);
        }
        let edges = (cell.edges(), cell.neighbour(1, 0).edges());
        assert_eq!(edges.0.longitude.1, edges.1.longitude.0);
        let mut walked = cell;
        for _ in 0..256 {
            walked = walked.neighbour(1, 0);
        }
        assert_eq!(walked, cell);
    }

    #[test]
    fn any_score_is_some_place() {
        for score in [-1.0, 0.0, 0.5, 1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY, 1e19] {
            let place = place_of_score(score);
            assert!((-180.0..=180.0).contains(&place.longitude), "{score}");
            assert!((-86.0..=86.0).contains(&place.latitude), "{score}");
        }
    }
}
