//! Numbers as people read them: grouped, with units. The same in every front-end.

/// `1240` → `1,240`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// The same for numbers that may be negative, such as offsets.
pub fn signed(n: i64) -> String {
    let grouped = count(n.unsigned_abs());
    if n < 0 { format!("-{grouped}") } else { grouped }
}

/// Bytes with a unit: `31 B`, `64 KB`, `3.1 MB`. A unit is 1024 of the one before it, as in
/// redis.conf's `kb`, `mb`, `gb`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = 0;
    // 1023.96 would be rounded to "1024.0": the next unit reads better.
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let text = format!("{value:.1}");
    format!("{} {}", text.strip_suffix(".0").unwrap_or(&text), UNITS[unit])
}

/// Bytes a second: `64 KB/s`.
pub fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", bytes(bytes_per_second))
}

/// A span of time: `0.4 ms`, `12 ms`, `5 s`, `1.25 s`, `02:05 min`.
pub fn span_us(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => trimmed(us as f64 / 1e3, 1, "ms"),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..60_000_000 => trimmed(us as f64 / 1e6, 2, "s"),
        _ => format!("{:02}:{:02} min", us / 60_000_000, us / 1_000_000 % 60),
    }
}

fn trimmed(value: f64, digits: usize, unit: &str) -> String {
    let text = format!("{value:.digits$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} {unit}")
}

/// `1 key`, `2 keys`: a count with its noun, which takes an `s` in the plural.
pub fn plural(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// Reads a size as redis.conf writes it: `100`, `64kb` (1024), `64k` (1000), `1mb`, `1g`; a `/s`
/// at the end is allowed. None if it is no size or too large.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let lower = lower.strip_suffix("/s").unwrap_or(&lower);
    let split = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let (number, unit) = lower.split_at(split);
    let factor: u64 = match unit.trim() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    if let Ok(n) = number.parse::<u64>() {
        return n.checked_mul(factor);
    }
    let n: f64 = number.parse().ok()?;
    let total = n * factor as f64;
    (total.is_finite() && (0.0..1e18).contains(&total)).then_some(total as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1240), "1,240");
        assert_eq!(count(10_000_001), "10,000,001");
        assert_eq!(signed(-1), "-1");
        assert_eq!(signed(-12345), "-12,345");
        assert_eq!(plural(1, "key"), "1 key");
        assert_eq!(plural(10_000, "key"), "10,000 keys");
    }

    #[test]
    fn bytes_have_units() {
        assert_eq!(bytes(31), "31 B");
        assert_eq!(bytes(1024), "1 KB");
        assert_eq!(bytes(1_048_576), "1 MB");
        assert_eq!(bytes(1_048_575), "1 MB");
        assert_eq!(bytes(3_250_585), "3.1 MB");
        assert_eq!(rate(65_536), "64 KB/s");
        assert_eq!(span_us(400), "400 µs");
        assert_eq!(span_us(1_250_000), "1.25 s");
        assert_eq!(span_us(5_000_000), "5 s");
        assert_eq!(span_us(125_000_000), "02:05 min");
    }

    #[test]
    fn sizes_are_read_as_redis_conf_writes_them() {
        assert_eq!(parse_bytes("64kb"), Some(65_536));
        assert_eq!(parse_bytes("64k"), Some(64_000));
        assert_eq!(parse_bytes("1.5MB"), Some(1_572_864));
        assert_eq!(parse_bytes("64kb/s"), Some(65_536));
        assert_eq!(parse_bytes("100"), Some(100));
        assert_eq!(parse_bytes("fast"), None);
        assert_eq!(parse_bytes("-1"), None);
        assert_eq!(parse_bytes("99999999999999999999gb"), None);
    }
}
