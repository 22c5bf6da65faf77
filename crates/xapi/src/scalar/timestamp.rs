//! Points in time as senders write them.

use std::str::FromStr;

/// A point in time with its text as sent and full precision.
///
/// A date with a time of day (ISO 8601, the normal or the basic format, RFC 3339 included).
/// A text without a zone counts as UTC. The offsets `-00`, `-0000` and `-00:00`, which say
/// that the zone is unknown, are refused, and so are dates by week or day of the year.
///
/// Spec: XAPI-00123; xAPI 1.0.3, Part Two, 4.5; IEEE 9274.1.1, 4.2.7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementTimestamp {
    text: Box<str>,
    unix_nanos: i128,
}

/// The text is no timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an ISO 8601 timestamp such as `2026-03-01T09:30:00.000Z`")]
pub struct NotATimestamp;

impl StatementTimestamp {
    /// As sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z, truncated.
    pub fn unix_nanos(&self) -> i128 {
        self.unix_nanos
    }

    /// What [`StatementTimestamp::unix_nanos`] is for this text; none if it is no timestamp.
    pub(crate) fn read(text: &str) -> Option<i128> {
        let mut reader = Reader { rest: text.as_bytes() };
        let days = reader.date()?;
        let (seconds_of_day, nanos) = reader.time_of_day()?;
        let offset_seconds = reader.offset()?;
        if !reader.rest.is_empty() {
            return None;
        }
        let is_leap = seconds_of_day.is_leap;
        let seconds = days * SECONDS_PER_DAY + seconds_of_day.count - offset_seconds;
        // A leap second is inserted at the end of a day in UTC and nowhere else.
        if is_leap && seconds.rem_euclid(SECONDS_PER_DAY) != 0 {
            return None;
        }
        Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
    }
}

impl FromStr for StatementTimestamp {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        let unix_nanos = Self::read(text).ok_or(NotATimestamp)?;
        Ok(Self { text: text.into(), unix_nanos })
    }
}

const SECONDS_PER_DAY: i64 = 86_400;

/// The rest of a text that is parsed.
struct Reader<'t> {
    rest: &'t [u8],
}

struct SecondsOfDay {
    count: i64,
    is_leap: bool,
}

impl Reader<'_> {
    fn take(&mut self, byte: u8) -> bool {
        let found = self.rest.first() == Some(&byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    /// Exactly `count` digits.
    fn number(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        let mut number = 0;
        for digit in digits {
            number = number * 10 + i64::from(char::from(*digit).to_digit(10)?);
        }
        self.rest = rest;
        Some(number)
    }

    /// Days since the start of 1970.
    fn date(&mut self) -> Option<i64> {
        let year = self.number(4)?;
        let is_normal = self.take(b'-');
        let month = self.number(2)?;
        if is_normal && !self.take(b'-') {
            return None;
        }
        let day = self.number(2)?;
        let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days_in_month = match month {
            4 | 6 | 9 | 11 => 30,
            2 if is_leap_year => 29,
            2 => 28,
            1..=12 => 31,
            _ => return None,
        };
        (1..=days_in_month).contains(&day).then(|| days_since_1970(year, month, day))
    }

    /// The time of day with the letter before it, in whole seconds and nanoseconds.
    fn time_of_day(&mut self) -> Option<(SecondsOfDay, i64)> {
        if !self.take(b'T') && !self.take(b't') {
            return None;
        }
        let hour = self.number(2)?;
        let is_normal = self.take(b':');
        let has_digit = |reader: &Self| reader.rest.first().is_some_and(u8::is_ascii_digit);
        let minute = if is_normal || has_digit(self) { self.number(2)? } else { 0 };
        let has_second = if is_normal { self.take(b':') } else { has_digit(self) };
        let second = if has_second { self.number(2)? } else { 0 };
        let nanos = if has_second { self.fraction()? } else { 0 };
        // The midnight that ends a day may be written as 24 hours.
        let is_end_of_day = hour == 24 && minute == 0 && second == 0 && nanos == 0;
        if (hour > 23 && !is_end_of_day) || minute > 59 || second > 60 {
            return None;
        }
        let count = hour * 3600 + minute * 60 + second;
        Some((SecondsOfDay { count, is_leap: second == 60 }, nanos))
    }

    /// The fraction of a second, if there is one, in nanoseconds, truncated.
    fn fraction(&mut self) -> Option<i64> {
        if !self.take(b'.') && !self.take(b',') {
            return Some(0);
        }
        let end = self.rest.iter().position(|byte| !byte.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if digits.is_empty() {
            return None;
        }
        self.rest = rest;
        let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
        Some(padded.fold(0, |nanos, digit| nanos * 10 + i64::from(digit - b'0')))
    }

    /// Seconds by which the local time is ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.rest.is_empty() || self.take(b'Z') || self.take(b'z') {
            return Some(0);
        }
        let is_behind = self.take(b'-');
        if !is_behind && !self.take(b'+') {
            return None;
        }
        let hours = self.number(2)?;
        let has_minutes = self.take(b':') || !self.rest.is_empty();
        let minutes = if has_minutes { self.number(2)? } else { 0 };
        let seconds = hours * 3600 + minutes * 60;
        if hours > 23 || minutes > 59 || (is_behind && seconds == 0) {
            return None;
        }
        Some(if is_behind { -seconds } else { seconds })
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Counting years from March puts the leap day at the end of a year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, nanos: i128) {
        let timestamp: StatementTimestamp =
            text.parse().unwrap_or_else(|_| panic!("refused: {text:?}"));
        assert_eq!(timestamp.unix_nanos(), nanos, "input: {text:?}");
        assert_eq!(timestamp.as_str(), text);
    }

    const SECOND: i128 = 1_000_000_000;

    #[test]
    fn reads_dates_with_times_of_day() {
        let noon = 1_221_493_980 * SECOND;
        let table = [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("2000-02-29T00:00:00Z", 951_782_400 * SECOND),
            ("2100-03-01T00:00:00Z", 4_107_542_400 * SECOND),
            ("0000-01-01T00:00:00Z", -62_167_219_200 * SECOND),
            ("9999-12-31T23:59:59Z", 253_402_300_799 * SECOND),
            // One point in many forms.
            ("2008-09-15T15:53:00Z", noon),
            ("2008-09-15T15:53:00", noon),
            ("2008-09-15t15:53:00z", noon),
            ("2008-09-15T15:53Z", noon),
            ("2008-09-15T15:53:00+00:00", noon),
            ("2008-09-15T15:53:00+0000", noon),
            ("2008-09-15T15:53:00+00", noon),
            ("2008-09-15T17:53:00+02:00", noon),
            ("2008-09-15T17:53:00+0200", noon),
            ("2008-09-15T17:53:00+02", noon),
            ("2008-09-15T10:23:00-05:30", noon),
            ("2008-09-16T14:53:00+23:00", noon),
            ("20080915T155300Z", noon),
            ("20080915T1753+0200", noon),
            ("2008-09-15T15Z", noon - 53 * 60 * SECOND),
            // Fractions of any length, truncated to nanoseconds.
            ("2008-09-15T15:53:00.601Z", noon + 601_000_000),
            ("2008-09-15T15:53:00,601Z", noon + 601_000_000),
            ("2008-09-15T15:53:00.601", noon + 601_000_000),
            ("2008-09-15T15:53:00.1234567899999Z", noon + 123_456_789),
            ("20080915T155300.5+02", noon - 7200 * SECOND + 500_000_000),
            // The end of a day, and a leap second, in whatever zone.
            ("2015-06-30T24:00:00Z", 1_435_708_800 * SECOND),
            ("2015-06-30T23:59:60Z", 1_435_708_800 * SECOND),
            ("2015-06-30T23:59:60.5Z", 1_435_708_800 * SECOND + 500_000_000),
            ("2015-07-01T05:29:60+05:30", 1_435_708_800 * SECOND),
        ];
        for (text, nanos) in table {
            check(text, nanos);
        }
    }

    #[test]
    fn refuses_text_that_is_not_a_timestamp() {
        let table = [
            "",
            "should fail",
            "01/011/2015",
            "2008-09-15",
            "15:53:00Z",
            "2008-09-15 15:53:00Z",
            // Offsets that say nothing.
            "2008-09-15T15:53:00.601-00",
            "2008-09-15T15:53:00.601-0000",
            "2008-09-15T15:53:00.601-00:00",
            // Numbers out of range or of the wrong width.
            "2008-13-15T15:53:00Z",
            "2008-00-15T15:53:00Z",
            "2008-09-31T15:53:00Z",
            "2008-09-00T15:53:00Z",
            "2007-02-29T15:53:00Z",
            "1900-02-29T15:53:00Z",
            "2008-09-15T25:53:00Z",
            "2008-09-15T24:00:01Z",
            "2008-09-15T24:00:00.1Z",
            "2008-09-15T15:60:00Z",
            "2008-09-15T15:53:61Z",
            "2008-09-15T15:53:60Z",
            "2015-06-30T23:59:60+01:00",
            "2008-9-15T15:53:00Z",
            "2008-09-15T5:53:00Z",
            "08-09-15T15:53:00Z",
            "12008-09-15T15:53:00Z",
            "2008-09-15T15:53:00+24:00",
            "2008-09-15T15:53:00+02:60",
            "2008-09-15T15:53:00+2",
            "2008-09-15T15:53:00+02:",
            // Mixed or unfinished forms, and something behind.
            "2008-0915T15:53:00Z",
            "200809-15T15:53:00Z",
            "2008-09-15T15:53:00.Z",
            "2008-09-15T15:53:Z",
            "2008-09-15T15:",
            "2008-09-15T",
            "2008-09-15T15:53:00ZZ",
            "2008-09-15T15:53:00Z ",
            " 2008-09-15T15:53:00Z",
            "2008-09-15T15:53:00UTC",
            "2008-W38-1T15:53:00Z",
            "2008-259T15:53:00Z",
            "-2008-09-15T15:53:00Z",
            "2008-09-15T15:53:00\u{661}Z",
        ];
        for text in table {
            assert_eq!(text.parse::<StatementTimestamp>(), Err(NotATimestamp), "input: {text:?}");
        }
    }

    proptest! {
        #[test]
        fn days_follow_one_another(year in 0_i64..9999, month in 1_i64..=12, day in 1_i64..=31) {
            let text = |year, month, day| format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
            let read = |year, month, day| StatementTimestamp::read(&text(year, month, day));
            let Some(here) = read(year, month, day) else { return Ok(()) };
            let followers = [(year, month, day + 1), (year, month + 1, 1), (year + 1, 1, 1)];
            let next = followers.into_iter().find_map(|(y, m, d)| read(y, m, d));
            prop_assert_eq!(next, Some(here + i128::from(SECONDS_PER_DAY) * SECOND));
        }

        #[test]
        fn an_offset_moves_the_point(minutes in 1_i64..1440) {
            let (hours, minutes_left) = (minutes / 60, minutes % 60);
            let ahead = format!("2020-01-01T00:00:00+{hours:02}:{minutes_left:02}");
            let behind = format!("2020-01-01T00:00:00-{hours:02}{minutes_left:02}");
            let here = StatementTimestamp::read("2020-01-01T00:00:00Z").unwrap();
            let shift = i128::from(minutes) * 60 * SECOND;
            prop_assert_eq!(StatementTimestamp::read(&ahead), Some(here - shift));
            prop_assert_eq!(StatementTimestamp::read(&behind), Some(here + shift));
        }
    }
}
