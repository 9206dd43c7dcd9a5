//! Time between two rows: drawn to scale, or folded with its length named.

use crate::tui::reduce::row::{Row, RowKind};
use crate::tui::text::span;
use crate::tui::theme::Mark;

/// From here on an idle stretch is worth a line, in microseconds of link time.
const WORTH_A_LINE_US: u64 = 2_000_000;
/// So many empty lines at most; longer stretches are folded.
const EMPTY_LINES: u64 = 5;

/// Lines between two rows: how each is marked, and what stands in it.
pub fn between(above: &Row, below: &Row, us_a_line: u64) -> Vec<(Mark, String)> {
    let (link, real) = (
        below.at.link_us.saturating_sub(end_of(above).0),
        below.at.mono_us.saturating_sub(end_of(above).1),
    );
    let mut out = Vec::new();
    // While steps wait no time passes on the links, but it does for whoever steps.
    if real >= WORTH_A_LINE_US && link < real / 10 {
        out.push((Mark::Waiting, format!("⏸ link time stood for {}", span(real - link))));
    }
    if us_a_line == 0 {
        if link >= WORTH_A_LINE_US {
            out.push((Mark::Quiet, format!("⋮ {}", span(link))));
        }
        return out;
    }
    let lines = (link / us_a_line).saturating_sub(1);
    if lines > EMPTY_LINES {
        out.push((Mark::Quiet, format!("⋮ {} folded", span(link))));
    } else {
        out.extend((0..lines).map(|_| (Mark::Quiet, String::new())));
    }
    out
}

/// When the last of what a row tells happened, in link time and in the clients' time.
fn end_of(row: &Row) -> (u64, u64) {
    let mut end = row.until;
    match &row.kind {
        RowKind::Wait { until: Some(until), .. } => end = end.max(*until),
        RowKind::Rdb(_) | RowKind::Load { .. } | RowKind::Snapshot { .. } => {
            end = end.max(row.changed);
        }
        _ => {}
    }
    (end.link_us, end.mono_us)
}
