//! The estimate, after Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog
//! sketches" (arXiv:1702.01284).

use super::{HASH_BITS, REGISTERS};

/// 0.5 / ln 2.
const ALPHA_INF: f64 = 0.721_347_520_444_481_7;

/// How often each value occurs among these registers.
pub fn histogram_of(registers: &[u8]) -> [u32; 64] {
    let mut histogram = [0; 64];
    registers.iter().for_each(|r| histogram[usize::from(r & 63)] += 1);
    histogram
}

/// How many elements were added, about, if the registers' values occur so often. The steps are in
/// Redis's order, so that the last digit is the same.
pub fn estimate(histogram: &[u32; 64]) -> u64 {
    let m = REGISTERS as f64;
    let top = HASH_BITS as usize + 1;
    let mut z = m * tau((m - f64::from(histogram[top])) / m);
    for n in histogram[1..top].iter().rev() {
        z += f64::from(*n);
        z *= 0.5;
    }
    z += m * sigma(f64::from(histogram[0]) / m);
    (ALPHA_INF * m * m / z).round() as i64 as u64
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        // What is too large to be counted ends it as well.
        if before == z || z.is_nan() {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if before == z || z.is_nan() {
            return z / 3.0;
        }
    }
}
