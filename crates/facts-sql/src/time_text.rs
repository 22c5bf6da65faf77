//! Times as texts, such as `2026-03-01T08:00:00.000000Z`, which are in the order of time.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Bytes of the text of a time.
const LENGTH: usize = "2026-03-01T08:00:00.000000Z".len();

/// The first time that has a text, in microseconds since 1970: the beginning of the year 0.
const MIN: i64 = -62_167_219_200_000_000;
/// The last: the end of the year 9999.
const MAX: i64 = 253_402_300_799_999_999;

/// The text of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeText([u8; LENGTH]);

impl TimeText {
    /// Of a time in microseconds since 1970 in UTC; of the first or the last that has a text if it
    /// is before or after those.
    pub(crate) fn of(micros: i64) -> Self {
        let micros = micros.clamp(MIN, MAX);
        let (days, rest) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
        let (year, month, day) = civil(days);
        let seconds = rest / 1_000_000;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let places = [
            (0, 4, year),
            (5, 2, month),
            (8, 2, day),
            (11, 2, seconds / 3_600),
            (14, 2, seconds / 60 % 60),
            (17, 2, seconds % 60),
            (20, 6, rest % 1_000_000),
        ];
        for (start, count, number) in places {
            digits(&mut text[start..start + count], number);
        }
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn digits(into: &mut [u8], number: i64) {
    let mut rest = number;
    for place in into.iter_mut().rev() {
        *place = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
}

/// The year, the month and the day of a day since 1970, by eras of 400 years from March on.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_OF_ERA: i64 = 146_097;
    let since = days + 719_468;
    let (era, day) = (since.div_euclid(DAYS_OF_ERA), since.rem_euclid(DAYS_OF_ERA));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let is_next = 10 <= month;
    let month = if is_next { month - 9 } else { month + 3 };
    (year + era * 400 + i64::from(is_next), month, day)
}

/// The first time whose text passes a test that those of all later times pass too; none if there is
/// none.
fn first(is_reached: impl Fn(&[u8]) -> bool) -> Option<i64> {
    let (mut low, mut high) = (MIN, MAX + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_reached(TimeText::of(middle).as_bytes()) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    (low <= MAX).then_some(low)
}

/// Times before the first text have that text, and those after the last the last.
const fn open_below(time: i64) -> i64 {
    if time == MIN { i64::MIN } else { time }
}

const fn open_above(time: i64) -> i64 {
    if time == MAX { i64::MAX } else { time }
}

/// The first time whose text is this or more, and the last; none if there is none.
pub(crate) fn from(text: &[u8]) -> Option<(i64, i64)> {
    first(|time| text <= time).map(|time| (open_below(time), i64::MAX))
}

/// The times whose text is more than this.
pub(crate) fn after(text: &[u8]) -> Option<(i64, i64)> {
    first(|time| text < time).map(|time| (open_below(time), i64::MAX))
}

/// The times whose text is less than this.
pub(crate) fn before(text: &[u8]) -> Option<(i64, i64)> {
    let end = first(|time| text <= time).map_or(MAX, |time| time - 1);
    (MIN <= end).then(|| (i64::MIN, open_above(end)))
}

/// The times whose text is this or less.
pub(crate) fn up_to(text: &[u8]) -> Option<(i64, i64)> {
    let end = first(|time| text < time).map_or(MAX, |time| time - 1);
    (MIN <= end).then(|| (i64::MIN, open_above(end)))
}

/// The times whose text is this.
pub(crate) fn at(text: &[u8]) -> Option<(i64, i64)> {
    let time = first(|time| text <= time)?;
    let is_same = TimeText::of(time).as_bytes() == text;
    is_same.then(|| (open_below(time), open_above(time)))
}

/// A time in UTC as it is on the clocks of a zone, as text without a zone; none if either is
/// unknown.
pub(crate) fn in_zone(text: &str, zone: &str) -> Option<String> {
    let zone = TimeZone::get(zone).ok()?;
    let time = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let date: DateTime = text.parse().ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })?;
    Some(time.to_zoned(zone).datetime().strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_texts_that_a_calendar_gives_them() {
        let zero = jiff::civil::date(0, 1, 1).at(0, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap();
        assert_eq!(MIN, zero.timestamp().as_microsecond());
        let mut micros = MIN;
        while micros < MAX {
            let expected = jiff::Timestamp::from_microsecond(micros).unwrap();
            let expected = expected.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            assert_eq!(TimeText::of(micros).as_str(), expected, "{micros}");
            micros += 31_234_567_890_123;
        }
        assert_eq!(TimeText::of(MAX).as_str(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(TimeText::of(i64::MIN).as_str(), "0000-01-01T00:00:00.000000Z");
    }

    #[test]
    fn ranges_of_texts_are_ranges_of_times() {
        let march = 1_772_323_200_000_000;
        let text = TimeText::of(march);
        assert_eq!(text.as_str(), "2026-03-01T00:00:00.000000Z");
        let text = text.as_bytes();
        assert_eq!(from(b"2026-03-01"), Some((march, i64::MAX)));
        assert_eq!(after(b"2026-03-01"), Some((march, i64::MAX)));
        assert_eq!(before(b"2026-03-01"), Some((i64::MIN, march - 1)));
        assert_eq!(up_to(b"2026-03-01"), Some((i64::MIN, march - 1)));
        assert_eq!(
            (from(text), after(text)),
            (Some((march, i64::MAX)), Some((march + 1, i64::MAX)))
        );
        assert_eq!((up_to(text), at(text)), (Some((i64::MIN, march)), Some((march, march))));
        assert_eq!((at(b"2026-03-01"), from(b"a"), before(b"")), (None, None, None));
        assert_eq!(
            (from(b""), before(b"a")),
            (Some((i64::MIN, i64::MAX)), Some((i64::MIN, i64::MAX)))
        );
    }

    #[test]
    fn a_time_is_shown_as_on_the_clocks_of_a_zone() {
        let winter = in_zone("2026-03-01T23:30:00.000000Z", "Europe/Zurich");
        assert_eq!(winter.as_deref(), Some("2026-03-02T00:30:00.000000"));
        assert_eq!(
            in_zone("2026-07-01", "Europe/Zurich").as_deref(),
            Some("2026-07-01T02:00:00.000000")
        );
        assert_eq!((in_zone("soon", "UTC"), in_zone("2026-07-01", "Nowhere")), (None, None));
    }
}
