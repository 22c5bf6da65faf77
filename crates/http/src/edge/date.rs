//! HTTP dates.

use std::time::{Duration, SystemTime};

use acta_ambient::Timestamp;

/// Formats a timestamp in whole seconds, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// Times before 1970 are that of its beginning: no clock shows them.
///
/// Spec: RFC 9110, 5.6.7.
pub(crate) fn http_date(moment: Timestamp) -> String {
    let micros = u64::try_from(moment.unix_micros()).unwrap_or_default();
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
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
            (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777_999_999, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400_000_001, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_305_102_123_456, "Sat, 21 Nov 2026 23:51:42 GMT"),
        ];
        for (micros, expected) in table {
            check(micros, expected);
        }
    }
}
