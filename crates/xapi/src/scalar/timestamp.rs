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

    /// The same point in time in UTC, in the form of RFC 3339, with the fraction of the second as
    /// sent; none if the text is in UTC already, or if the point has no year of four digits there.
    pub fn to_utc(&self) -> Option<String> {
        let parts = Parts::of(&self.text)?;
        if parts.offset_seconds == Some(0) {
            return None;
        }
        // A leap second has the number 60 and is part of the day that it ends.
        let leap = i64::from(parts.is_leap);
        let seconds = parts.seconds() - leap;
        let (year, month, day) = date_of(seconds.div_euclid(SECONDS_PER_DAY));
        let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60 + leap);
        let (dot, fraction) = (if parts.fraction.is_empty() { "" } else { "." }, parts.fraction);
        (0..=9999).contains(&year).then(|| {
            format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{dot}{fraction}Z"
            )
        })
    }

    /// What [`StatementTimestamp::unix_nanos`] is for this text; none if it is no timestamp.
    pub(crate) fn read(text: &str) -> Option<i128> {
        let parts = Parts::of(text)?;
        let digits = parts.fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
        let nanos = digits.fold(0, |nanos, digit| nanos * 10 + i64::from(digit - b'0'));
        Some(i128::from(parts.seconds()) * 1_000_000_000 + i128::from(nanos))
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

/// What a timestamp consists of.
struct Parts<'t> {
    /// Days since the start of 1970, in the local time.
    days: i64,
    /// Seconds since the start of that day, 86,400 at its end.
    seconds_of_day: i64,
    is_leap: bool,
    /// The decimal digits of the fraction of the second, as many as were sent.
    fraction: &'t str,
    /// Seconds by which the local time is ahead of UTC; none without a zone.
    offset_seconds: Option<i64>,
}

impl<'t> Parts<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let mut reader = Reader { rest: text };
        let days = reader.date()?;
        let (seconds_of_day, is_leap, fraction) = reader.time_of_day()?;
        let has_zone = !reader.rest.is_empty();
        let offset_seconds = if has_zone { Some(reader.offset()?) } else { None };
        let parts = Self { days, seconds_of_day, is_leap, fraction, offset_seconds };
        // A leap second is inserted at the end of a day in UTC and nowhere else.
        let is_misplaced = is_leap && parts.seconds().rem_euclid(SECONDS_PER_DAY) != 0;
        (reader.rest.is_empty() && !is_misplaced).then_some(parts)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    fn seconds(&self) -> i64 {
        self.days * SECONDS_PER_DAY + self.seconds_of_day - self.offset_seconds.unwrap_or(0)
    }
}

/// The rest of a text that is parsed.
struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn take(&mut self, letter: char) -> bool {
        let rest = self.rest.strip_prefix(letter);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn has_digit(&self) -> bool {
        self.rest.starts_with(|letter: char| letter.is_ascii_digit())
    }

    /// Exactly `count` digits.
    fn number(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        let mut number = 0;
        for digit in digits.chars() {
            number = number * 10 + i64::from(digit.to_digit(10)?);
        }
        self.rest = rest;
        Some(number)
    }

    /// Days since the start of 1970.
    fn date(&mut self) -> Option<i64> {
        let year = self.number(4)?;
        let is_normal = self.take('-');
        let month = self.number(2)?;
        if is_normal && !self.take('-') {
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

    /// The time of day with the letter before it: whole seconds, whether it is a leap second,
    /// and the digits of its fraction.
    fn time_of_day(&mut self) -> Option<(i64, bool, &'t str)> {
        if !self.take('T') && !self.take('t') {
            return None;
        }
        let hour = self.number(2)?;
        let is_normal = self.take(':');
        let minute = if is_normal || self.has_digit() { self.number(2)? } else { 0 };
        let has_second = if is_normal { self.take(':') } else { self.has_digit() };
        let second = if has_second { self.number(2)? } else { 0 };
        let fraction = if has_second { self.fraction()? } else { "" };
        // The midnight that ends a day may be written as 24 hours.
        let is_whole = fraction.bytes().all(|digit| digit == b'0');
        let is_end_of_day = hour == 24 && minute == 0 && second == 0 && is_whole;
        if (hour > 23 && !is_end_of_day) || minute > 59 || second > 60 {
            return None;
        }
        Some((hour * 3600 + minute * 60 + second, second == 60, fraction))
    }

    /// The digits of the fraction of a second; empty without a fraction.
    fn fraction(&mut self) -> Option<&'t str> {
        if !self.take('.') && !self.take(',') {
            return Some("");
        }
        let end = self.rest.find(|letter: char| !letter.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        (!digits.is_empty()).then_some(digits)
    }

    /// Seconds by which the local time is ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.take('Z') || self.take('z') {
            return Some(0);
        }
        let is_behind = self.take('-');
        if !is_behind && !self.take('+') {
            return None;
        }
        let hours = self.number(2)?;
        let has_minutes = self.take(':') || !self.rest.is_empty();
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

/// The year, month and day of a day since the start of 1970.
fn date_of(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_400_YEARS: i64 = 146_097;
    // Again years from March; day 0 is the first of the year 0.
    let days = days + 719_468;
    let (periods, day) = (days.div_euclid(DAYS_PER_400_YEARS), days.rem_euclid(DAYS_PER_400_YEARS));
    let leap_days = day / 1460 - day / 36_524 + day / (DAYS_PER_400_YEARS - 1);
    let year = (day - leap_days) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = year + 400 * periods;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests;
