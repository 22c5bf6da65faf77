//! Values as JSON text, without memory of their own.

use crate::date::{DAY_MS, Date, HOUR_MS, MINUTE_MS};

/// Appends a number with at least `digits` digits.
pub(crate) fn push_digits(out: &mut String, number: u64, digits: usize) {
    let mut rest = number;
    let mut reversed = [b'0'; 20];
    let mut count = 0;
    while rest > 0 || count < digits.max(1) {
        if let Some(place) = reversed.get_mut(count) {
            *place = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        count += 1;
    }
    out.extend(reversed[..count.min(20)].iter().rev().map(|&digit| char::from(digit)));
}

/// Appends `number / 10^decimals`, without zeros at the end.
pub(crate) fn push_decimal(out: &mut String, number: i64, decimals: u32) {
    let scale = 10_u64.pow(decimals);
    let (whole, mut part) = (number.unsigned_abs() / scale, number.unsigned_abs() % scale);
    if number < 0 {
        out.push('-');
    }
    push_digits(out, whole, 1);
    if part == 0 {
        return;
    }
    let mut digits = decimals as usize;
    while part.is_multiple_of(10) {
        part /= 10;
        digits -= 1;
    }
    out.push('.');
    push_digits(out, part, digits);
}

/// Appends a time since the start of 1970 as RFC 3339 with milliseconds, in the zone that is
/// `offset_minutes` ahead of UTC.
pub(crate) fn push_timestamp(out: &mut String, time_ms: i64, offset_minutes: i64) {
    let local = time_ms + offset_minutes * MINUTE_MS;
    let (year, month, day) = Date::of_unix_ms(local).parts();
    let of_day = local.rem_euclid(DAY_MS);
    let mut part = |before: &str, number: i64, digits: usize| {
        out.push_str(before);
        push_digits(out, number.unsigned_abs(), digits);
    };
    part("", year, 4);
    part("-", month, 2);
    part("-", day, 2);
    part("T", of_day / HOUR_MS, 2);
    part(":", of_day / MINUTE_MS % 60, 2);
    part(":", of_day / 1000 % 60, 2);
    part(".", of_day % 1000, 3);
    if offset_minutes == 0 {
        out.push('Z');
        return;
    }
    part(if offset_minutes < 0 { "-" } else { "+" }, offset_minutes.abs() / 60, 2);
    part(":", offset_minutes.abs() % 60, 2);
}

/// Appends a duration as ISO 8601 with hundredths of seconds, as in `PT3M12.5S`.
pub(crate) fn push_duration(out: &mut String, duration_ms: i64) {
    let hundredths = (duration_ms + 5) / 10;
    let (minutes, seconds) = (hundredths / 6000, hundredths % 6000);
    out.push_str("PT");
    if minutes >= 60 {
        push_decimal(out, minutes / 60, 0);
        out.push('H');
    }
    if minutes % 60 > 0 {
        push_decimal(out, minutes % 60, 0);
        out.push('M');
    }
    push_decimal(out, seconds, 2);
    out.push('S');
}

/// Appends a UUID of version 4 with these random bits.
pub(crate) fn push_uuid(out: &mut String, bits: [u64; 2]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let high = bits[0] & !0xF000 | 0x4000;
    let low = bits[1] & !(3 << 62) | 1 << 63;
    let mut text = ['-'; 36];
    let places = (0..36).filter(|place| ![8, 13, 18, 23].contains(place));
    for (index, place) in places.enumerate() {
        let half = if index < 16 { high } else { low };
        let shift = 60 - 4 * (index % 16);
        text[place] = char::from(DIGITS[(half >> shift & 0xF) as usize]);
    }
    out.extend(text);
}

/// Appends a JSON string, quotes included.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            out.push('\\');
        }
        // A control character has no place in the texts of this crate.
        out.push(if letter.is_control() { ' ' } else { letter });
    }
    out.push('"');
}

/// A JSON string, quotes included.
pub(crate) fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn push_decimal_leaves_out_zeros_at_the_end() {
        let table = [
            (0, 3, "0"),
            (1, 3, "0.001"),
            (12_340, 3, "12.34"),
            (5000, 3, "5"),
            (8333, 4, "0.8333"),
            (-250, 2, "-2.5"),
            (42, 0, "42"),
            (i64::MAX, 0, "9223372036854775807"),
        ];
        for (number, decimals, expected) in table {
            assert_eq!(made(|out| push_decimal(out, number, decimals)), expected);
        }
    }

    #[test]
    fn push_timestamp_gives_local_time_with_its_offset() {
        let table = [
            (0, 0, "1970-01-01T00:00:00.000Z"),
            (1_709_251_199_999, 0, "2024-02-29T23:59:59.999Z"),
            (1_709_251_199_999, 60, "2024-03-01T00:59:59.999+01:00"),
            (1_709_251_199_999, -330, "2024-02-29T18:29:59.999-05:30"),
        ];
        for (time, offset, expected) in table {
            assert_eq!(made(|out| push_timestamp(out, time, offset)), expected);
        }
    }

    #[test]
    fn push_duration_gives_only_the_units_that_are_needed() {
        let table = [
            (0, "PT0S"),
            (4, "PT0S"),
            (12_340, "PT12.34S"),
            (192_500, "PT3M12.5S"),
            (60_000, "PT1M0S"),
            (3_600_000, "PT1H0S"),
            (5_430_000, "PT1H30M30S"),
        ];
        for (duration, expected) in table {
            assert_eq!(made(|out| push_duration(out, duration)), expected);
        }
    }

    #[test]
    fn push_uuid_sets_version_and_variant() {
        let expected = "00000000-0000-4000-8000-000000000000";
        assert_eq!(made(|out| push_uuid(out, [0, 0])), expected);
        let expected = "ffffffff-ffff-4fff-bfff-ffffffffffff";
        assert_eq!(made(|out| push_uuid(out, [u64::MAX; 2])), expected);
        let expected = "01234567-89ab-4def-8123-456789abcdef";
        let bits = [0x0123_4567_89AB_CDEF, 0x0123_4567_89AB_CDEF];
        assert_eq!(made(|out| push_uuid(out, bits)), expected);
    }

    #[test]
    fn push_string_escapes_quotes_and_backslashes() {
        assert_eq!(string("a \"b\" \\ é"), r#""a \"b\" \\ é""#);
    }
}
