//! What the texts of the formats have in common: faults, numbers and base64.
//!
//! Each value has one text: numbers without leading zeros, base64 with its padding and without
//! stray bits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Most leaves of a tree, and largest number of any text: other implementations hold sizes in
/// signed 64-bit integers.
pub const SIZE_MAX: u64 = u64::MAX >> 1;

/// Bytes that are not of the expected format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {format}: {reason}")]
pub struct Malformed {
    /// What was expected, as in "a signed note".
    pub(crate) format: &'static str,
    /// What is wrong.
    pub(crate) reason: &'static str,
}

/// A decimal number, at most [`SIZE_MAX`], without leading zeros or a sign.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let has_only_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_shortest = text == "0" || !text.starts_with('0');
    let number = text.parse::<u64>().ok().filter(|number| *number <= SIZE_MAX)?;
    (has_only_digits && is_shortest).then_some(number)
}

/// The bytes that a text of standard base64 stands for.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The text of bytes in standard base64.
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Text without control characters other than line feeds, as signed notes want it.
pub(crate) fn text_of(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?;
    let is_control = |byte: u8| byte < b' ' && byte != b'\n';
    (!text.bytes().any(is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_decimal_accepts_one_text_for_each_number() {
        let max = SIZE_MAX.to_string();
        let too_large = (SIZE_MAX + 1).to_string();
        for (text, expected) in [
            ("0", Some(0)),
            ("1", Some(1)),
            ("256", Some(256)),
            (max.as_str(), Some(SIZE_MAX)),
            (too_large.as_str(), None),
            ("99999999999999999999", None),
            ("", None),
            ("00", None),
            ("01", None),
            ("+1", None),
            ("-1", None),
            (" 1", None),
            ("1a", None),
        ] {
            assert_eq!(parse_decimal(text), expected, "{text:?}");
        }
    }

    #[test]
    fn decode_base64_refuses_second_texts_of_the_same_bytes() {
        for (text, expected) in [
            ("", Some(vec![])),
            ("AQ==", Some(vec![1])),
            ("AQI=", Some(vec![1, 2])),
            ("AQ", None),
            ("AQ=", None),
            ("AR==", None),
            ("AQ==\n", None),
            ("A-_=", None),
        ] {
            assert_eq!(decode_base64(text), expected, "{text:?}");
        }
    }
}
