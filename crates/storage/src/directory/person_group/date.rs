//! Dates without a time zone.

use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar, from the year 1 to 9999, in no time zone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    // In this order, so that dates are in the order of time.
    year: u16,
    month: u8,
    day: u8,
}

/// The text is not a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a date such as 2026-09-01")]
pub struct NotADate;

impl Date {
    /// The year, from 1 to 9999.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, from 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }
}

const fn days_of(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Date {
    type Err = NotADate;

    /// Reads a full date.
    ///
    /// Spec: RFC 3339, 5.6, `full-date`.
    fn from_str(text: &str) -> Result<Self, NotADate> {
        let mut parts = text.split('-');
        let mut next = |length: usize| {
            let digits = parts.next().unwrap_or_default();
            let are_digits = digits.len() == length && digits.bytes().all(|it| it.is_ascii_digit());
            digits.parse::<u16>().ok().filter(|_| are_digits).ok_or(NotADate)
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        let small = |number: u16| u8::try_from(number).map_err(|_too_large| NotADate);
        let date = Self { year, month: small(month)?, day: small(day)? };
        let is_date = parts.next().is_none()
            && year != 0
            && (1..=12).contains(&date.month)
            && (1..=days_of(year, date.month)).contains(&date.day);
        if is_date { Ok(date) } else { Err(NotADate) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_dates() {
        for text in ["2026-09-01", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(text.parse::<Date>().map(|date| date.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "",
            "2026",
            "2026-09",
            "2026-9-01",
            "2026-09-1",
            "26-09-01",
            "2026-09-31",
            "2025-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "0000-01-01",
            "2026-09-01-01",
            "2026-09-01T00:00:00Z",
            "+026-09-01",
            " 2026-09-01",
            "2026-09-0١",
        ] {
            assert_eq!(text.parse::<Date>(), Err(NotADate), "{text}");
        }
    }

    #[test]
    fn dates_are_in_the_order_of_time() {
        let mut dates: Vec<Date> = ["2026-02-01", "2025-12-31", "2026-01-31", "2026-02-02"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        dates.sort_unstable();
        let texts: Vec<String> = dates.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["2025-12-31", "2026-01-31", "2026-02-01", "2026-02-02"]);
    }
}
