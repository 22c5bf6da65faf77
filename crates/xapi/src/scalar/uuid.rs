//! Universally unique identifiers.

use std::fmt;
use std::str::FromStr;

/// A UUID (RFC 4122), compared without regard to the case of its digits.
///
/// Any version and variant is taken: the specifications ask for the standard form of the
/// text and only recommend the variant.
///
/// Spec: XAPI-00027, XAPI-00030; xAPI 1.0.3, Part Two, 4.4; IEEE 9274.1.1, 4.2.7.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid(u128);

/// The text is no UUID in the form of 8-4-4-4-12 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a UUID")]
pub struct NotAUuid;

impl Uuid {
    /// Length of the text, in bytes.
    pub const TEXT_LEN_BYTES: usize = 36;

    /// The UUID with these 128 bits, most significant first.
    pub const fn from_u128(bits: u128) -> Self {
        Self(bits)
    }

    /// The 128 bits.
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// A version 4 UUID made of 16 random bytes.
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        let bits = u128::from_be_bytes(bytes);
        let bits = bits & !(0xF << 76) | 0x4 << 76;
        Self(bits & !(0x3 << 62) | 0x2 << 62)
    }
}

/// The id of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementId(pub Uuid);

impl fmt::Display for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for StatementId {
    type Err = NotAUuid;

    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        text.parse().map(Self)
    }
}

/// Where the hyphens stand in the text.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl Uuid {
    fn to_text(self) -> [u8; Self::TEXT_LEN_BYTES] {
        let mut text = [b'-'; Self::TEXT_LEN_BYTES];
        let mut shift = 128;
        for (at, byte) in text.iter_mut().enumerate() {
            if !HYPHENS.contains(&at) {
                shift -= 4;
                *byte = b"0123456789abcdef"[(self.0 >> shift & 0xF) as usize];
            }
        }
        text
    }

    /// Appends the text to `out`, as printing does but faster.
    pub(crate) fn push_to(self, out: &mut String) {
        out.extend(self.to_text().map(char::from));
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(str::from_utf8(&self.to_text()).or(Err(fmt::Error))?)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Uuid {
    type Err = NotAUuid;

    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        let text: &[u8; Self::TEXT_LEN_BYTES] = text.as_bytes().try_into().or(Err(NotAUuid))?;
        let mut bits = 0;
        for (at, byte) in text.iter().enumerate() {
            match (HYPHENS.contains(&at), *byte) {
                (true, b'-') => continue,
                (true, _) => return Err(NotAUuid),
                (false, _) => {}
            }
            let digit = char::from(*byte).to_digit(16).ok_or(NotAUuid)?;
            bits = bits << 4 | u128::from(digit);
        }
        Ok(Self(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: Result<u128, NotAUuid>) {
        assert_eq!(text.parse::<Uuid>().map(Uuid::as_u128), expected, "input: {text:?}");
    }

    #[test]
    fn parses_the_standard_form_only() {
        let bits = 0x00112233_4455_6677_8899_aabbccddeeff;
        let table = [
            // Either case, any version, the nil UUID.
            ("00112233-4455-6677-8899-aabbccddeeff", Ok(bits)),
            ("00112233-4455-6677-8899-AABBCCDDEEFF", Ok(bits)),
            ("00000000-0000-0000-0000-000000000000", Ok(0)),
            // Refused: other forms, lengths and digits.
            ("", Err(NotAUuid)),
            ("00112233445566778899aabbccddeeff", Err(NotAUuid)),
            ("{00112233-4455-6677-8899-aabbccddeeff}", Err(NotAUuid)),
            ("urn:uuid:00112233-4455-6677-8899-aabbccddeeff", Err(NotAUuid)),
            ("AA97B177-9383-4934-8543-0F91A7A028368", Err(NotAUuid)),
            ("AA97B177-9383-4934-8543-0F91A7A0283", Err(NotAUuid)),
            ("MA97B177-9383-4934-8543-0F91A7A02836", Err(NotAUuid)),
            ("001122334-455-6677-8899-aabbccddeeff", Err(NotAUuid)),
            ("00112233-4455-6677-8899-aabbccddeef\u{e9}", Err(NotAUuid)),
            ("+0112233-4455-6677-8899-aabbccddeeff", Err(NotAUuid)),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
    }

    #[test]
    fn random_bytes_make_version_4_of_variant_2() {
        let text = Uuid::from_random([0xFF; 16]).to_string();
        assert_eq!(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let text = Uuid::from_random([0; 16]).to_string();
        assert_eq!(text, "00000000-0000-4000-8000-000000000000");
    }

    proptest! {
        #[test]
        fn printing_and_parsing_agree(bits: u128) {
            let uuid = Uuid::from_u128(bits);
            prop_assert_eq!(uuid.to_string().parse(), Ok(uuid));
            prop_assert_eq!(uuid.to_string().to_uppercase().parse(), Ok(uuid));
            let mut pushed = String::new();
            uuid.push_to(&mut pushed);
            prop_assert_eq!(pushed, uuid.to_string());
        }
    }
}
