//! Months of UTC: what the rows of a file have in common.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The years that have a file for each month.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2099;

/// A month of UTC. All times before the year 2000 count as one month, and all after 2099: anybody
/// who writes statements sets their times, so there would be many files otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Month {
    /// Before the year 2000.
    Earlier,
    /// The year and the month, from 1.
    Of(i16, i8),
    /// After the year 2099.
    Later,
}

/// The text is not a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a month such as 2026-03, \"earlier\" or \"later\"")]
pub struct NotAMonth;

impl Month {
    /// The month of a time in microseconds since 1970.
    pub fn of(micros: i64) -> Self {
        let date =
            jiff::Timestamp::from_microsecond(micros).map(|at| TimeZone::UTC.to_datetime(at));
        match date {
            Ok(date) if YEARS.contains(&date.year()) => Self::Of(date.year(), date.month()),
            _ if micros < 0 => Self::Earlier,
            Ok(date) if date.year() < *YEARS.start() => Self::Earlier,
            Ok(_) | Err(_) => Self::Later,
        }
    }

    /// Its first time, and the first after it, in microseconds since 1970.
    pub fn range(self) -> (i64, i64) {
        match self {
            Self::Earlier => (i64::MIN, start_of(*YEARS.start(), 1)),
            Self::Of(year, 12) => (start_of(year, 12), start_of(year + 1, 1)),
            Self::Of(year, month) => (start_of(year, month), start_of(year, month + 1)),
            Self::Later => (start_of(YEARS.end() + 1, 1), i64::MAX),
        }
    }
}

fn start_of(year: i16, month: i8) -> i64 {
    let zoned = Date::new(year, month, 1).and_then(|date| date.to_zoned(TimeZone::UTC));
    zoned.map(|at| at.timestamp().as_microsecond()).unwrap_or_default()
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Earlier => f.write_str("earlier"),
            Self::Of(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Later => f.write_str("later"),
        }
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        match text {
            "earlier" => return Ok(Self::Earlier),
            "later" => return Ok(Self::Later),
            _ => {}
        }
        let (year, month) = text.split_once('-').ok_or(NotAMonth)?;
        let year: i16 = year.parse().map_err(|_not| NotAMonth)?;
        let number: i8 = month.parse().map_err(|_not| NotAMonth)?;
        let month = Self::Of(year, number);
        let is_month = YEARS.contains(&year) && (1..=12).contains(&number);
        if is_month && month.to_string() == text { Ok(month) } else { Err(NotAMonth) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn a_time_is_in_its_month() {
        let table = [
            ("2026-03-01T00:00:00Z", "2026-03"),
            ("2026-02-28T23:59:59.999999Z", "2026-02"),
            ("2026-12-31T23:59:59Z", "2026-12"),
            ("1999-12-31T23:59:59Z", "earlier"),
            ("0001-01-01T00:00:00Z", "earlier"),
            ("2000-01-01T00:00:00Z", "2000-01"),
            ("2099-12-31T23:59:59Z", "2099-12"),
            ("2100-01-01T00:00:00Z", "later"),
            ("9999-12-30T00:00:00Z", "later"),
        ];
        for (time, expected) in table {
            let month = Month::of(micros(time));
            assert_eq!(month.to_string(), expected, "{time}");
            assert_eq!(expected.parse(), Ok(month));
            let (start, end) = month.range();
            assert!(start <= micros(time) && micros(time) < end, "{time}");
        }
        assert_eq!((Month::of(i64::MIN), Month::of(i64::MAX)), (Month::Earlier, Month::Later));
        for text in ["2026-3", "2026-13", "2026", "", "1999-12", "../2026-03"] {
            assert_eq!(text.parse::<Month>(), Err(NotAMonth), "{text}");
        }
    }
}
