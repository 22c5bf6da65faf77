//! Days, weeks and months of a time zone, by numbers that follow one another.

use acta_ambient::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Microseconds of a day.
const DAY: i64 = 24 * 3_600 * 1_000_000;

/// The calendar of a time zone.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
}

/// A period of days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A day.
    Day,
    /// From Monday to Sunday.
    #[default]
    Week,
    /// A month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// A year.
    Year,
}

impl Calendar {
    /// The calendar of a zone of the database of time zones; UTC without a name.
    pub fn find(zone: Option<&str>) -> Option<Self> {
        let zone = zone.map_or(Ok(TimeZone::UTC), TimeZone::get);
        zone.ok().map(|zone| Self { zone })
    }

    /// The day of a time in microseconds since 1970, as the number of days since then.
    pub fn day_of(&self, time: i64) -> i32 {
        let at = jiff::Timestamp::from_microsecond(time).unwrap_or_default();
        number_of(self.zone.to_datetime(at).date())
    }

    /// When a day begins, in microseconds since 1970.
    pub fn start_of(&self, day: i32) -> i64 {
        let utc = i64::from(day) * DAY;
        let Some(date) = date_of(day) else { return utc };
        let start = self.zone.to_ambiguous_zoned(date.to_datetime(Time::midnight())).compatible();
        start.map_or(utc, |start| start.timestamp().as_microsecond())
    }

    /// Finds the days of times, quickly if most are on the day of the one before.
    pub const fn cursor(&self) -> DayCursor<'_> {
        DayCursor { calendar: self, from: 0, to: 0, day: 0 }
    }

    /// The number of a date such as `2026-03-01`.
    pub fn parse_day(text: &str) -> Option<i32> {
        text.parse::<Date>().ok().map(number_of)
    }

    /// The time of a date, at its beginning, or of a time of RFC 3339.
    pub fn parse_time(&self, text: &str) -> Option<i64> {
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Some(at.as_microsecond());
        }
        Self::parse_day(text).map(|day| self.start_of(day))
    }
}

/// Finds the days of times.
#[derive(Clone, Debug)]
pub struct DayCursor<'c> {
    calendar: &'c Calendar,
    from: i64,
    to: i64,
    day: i32,
}

impl DayCursor<'_> {
    /// The day of a time.
    pub fn day_of(&mut self, time: i64) -> i32 {
        if !(self.from..self.to).contains(&time) {
            self.day = self.calendar.day_of(time);
            self.from = self.calendar.start_of(self.day);
            self.to = self.calendar.start_of(self.day + 1);
        }
        self.day
    }
}

impl Period {
    /// The number of the period of a day.
    pub fn of_day(self, day: i32) -> i32 {
        let month = || {
            let date = date_of(day).unwrap_or(Date::ZERO);
            12 * i32::from(date.year()) + i32::from(date.month()) - 1
        };
        match self {
            Self::Day => day,
            // The first day of 1970 was a Thursday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => month(),
            Self::Quarter => month().div_euclid(3),
            Self::Year => month().div_euclid(12),
        }
    }

    /// The first day of the period with a number.
    pub fn first_day(self, number: i32) -> i32 {
        let months = match self {
            Self::Day => return number,
            Self::Week => return 7 * number - 3,
            Self::Month => number,
            Self::Quarter => 3 * number,
            Self::Year => 12 * number,
        };
        let year = i16::try_from(months.div_euclid(12)).unwrap_or_default();
        let month = i8::try_from(months.rem_euclid(12) + 1).unwrap_or(1);
        Date::new(year, month, 1).map(number_of).unwrap_or_default()
    }

    /// How a period is written: by its first day, or shorter if that says all.
    pub fn text(self, number: i32) -> String {
        let date = date_text(self.first_day(number));
        match self {
            Self::Day | Self::Week => date,
            Self::Month => date.get(..7).unwrap_or(&date).to_owned(),
            Self::Quarter => {
                format!("{}-Q{}", date.get(..4).unwrap_or(&date), number.rem_euclid(4) + 1)
            }
            Self::Year => date.get(..4).unwrap_or(&date).to_owned(),
        }
    }
}

/// A day as text, such as `2026-03-01`.
pub fn date_text(day: i32) -> String {
    date_of(day).unwrap_or(Date::ZERO).to_string()
}

/// A time in microseconds since 1970 as text of RFC 3339 in UTC.
pub fn time_text(time: i64) -> String {
    Timestamp::from_unix_micros(time).to_string()
}

fn number_of(date: Date) -> i32 {
    let since = date.duration_since(Date::constant(1970, 1, 1));
    i32::try_from(since.as_hours() / 24).unwrap_or_default()
}

fn date_of(day: i32) -> Option<Date> {
    let hours = jiff::SignedDuration::from_hours(24 * i64::from(day));
    Date::constant(1970, 1, 1).checked_add(hours).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_of_the_zone() {
        let zurich = Calendar::find(Some("Europe/Zurich")).unwrap();
        let at = |text: &str| zurich.parse_time(text).unwrap();
        let table = [
            ("2026-02-28T22:59:59Z", "2026-02-28"),
            ("2026-02-28T23:00:00Z", "2026-03-01"),
            ("2026-06-30T22:00:00Z", "2026-07-01"),
            ("1969-12-31T23:30:00Z", "1970-01-01"),
        ];
        let mut days = zurich.cursor();
        for (time, date) in table {
            let day = Calendar::parse_day(date).unwrap();
            assert_eq!((zurich.day_of(at(time)), days.day_of(at(time))), (day, day), "{time}");
            assert_eq!((date_text(day), at(date)), (date.to_owned(), zurich.start_of(day)));
        }
        assert_eq!(time_text(at("2026-03-01")), "2026-02-28T23:00:00.000000Z");
        assert!(zurich.parse_time("yesterday").is_none());
        assert!(Calendar::find(Some("Mars/Olympus")).is_none());
    }

    #[test]
    fn periods_follow_one_another() {
        let day = |text| Calendar::parse_day(text).unwrap();
        let table = [
            (Period::Day, "2026-03-01", "2026-03-01"),
            (Period::Week, "2026-03-01", "2026-02-23"),
            (Period::Week, "2026-03-02", "2026-03-02"),
            (Period::Month, "2026-02-28", "2026-02"),
            (Period::Quarter, "2026-11-29", "2026-Q4"),
            (Period::Year, "1969-12-31", "1969"),
        ];
        for (period, date, expected) in table {
            let number = period.of_day(day(date));
            assert_eq!(period.text(number), expected, "{period:?} of {date}");
            let (first, next) = (period.first_day(number), period.first_day(number + 1));
            assert!((first..next).contains(&day(date)), "{period:?} of {date}");
            assert_eq!((period.of_day(first), period.of_day(next - 1)), (number, number));
        }
    }
}
