//! From thousands of lines to the few that make the two servers differ.

use super::lines::{Family, Line};
use super::pair::{Difference, Pair};
use std::time::{Duration, Instant};

/// After so long what is left is good enough.
const PATIENCE: Duration = Duration::from_secs(15);

/// Drops lines as long as the servers still differ at the last one.
pub fn shrink(
    pair: &mut Pair,
    families: &[(u32, &'static dyn Family)],
    mut lines: Vec<Line>,
    mut found: Difference,
) -> (Vec<Line>, Difference) {
    lines.truncate(found.at + 1);
    let until = Instant::now() + PATIENCE;
    let mut piece = lines.len().div_ceil(2);
    while Instant::now() < until {
        let mut from = 0;
        // The last line is the one that shows it.
        while from + 1 < lines.len() && Instant::now() < until {
            let mut end = (from + piece).min(lines.len() - 1);
            while end < lines.len() - 1 && lines[end].glued {
                end += 1;
            }
            if lines[end].glued {
                // The group of the last line stays whole.
                break;
            }
            let mut fewer = lines[..from].to_vec();
            fewer.extend_from_slice(&lines[end..]);
            if !pair.clear(families) {
                pair.renew();
            }
            match pair.run(&fewer) {
                Some(difference) => {
                    fewer.truncate(difference.at + 1);
                    (lines, found) = (fewer, difference);
                }
                None => from = end,
            }
        }
        if piece == 1 {
            break;
        }
        piece = piece.div_ceil(2);
    }
    (lines, found)
}
