//! Times as people count them: hours to years of a time zone.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Microseconds of an hour and of a day.
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// What times are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    Hour,
    Day,
    /// From Monday to Sunday.
    Week,
    Month,
    Quarter,
    Year,
    /// 1 for Monday to 7 for Sunday.
    Weekday,
    /// 0 to 23.
    HourOfDay,
}

impl Period {
    /// The period with a name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "quarter" => Self::Quarter,
            "year" => Self::Year,
            "weekday" => Self::Weekday,
            "hour_of_day" => Self::HourOfDay,
            _ => return None,
        })
    }

    /// Whether its numbers come again, so that they are no points in time.
    pub(crate) const fn recurs(self) -> bool {
        matches!(self, Self::Weekday | Self::HourOfDay)
    }

    /// The number of a local time.
    pub(crate) fn number(self, local: i64) -> i64 {
        let day = local.div_euclid(DAY);
        match self {
            Self::Hour => local.div_euclid(HOUR),
            Self::Day => day,
            // The first day of 1970 was a Thursday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Weekday => (day + 3).rem_euclid(7) + 1,
            Self::HourOfDay => local.rem_euclid(DAY) / HOUR,
            Self::Month => month(day),
            Self::Quarter => month(day).div_euclid(3),
            Self::Year => month(day).div_euclid(12),
        }
    }

    /// The local time at which a period with this number begins.
    pub(crate) fn start(self, number: i64) -> i64 {
        let day = match self {
            Self::Hour => return number * HOUR,
            Self::Day | Self::Weekday | Self::HourOfDay => number,
            Self::Week => 7 * number - 3,
            Self::Month => first_day(number),
            Self::Quarter => first_day(3 * number),
            Self::Year => first_day(12 * number),
        };
        day * DAY
    }

    /// From and before which local times the number is the same, as far as that is known.
    pub(crate) fn range(self, local: i64, number: i64) -> (i64, i64) {
        if self.recurs() {
            let hour = local.div_euclid(HOUR) * HOUR;
            return (hour, hour + HOUR);
        }
        (self.start(number), self.start(number + 1))
    }

    /// How the period is written in answers.
    pub(crate) fn text(self, number: i64) -> serde_json::Value {
        let date = |number| civil(self.start(number)).map(DateTime::date);
        match self {
            Self::Weekday | Self::HourOfDay => number.into(),
            Self::Hour => {
                civil(self.start(number)).map(|at| at.strftime("%Y-%m-%dT%H:00").to_string()).into()
            }
            Self::Day | Self::Week => date(number).map(|date| date.to_string()).into(),
            Self::Month => date(number).map(|date| date.strftime("%Y-%m").to_string()).into(),
            Self::Quarter => {
                let quarter = number.rem_euclid(4) + 1;
                date(number).map(|date| format!("{:04}-Q{quarter}", date.year())).into()
            }
            Self::Year => date(number).map(|date| format!("{:04}", date.year())).into(),
        }
    }
}

/// Months since the beginning of 1970 of a day since then.
///
/// By the proleptic Gregorian calendar, counted in years that begin in March.
fn month(day: i64) -> i64 {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    12 * (400 * era + year - 1970) + from_march + 2
}

/// The first day of a month that is counted from the beginning of 1970.
fn first_day(month: i64) -> i64 {
    let from_march = month - 2;
    let (year, of_year) = (1970 + from_march.div_euclid(12), from_march.rem_euclid(12));
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day = (153 * of_year + 2) / 5;
    146_097 * era + 365 * of_era + of_era / 4 - of_era / 100 + day - 719_468
}

fn civil(local: i64) -> Option<DateTime> {
    let at = jiff::Timestamp::from_microsecond(local).ok()?;
    Some(TimeZone::UTC.to_datetime(at))
}

/// A time zone.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
}

impl Zone {
    /// The zone with a name of the database of time zones; UTC without one.
    pub(crate) fn find(name: Option<&str>) -> Option<Self> {
        let zone = name.map_or(Ok(TimeZone::UTC), TimeZone::get);
        zone.ok().map(|zone| Self { zone })
    }

    /// Coordinated universal time.
    pub(crate) const fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    /// Its offsets from `from` to `to`, in microseconds since 1970.
    pub(crate) fn offsets(&self, from: i64, to: i64) -> Offsets {
        let timestamp = |at| jiff::Timestamp::from_microsecond(at).unwrap_or_default();
        let micros = |seconds: i32| 1_000_000 * i64::from(seconds);
        let first = micros(self.zone.to_offset(timestamp(from)).seconds());
        let mut starts = vec![(i64::MIN, first)];
        for transition in self.zone.following(timestamp(from)) {
            let at = transition.timestamp().as_microsecond();
            if to < at {
                break;
            }
            starts.push((at, micros(transition.offset().seconds())));
        }
        Offsets { starts }
    }

    fn instant(&self, local: DateTime) -> Option<i64> {
        let zoned = self.zone.to_ambiguous_zoned(local).compatible().ok()?;
        Some(zoned.timestamp().as_microsecond())
    }

    /// The instant at which a day begins.
    pub(crate) fn start_of(&self, day: acta_storage::directory::Date) -> i64 {
        let number = |part: u8| i8::try_from(part).unwrap_or_default();
        let year = i16::try_from(day.year()).unwrap_or_default();
        let date = Date::new(year, number(day.month()), number(day.day())).ok();
        let local = date.map(|date| date.to_datetime(jiff::civil::Time::midnight()));
        local.and_then(|local| self.instant(local)).unwrap_or_default()
    }

    /// The instant of a local time.
    pub(crate) fn instant_of(&self, local: i64) -> i64 {
        civil(local).and_then(|local| self.instant(local)).unwrap_or(local)
    }
}

/// A run of time in which a period has the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    /// The first time that is no longer part of it.
    pub(crate) to: i64,
    pub(crate) number: i64,
}

/// The offsets of a time zone over a range of time.
#[derive(Clone, Debug)]
pub(crate) struct Offsets {
    /// From when each one holds.
    starts: Vec<(i64, i64)>,
}

impl Offsets {
    /// A time as local time.
    pub(crate) fn local(&self, time: i64) -> i64 {
        time + self.range(time).2
    }

    /// The number of the period of a time, and from and before which times it is the same, as far
    /// as that is known.
    pub(crate) fn span(&self, time: i64, period: Period) -> Span {
        let (start, end, offset) = self.range(time);
        let local = time + offset;
        let number = period.number(local);
        let (first, last) = period.range(local, number);
        Span { from: start.max(first - offset), to: end.min(last - offset), number }
    }

    /// From when, before when and with which offset the time is.
    fn range(&self, time: i64) -> (i64, i64, i64) {
        let next = self.starts.partition_point(|(start, _)| *start <= time);
        let end = self.starts.get(next).map_or(i64::MAX, |(start, _)| *start);
        let (start, offset) = self.starts.get(next.saturating_sub(1)).copied().unwrap_or_default();
        (start, end, offset)
    }
}

/// The instant of a date, at its beginning in the zone, or of a time of RFC 3339.
pub(crate) fn parse_time(text: &str, zone: &Zone) -> Option<i64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_microsecond());
    }
    // Otherwise the time of day would be ignored.
    if text.len() != "2026-03-01".len() {
        return text.parse::<DateTime>().ok().and_then(|local| zone.instant(local));
    }
    zone.instant(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zurich() -> Zone {
        Zone::find(Some("Europe/Zurich")).unwrap()
    }

    #[test]
    fn counts_periods_of_local_time() {
        let at = |text| parse_time(text, &Zone::find(None).unwrap()).unwrap();
        let table = [
            (Period::Hour, "2026-03-01T09:30:00Z", "2026-03-01T09:00"),
            (Period::Day, "2024-02-29T23:59:59Z", "2024-02-29"),
            (Period::Day, "1969-12-31T23:59:59Z", "1969-12-31"),
            (Period::Week, "2026-03-01T09:30:00Z", "2026-02-23"),
            (Period::Week, "2026-03-02T00:00:00Z", "2026-03-02"),
            (Period::Month, "2026-03-01T00:00:00Z", "2026-03"),
            (Period::Month, "2026-02-28T23:59:59Z", "2026-02"),
            (Period::Quarter, "2026-11-29T12:00:00Z", "2026-Q4"),
            (Period::Year, "1999-12-31T23:59:59Z", "1999"),
        ];
        for (period, time, expected) in table {
            let number = period.number(at(time));
            assert_eq!(period.text(number), expected, "{period:?} of {time}");
            assert_eq!(period.number(period.start(number)), number, "{period:?} of {time}");
            assert!(period.start(number) <= at(time) && at(time) < period.start(number + 1));
        }
        assert_eq!(Period::Weekday.number(at("2026-03-01T09:30:00Z")), 7);
        assert_eq!(Period::HourOfDay.number(at("2026-03-01T09:30:00Z")), 9);
    }

    #[test]
    fn follows_the_changes_of_a_time_zone() {
        let (from, to) = (
            parse_time("2026-01-01", &zurich()).unwrap(),
            parse_time("2027-01-01", &zurich()).unwrap(),
        );
        let offsets = zurich().offsets(from, to);
        let local = |text: &str| {
            let at = text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
            Period::Hour.text(Period::Hour.number(offsets.local(at)))
        };
        assert_eq!(local("2026-02-01T11:00:00Z"), "2026-02-01T12:00");
        assert_eq!(local("2026-03-29T00:59:59Z"), "2026-03-29T01:00");
        assert_eq!(local("2026-03-29T01:00:00Z"), "2026-03-29T03:00");
        assert_eq!(local("2026-07-01T11:00:00Z"), "2026-07-01T13:00");
        assert_eq!(local("2026-12-31T11:00:00Z"), "2026-12-31T12:00");
    }

    #[test]
    fn a_day_begins_at_midnight_of_the_zone() {
        for text in ["2026-03-01", "2026-07-01", "2026-03-29", "0001-01-01", "9999-12-30"] {
            let day = text.parse().unwrap();
            assert_eq!(Some(zurich().start_of(day)), parse_time(text, &zurich()), "{text}");
        }
    }

    #[test]
    fn reads_dates_and_times() {
        let table = [
            ("2026-03-01", Some("2026-02-28T23:00:00Z")),
            ("2026-07-01", Some("2026-06-30T22:00:00Z")),
            ("2026-03-01T09:30:00Z", Some("2026-03-01T09:30:00Z")),
            ("2026-03-01T09:30:00", Some("2026-03-01T08:30:00Z")),
            ("2026-02-30", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in table {
            let expected =
                expected.map(|at| at.parse::<jiff::Timestamp>().unwrap().as_microsecond());
            assert_eq!(parse_time(text, &zurich()), expected, "{text}");
        }
        assert!(Zone::find(Some("Mars/Olympus")).is_none());
    }
}
