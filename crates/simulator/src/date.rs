//! Days of the calendar.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Milliseconds of an hour.
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Milliseconds of a minute.
pub(crate) const MINUTE_MS: i64 = 60_000;

/// A day in UTC, of the years 1 to 9999. Prints as `2024-09-02`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(i64);

/// The text is not a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a day, as in 2024-09-02")]
pub struct NotADate;

impl Date {
    /// The day of a time in milliseconds since the start of 1970 in UTC.
    pub fn of_unix_ms(time_ms: i64) -> Self {
        Self(time_ms.div_euclid(DAY_MS))
    }

    /// The start of the day, in milliseconds since the start of 1970 in UTC.
    pub fn unix_ms(self) -> i64 {
        self.0 * DAY_MS
    }

    /// The day `days` later, or earlier if that is negative.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// How many days it is later than `other`.
    pub fn days_since(self, other: Self) -> i64 {
        self.0 - other.0
    }

    /// 1 January of a year.
    pub fn first_of_year(year: u16) -> Self {
        Self::of_parts(i64::from(year), 1, 1)
    }

    /// Counting years from March puts the leap day at the end of a year.
    fn of_parts(year: i64, month: i64, day: i64) -> Self {
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let day_of_year = (153 * month + 2) / 5 + day - 1;
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_era = year * 365 + year / 4 - year / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Year, month and day, both from 1.
    pub(crate) fn parts(self) -> (i64, i64, i64) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    /// The day of the week: 0 is Monday.
    pub(crate) fn weekday(self) -> usize {
        // 1970 began on a Thursday.
        usize::try_from((self.0 + 3).rem_euclid(7)).unwrap_or(0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let is_shape = text.len() == "2024-09-02".len()
            && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
        let mut next = || parts.next().flatten().ok_or(NotADate);
        let date = Self::of_parts(next()?, next()?, next()?);
        // A day that the month does not have would print as another.
        let is_same = is_shape && date.to_string() == text && !text.starts_with("0000");
        is_same.then_some(date).ok_or(NotADate)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<i64, NotADate>) {
        let parsed = text.parse::<Date>();
        assert_eq!(parsed.map(|date| date.0), expected, "input: {text:?}");
        if let Ok(date) = parsed {
            assert_eq!(date.to_string(), text, "printing and parsing must agree");
        }
    }

    #[test]
    fn date_parses_a_day_of_the_calendar() {
        let table = [
            ("1970-01-01", Ok(0)),
            ("1969-12-31", Ok(-1)),
            ("2000-02-29", Ok(11_016)),
            ("2024-02-29", Ok(19_782)),
            ("2024-12-31", Ok(20_088)),
            ("0001-01-01", Ok(-719_162)),
            ("9999-12-31", Ok(2_932_896)),
            ("2023-02-29", Err(NotADate)),
            ("2024-13-01", Err(NotADate)),
            ("2024-00-10", Err(NotADate)),
            ("2024-1-1", Err(NotADate)),
            ("0000-01-01", Err(NotADate)),
            ("24-01-01", Err(NotADate)),
            ("2024/01/01", Err(NotADate)),
            ("", Err(NotADate)),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
    }

    #[test]
    fn weekday_counts_from_monday() {
        let weekday = |text: &str| text.parse::<Date>().unwrap().weekday();
        assert_eq!(["2024-09-02", "2024-09-08", "1970-01-01"].map(weekday), [0, 6, 3]);
    }
}
