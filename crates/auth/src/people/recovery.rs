//! Recovery codes for a lost second factor.
//!
//! Ten codes are shown once, and each can be used once. With 120 random bits they need no slow
//! hash: they cannot be guessed even from the stored hashes.
//!
//! Spec: OWASP ASVS 5.0, 6.5.1 to 6.5.4.

use acta_ambient::Entropy;
use acta_xapi::scalar::Sha2Hasher;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Secret;
use crate::readable::{ALPHABET, readable};

/// How many codes a person gets at a time.
const CODES_COUNT: usize = 10;

/// How many letters a code has, five bits each.
const CODE_LETTERS: usize = 24;

/// Longest text that is parsed, in bytes, including hyphens and spaces.
const TEXT_BYTES_MAX: usize = 100;

/// A code that replaces the second factor once.
#[derive(Clone, Debug)]
pub struct RecoveryCode(Secret);

/// The text is not a recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a recovery code")]
pub struct NotARecoveryCode;

impl RecoveryCode {
    /// Makes new codes. Earlier ones must be discarded.
    pub fn make_set(entropy: &dyn Entropy) -> Vec<Self> {
        let make = |_| {
            let mut chance = Zeroizing::new([0; CODE_LETTERS]);
            entropy.fill(&mut *chance);
            Self(Secret::new(readable(&*chance)))
        };
        (0..CODES_COUNT).map(make).collect()
    }

    /// Parses a typed code: in lower or upper case, with or without hyphens and spaces, and with
    /// letters instead of similar digits.
    ///
    /// # Errors
    ///
    /// [`NotARecoveryCode`].
    pub fn parse(text: &str) -> Result<Self, NotARecoveryCode> {
        if TEXT_BYTES_MAX < text.len() {
            return Err(NotARecoveryCode);
        }
        let mut places = Zeroizing::new(Vec::with_capacity(TEXT_BYTES_MAX));
        for letter in text.chars().filter(|letter| *letter != '-' && !letter.is_whitespace()) {
            let meant = match letter.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            };
            let place = ALPHABET.iter().position(|known| char::from(*known) == meant);
            let place = place.and_then(|place| u8::try_from(place).ok());
            places.push(place.ok_or(NotARecoveryCode)?);
        }
        if places.len() != CODE_LETTERS {
            return Err(NotARecoveryCode);
        }
        Ok(Self(Secret::new(readable(&places))))
    }

    /// The text, for its owner alone.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The stored hash of the code: SHA-256 in hexadecimal.
    pub fn hash(&self) -> String {
        let mut hasher = Sha2Hasher::sha256();
        hasher.update(self.0.expose().as_bytes());
        hasher.finish().as_str().to_owned()
    }

    /// Removes the hash of this code from the stored ones. Returns whether it was there.
    ///
    /// It takes the same time for any code of the correct form.
    #[must_use]
    pub fn use_up(&self, kept: &mut Vec<String>) -> bool {
        let hash = self.hash();
        let count = kept.len();
        kept.retain(|known| !bool::from(known.as_bytes().ct_eq(hash.as_bytes())));
        kept.len() < count
    }
}

#[cfg(test)]
mod tests {
    use acta_ambient::SeededEntropy;

    use super::*;

    #[test]
    fn makes_ten_different_codes_in_groups() {
        let codes = RecoveryCode::make_set(&SeededEntropy::new(1));
        let texts: std::collections::BTreeSet<&str> =
            codes.iter().map(RecoveryCode::expose).collect();
        assert_eq!(texts.len(), 10);
        for text in texts {
            let groups: Vec<usize> = text.split('-').map(str::len).collect();
            assert_eq!(groups, [4; 6], "code: {text}");
        }
    }

    #[test]
    fn each_code_can_be_used_once() {
        let codes = RecoveryCode::make_set(&SeededEntropy::new(1));
        let mut kept: Vec<String> = codes.iter().map(RecoveryCode::hash).collect();
        assert!(codes[3].use_up(&mut kept));
        assert!(!codes[3].use_up(&mut kept));
        assert!(codes[0].use_up(&mut kept));
        assert_eq!(kept.len(), 8);
        let foreign = RecoveryCode::make_set(&SeededEntropy::new(2));
        assert!(!foreign[0].use_up(&mut kept));
        assert_eq!(kept.len(), 8);
    }

    #[track_caller]
    fn check(text: &str, expected: Result<&str, NotARecoveryCode>) {
        let parsed = RecoveryCode::parse(text);
        let parsed = parsed.as_ref().map(RecoveryCode::expose).map_err(|error| *error);
        assert_eq!(parsed, expected, "text: {text:?}");
    }

    #[test]
    fn parses_typed_codes() {
        let code = "0123-4567-89ab-cdef-ghjk-mnpq";
        let table = [
            (code, Ok(code)),
            ("0123456789abcdefghjkmnpq", Ok(code)),
            (" OL23 4567 89AB CDEF GHJK MNPQ\n", Ok(code)),
            ("oi234567-89abcdef-ghjkmnpq", Ok(code)),
            ("", Err(NotARecoveryCode)),
            ("0123-4567-89ab-cdef-ghjk-mnp", Err(NotARecoveryCode)),
            ("0123-4567-89ab-cdef-ghjk-mnpqr", Err(NotARecoveryCode)),
            ("0123-4567-89ab-cdef-ghjk-mnpu", Err(NotARecoveryCode)),
            ("0123_4567_89ab_cdef_ghjk_mnpq", Err(NotARecoveryCode)),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
        check(&format!("{code}{}", " ".repeat(TEXT_BYTES_MAX)), Err(NotARecoveryCode));
        for code in RecoveryCode::make_set(&SeededEntropy::new(1)) {
            check(code.expose(), Ok(code.expose()));
        }
    }
}
