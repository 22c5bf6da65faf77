//! HTTP dates.

use acta_ambient::Timestamp;

/// Formats a timestamp in whole seconds, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// Spec: RFC 9110, 5.6.7.
pub(crate) fn http_date(moment: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = moment.unix_micros().div_euclid(1_000_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = moment.date();
    let weekday = usize::try_from(days.rem_euclid(7)).ok().and_then(|index| DAYS.get(index));
    let month = usize::try_from(month).ok().and_then(|number| MONTHS.get(number.checked_sub(1)?));
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        weekday.copied().unwrap_or_default(),
        month.copied().unwrap_or_default(),
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(micros: i64, expected: &str) {
        assert_eq!(http_date(Timestamp::from_unix_micros(micros)), expected, "input: {micros}");
    }

    #[test]
    fn formats_a_timestamp_as_an_http_date() {
        let table = [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (784_111_777_999_999, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400_000_001, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_305_102_123_456, "Sat, 21 Nov 2026 23:51:42 GMT"),
        ];
        for (micros, expected) in table {
            check(micros, expected);
        }
    }
}
