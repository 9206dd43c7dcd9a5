//! What a search looks for, and the nine cells of the grid that cover it.

use super::distance::{EARTH, degrees, distance, latitude_distance, radians};
use super::hash::{Cell, Place, STEP_MAX};

/// Half of the Mercator map's width, in metres.
const MERCATOR_MAX: f64 = 20_037_726.37;

/// The form of what is looked for; lengths in the unit that the command names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ShapeKind {
    Circle { radius: f64 },
    Rectangle { width: f64, height: f64 },
}

/// A search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    pub centre: Place,
    pub kind: ShapeKind,
    /// Metres in the command's unit.
    pub unit: f64,
}

impl Shape {
    /// The distance of a place from the centre in metres; `None` if it lies outside.
    pub fn reach(&self, place: Place) -> Option<f64> {
        match self.kind {
            ShapeKind::Circle { radius } => {
                let far = distance(self.centre, place);
                // An antipode's distance may be no number; that is not beyond the radius.
                if far > radius * self.unit { None } else { Some(far) }
            }
            ShapeKind::Rectangle { width, height } => {
                let (width, height) = (width * self.unit, height * self.unit);
                if latitude_distance(place.latitude, self.centre.latitude) > height / 2.0 {
                    return None;
                }
                let beside = Place { longitude: self.centre.longitude, ..place };
                if distance(place, beside) > width / 2.0 {
                    return None;
                }
                Some(distance(self.centre, place))
            }
        }
    }

    /// The least longitude and latitude of what may lie inside, and the greatest.
    fn bounds(&self) -> [f64; 4] {
        let Place { longitude, latitude } = self.centre;
        let (width, height) = match self.kind {
            ShapeKind::Circle { radius } => (self.unit * radius, self.unit * radius),
            ShapeKind::Rectangle { width, height } => {
                (self.unit * (width / 2.0), self.unit * (height / 2.0))
            }
        };
        let up = degrees(height / EARTH);
        // A degree of longitude is shortest on the side that is farther from the equator.
        let edge = if latitude < 0.0 { latitude - up } else { latitude + up };
        let aside = degrees(width / EARTH / radians(edge).cos());
        [longitude - aside, latitude - up, longitude + aside, latitude + up]
    }

    /// Metres from the centre to the farthest place inside.
    fn radius(&self) -> f64 {
        match self.kind {
            ShapeKind::Circle { radius } => radius * self.unit,
            ShapeKind::Rectangle { width, height } => {
                let (w, h) = (width / 2.0, height / 2.0);
                (w * w + h * h).sqrt() * self.unit
            }
        }
    }
}

/// The cells to look into, in Redis's order.
#[derive(Clone, Debug)]
pub struct Boxes {
    cells: [Cell; 9],
}

impl Boxes {
    /// The cells that cover a search.
    pub fn covering(shape: &Shape) -> Boxes {
        let [west, south, east, north] = shape.bounds();
        let mut step = step_for(shape.radius(), shape.centre.latitude);
        let mut middle = Cell::at(shape.centre, step);
        let reaches_out = middle.neighbour(0, 1).edges().latitude.1 < north
            || middle.neighbour(0, -1).edges().latitude.0 > south
            || middle.neighbour(1, 0).edges().longitude.1 < east
            || middle.neighbour(-1, 0).edges().longitude.0 > west;
        if step > 1 && reaches_out {
            step -= 1;
            middle = Cell::at(shape.centre, step);
        }
        let edges = middle.edges();
        // Sides that the search does not reach are left out.
        let beyond = |x: i8, y: i8| {
            (y < 0 && edges.latitude.0 < south)
                || (y > 0 && edges.latitude.1 > north)
                || (x < 0 && edges.longitude.0 < west)
                || (x > 0 && edges.longitude.1 > east)
        };
        let around = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
        let cells = around.map(|(x, y)| match step >= 2 && beyond(x, y) {
            true => Cell::default(),
            false => middle.neighbour(x, y),
        });
        Boxes { cells }
    }

    /// The cells. One that is the same as the last one looked into (on a coarse grid) is passed
    /// over, unless that was the middle.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        let mut last = 0;
        (0..self.cells.len()).filter_map(move |i| {
            let cell = self.cells[i];
            if cell.is_none() || (last > 0 && cell == self.cells[last]) {
                return None;
            }
            last = i;
            Some(cell)
        })
    }
}

/// How fine a grid may be for nine of its cells to cover a radius (metres) at this latitude.
fn step_for(radius: f64, latitude: f64) -> u32 {
    if radius == 0.0 {
        return STEP_MAX;
    }
    let (mut range, mut step) = (radius, 1i32);
    while range < MERCATOR_MAX {
        range *= 2.0;
        step += 1;
    }
    step -= 2;
    // Cells are narrow towards the poles.
    let far = latitude.abs();
    step -= i32::from(far > 66.0) + i32::from(far > 80.0);
    step.clamp(1, STEP_MAX as i32) as u32
}

#[cfg(test)]
mod tests {
    use super::super::hash::{place_of_score, score_of_place};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Away from the poles and the date line, whatever lies in the shape lies in the cells.
        #[test]
        fn the_cells_cover_the_shape(
            longitude in -100.0..100.0f64,
            latitude in -60.0..60.0f64,
            away in (-1.0..1.0f64, -1.0..1.0f64),
            size in 1.0..500_000.0f64,
            round: bool,
        ) {
            let kind = match round {
                true => ShapeKind::Circle { radius: size },
                false => ShapeKind::Rectangle { width: size, height: size / 2.0 },
            };
            let shape = Shape { centre: Place { longitude, latitude }, kind, unit: 1.0 };
            let reach = size / 111_000.0;
            let place = Place { longitude: longitude + away.0 * reach, latitude: latitude + away.1 * reach };
            let score = score_of_place(place);
            let inside = shape.reach(place_of_score(score)).is_some();
            let boxes = Boxes::covering(&shape);
            let met = boxes.cells().filter(|c| {
                let (min, max) = c.scores();
                score >= min && score < max
            });
            prop_assert!(!inside || met.count() == 1);
        }

        #[test]
        fn nothing_panics(x: f64, y in -85.0..85.0f64, size: f64, unit in 0.0..2000.0f64) {
            let longitude = if x.is_finite() { x % 180.0 } else { 0.0 };
            let kind = ShapeKind::Circle { radius: size.abs() };
            let shape = Shape { centre: Place { longitude, latitude: y }, kind, unit };
            let _ = Boxes::covering(&shape).cells().map(Cell::scores).count();
        }
    }
}
