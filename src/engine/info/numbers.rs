//! Numbers as INFO prints them.

/// Bytes in the largest unit that fits: `1.02M`, `200B`.
pub(super) fn human(bytes: u64) -> String {
    let d = bytes as f64;
    match bytes {
        0..1024 => format!("{bytes}B"),
        1024..1_048_576 => format!("{:.2}K", d / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.2}M", d / 1_048_576.0),
        1_073_741_824..1_099_511_627_776 => format!("{:.2}G", d / 1_073_741_824.0),
        _ => format!("{:.2}T", d / 1_099_511_627_776.0),
    }
}

/// Bytes per second as kilobytes with two digits.
pub(super) fn kbps(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_are_shown_in_their_unit() {
        assert_eq!(super::human(200), "200B");
        assert_eq!(super::human(1_064_568), "1.02M");
        assert_eq!(super::human(32 * 1024), "32.00K");
    }
}
