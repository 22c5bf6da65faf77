//! A point in time, in microseconds.

use std::fmt;
use std::time::Duration;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Prints as RFC 3339 in UTC with six fractional digits, as in
/// `2026-03-01T09:30:00.000250Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The time `micros` microseconds after the start of 1970 in UTC.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the start of 1970 in UTC.
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// The same time, rounded down to whole milliseconds.
    #[must_use]
    pub const fn floor_to_millis(self) -> Self {
        Self(self.0.div_euclid(1000) * 1000)
    }

    /// The time `duration` later; the last representable one if that overflows.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// Year, month (from 1), day (from 1) in UTC, proleptic Gregorian calendar.
    pub fn date(self) -> (i64, u32, u32) {
        let days = self.0.div_euclid(86_400_000_000);
        // Counting from 1 March of year 0 puts the leap day at the end of a year.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year, u32::try_from(month).unwrap_or(0), u32::try_from(day).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let micros = self.0.rem_euclid(86_400_000_000);
        let seconds = micros / 1_000_000;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:06}Z",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            micros % 1_000_000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(micros: i64, expected: &str) {
        assert_eq!(Timestamp::from_unix_micros(micros).to_string(), expected, "input: {micros}");
    }

    #[test]
    fn prints_as_rfc_3339_in_utc() {
        let table = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"),
            (1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (1_795_305_102_123_456, "2026-11-21T23:51:42.123456Z"),
        ];
        for (micros, expected) in table {
            check(micros, expected);
        }
    }

    #[test]
    fn floors_to_the_millisecond_before() {
        assert_eq!(Timestamp::from_unix_micros(1_999).floor_to_millis().unix_micros(), 1_000);
        assert_eq!(Timestamp::from_unix_micros(-1).floor_to_millis().unix_micros(), -1_000);
    }
}
