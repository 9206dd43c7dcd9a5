//! LATENCY GRAPH: an event's samples as columns of text, with their ages below.

use crate::engine::latency_events::Series;

const COLUMNS: usize = 80;
const ROWS: usize = 4;
/// Each row tells three heights apart.
const FILL: [char; 3] = ['_', 'o', '#'];

/// The drawing, in Redis's form.
pub(super) fn graph(name: &str, series: &Series, now_s: i64) -> String {
    let ms = || series.samples.iter().map(|(_, ms)| *ms);
    let (low, high) = (ms().min().unwrap_or(0), ms().max().unwrap_or(0));
    let worst = series.worst_ms;
    let mut out = format!("{name} - high {high} ms, low {low} ms (all time high {worst} ms)\n");
    out += &"-".repeat(COLUMNS);
    out.push('\n');
    let samples: Vec<(String, u64)> =
        series.samples.iter().map(|(at, ms)| (age(now_s - at), *ms)).collect();
    for (i, part) in samples.chunks(COLUMNS).enumerate() {
        if i > 0 {
            out.push('\n');
        }
        columns(part, low, high, &mut out);
    }
    out
}

/// How long ago, in the unit that fits.
fn age(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn columns(samples: &[(String, u64)], low: u64, high: u64, out: &mut String) {
    let steps = FILL.len() * ROWS;
    let span = (high - low).max(1) as f64;
    let heights: Vec<usize> = samples
        .iter()
        .map(|(_, ms)| (((ms - low) as f64 * steps as f64 / span) as usize).min(steps - 1))
        .collect();
    for row in 0..ROWS {
        let floor = (ROWS - row - 1) * FILL.len();
        out.extend(heights.iter().map(|height| match height.checked_sub(floor) {
            None => ' ',
            Some(over) => FILL.get(over).copied().unwrap_or('|'),
        }));
        out.push('\n');
    }
    out.extend(std::iter::repeat_n(' ', samples.len()));
    out.push('\n');
    let longest = samples.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    for i in 0..longest {
        out.extend(samples.iter().map(|(label, _)| label.chars().nth(i).unwrap_or(' ')));
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_has_columns_and_their_ages() {
        let series = Series { samples: [(10, 1), (40, 5), (100, 13)].into(), worst_ms: 20 };
        let text = graph("command", &series, 100);
        let rule = "-".repeat(80);
        let columns = ["  #", "  |", " o|", "_||", "   ", "110", "mms", ""].join("\n");
        let head = "command - high 13 ms, low 1 ms (all time high 20 ms)";
        assert_eq!(text, format!("{head}\n{rule}\n{columns}"));
    }
}
