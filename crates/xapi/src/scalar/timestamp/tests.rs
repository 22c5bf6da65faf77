use proptest::prelude::*;

use super::*;

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

#[track_caller]
fn check_utc(text: &str, expected: Option<&str>) {
    let timestamp: StatementTimestamp = text.parse().unwrap_or_else(|_| panic!("refused: {text}"));
    assert_eq!(timestamp.to_utc().as_deref(), expected, "input: {text:?}");
}

#[test]
fn converts_to_utc_and_keeps_the_precision() {
    let table = [
        // In UTC as sent, in whatever form.
        ("2008-09-15T15:53:00Z", None),
        ("2008-09-15t15:53:00.601z", None),
        ("2008-09-15T15:53:00+00:00", None),
        ("20080915T155300.5+00", None),
        ("2015-06-30T24:00:00Z", None),
        // In other zones.
        ("2008-09-15T17:53:00+02:00", Some("2008-09-15T15:53:00Z")),
        ("2008-09-15T17:53:00.120+02:00", Some("2008-09-15T15:53:00.120Z")),
        ("2008-09-15T10:23:00,1234567890123-0530", Some("2008-09-15T15:53:00.1234567890123Z")),
        ("20080915T1753+02", Some("2008-09-15T15:53:00Z")),
        ("2008-12-31T23:30:00-01:00", Some("2009-01-01T00:30:00Z")),
        ("2008-03-01T00:30:00+01:00", Some("2008-02-29T23:30:00Z")),
        ("2015-07-01T05:29:60.5+05:30", Some("2015-06-30T23:59:60.5Z")),
        ("2015-06-30T24:00:00-01:00", Some("2015-07-01T01:00:00Z")),
        // Without a zone, which counts as UTC.
        ("2008-09-15T15:53:00.6", Some("2008-09-15T15:53:00.6Z")),
        ("20080915T15", Some("2008-09-15T15:00:00Z")),
        // No year of four digits in UTC: as sent.
        ("0000-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
    ];
    for (text, expected) in table {
        check_utc(text, expected);
    }
}

proptest! {
    #[test]
    fn a_converted_timestamp_is_the_same_point(
        year in 1_i64..9998, day in 0_i64..365, second in 0_i64..86_400, minutes in -1439_i64..1440,
    ) {
        let first = days_since_1970(year, 1, 1);
        let (year, month, day) = date_of(first + day);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        prop_assume!(minutes != 0);
        let (sign, offset) = if minutes < 0 { ('-', -minutes) } else { ('+', minutes) };
        let text = format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.25{sign}{:02}:{:02}",
            offset / 60, offset % 60,
        );
        let timestamp: StatementTimestamp = text.parse().unwrap();
        let in_utc = timestamp.to_utc().unwrap();
        prop_assert_eq!(in_utc.strip_suffix(".25Z").map(str::len), Some(19));
        prop_assert_eq!(StatementTimestamp::read(&in_utc), Some(timestamp.unix_nanos()));
    }

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
