//! Dates for headings: the proleptic Gregorian calendar in UTC, from Unix time.

/// `2023-11-14 22:13:20.000` for a wall time in microseconds since the Unix epoch.
pub fn utc(wall_us: i64) -> String {
    let days = wall_us.div_euclid(86_400_000_000);
    let of_day = wall_us.rem_euclid(86_400_000_000) / 1000;
    let (ms, s) = (of_day % 1000, of_day / 1000);
    let (year, month, day) = civil(days);
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    format!("{year:04}-{month:02}-{day:02} {h:02}:{m:02}:{s:02}.{ms:03}")
}

/// Year, month and day of a count of days since 1970-01-01.
///
/// Counts in eras of 400 years that begin on a first of March, so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn known_moments() {
        assert_eq!(utc(0), "1970-01-01 00:00:00.000");
        assert_eq!(utc(1_700_000_000_000_000), "2023-11-14 22:13:20.000");
        assert_eq!(utc(951_782_400_000_000 - 1000), "2000-02-28 23:59:59.999");
        assert_eq!(utc(951_782_400_000_000), "2000-02-29 00:00:00.000");
        assert_eq!(utc(-1000), "1969-12-31 23:59:59.999");
    }
}
