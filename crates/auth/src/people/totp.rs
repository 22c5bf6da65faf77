//! One-time codes of an authenticator app, as a second factor.
//!
//! Six digits, a new code every 30 seconds, with HMAC-SHA-1: supported by every app. A code is
//! accepted one step before and after its own, because clocks differ, and only once.
//!
//! Spec: RFC 6238; RFC 4226, 5.3; OWASP ASVS 5.0, 6.5.1, 6.5.3, 6.5.5.

use std::fmt;

use acta_ambient::{Entropy, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Secret;

/// Bytes of a secret: the length of the hash.
const SECRET_BYTES: usize = 20;

/// How long a code is valid, in microseconds.
const STEP_MICROS: i64 = 30_000_000;

/// How many steps a clock may be off.
const STEPS_OFF_MAX: u64 = 1;

/// Digits of a code.
const DIGITS: usize = 6;

/// The number of possible codes.
const CODE_END: u32 = 1_000_000;

/// The letters of base32, five bits each.
///
/// Spec: RFC 4648, 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Letters of a secret in base32.
const SECRET_LETTERS: usize = SECRET_BYTES * 8 / 5;

/// The characters that are escaped in a URI.
///
/// Spec: RFC 3986, 2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The secret that an app and the store share. Prints as `***`.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<[u8; SECRET_BYTES]>);

/// The text is not a secret of one-time codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {SECRET_LETTERS} letters of base32")]
pub struct NotATotpSecret;

/// The label that an app shows for its codes.
#[derive(Clone, Copy, Debug)]
pub struct TotpLabel<'a> {
    /// The name of the service.
    pub issuer: &'a str,
    /// The name of the account there, such as an e-mail address.
    pub account: &'a str,
}

impl TotpSecret {
    /// Makes a new secret of 160 random bits.
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        entropy.fill(&mut *bytes);
        Self(bytes)
    }

    /// Reads a secret from base32, as [`TotpSecret::to_text`] writes it.
    ///
    /// # Errors
    ///
    /// [`NotATotpSecret`].
    pub fn parse(text: &str) -> Result<Self, NotATotpSecret> {
        let letters = text.as_bytes();
        if letters.len() != SECRET_LETTERS {
            return Err(NotATotpSecret);
        }
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        // Eight letters are five bytes.
        for (five, eight) in bytes.chunks_mut(5).zip(letters.chunks(8)) {
            let mut bits = 0_u64;
            for letter in eight {
                let place = BASE32.iter().position(|known| known == letter);
                let place = place.and_then(|place| u64::try_from(place).ok());
                bits = bits << 5 | place.ok_or(NotATotpSecret)?;
            }
            five.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        Ok(Self(bytes))
    }

    /// The secret in base32 without padding, for the app and for storage.
    pub fn to_text(&self) -> Secret {
        let mut text = String::with_capacity(SECRET_LETTERS);
        for five in self.0.chunks(5) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for index in (0..8).rev() {
                text.push(char::from(BASE32[(bits >> (5 * index) & 31) as usize]));
            }
        }
        Secret::new(text)
    }

    /// The `otpauth:` URI for a QR code.
    pub fn uri(&self, label: TotpLabel<'_>) -> Secret {
        let issuer = utf8_percent_encode(label.issuer, ESCAPED);
        let account = utf8_percent_encode(label.account, ESCAPED);
        let secret = self.to_text();
        let secret = secret.expose();
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={}",
            STEP_MICROS / 1_000_000
        ))
    }

    /// The step of `code`, if it is a step around `now` and later than `last_step`, the step of the
    /// last used code. Spaces in the code are ignored.
    ///
    /// Store the step before access is given, so that the code cannot be used again. It takes the
    /// same time for any code of six digits.
    pub fn verify(&self, code: &str, now: Timestamp, last_step: Option<u64>) -> Option<u64> {
        let typed: String = code.chars().filter(|letter| *letter != ' ').take(DIGITS + 1).collect();
        let current = u64::try_from(now.unix_micros().div_euclid(STEP_MICROS)).unwrap_or(0);
        let first = current.saturating_sub(STEPS_OFF_MAX);
        let mut found = None;
        for step in first..=current.saturating_add(STEPS_OFF_MAX) {
            let is_right = bool::from(self.code_at(step).as_bytes().ct_eq(typed.as_bytes()));
            if is_right && last_step < Some(step) {
                found = Some(step);
            }
        }
        found
    }

    /// The code of a step.
    ///
    /// Spec: RFC 4226, 5.3; RFC 6238, 4.2.
    fn code_at(&self, step: u64) -> String {
        // HMAC itself pads a short key with zeros to the block size.
        let mut block = Zeroizing::new([0; 64]);
        block[..SECRET_BYTES].copy_from_slice(&*self.0);
        let mut mac = Hmac::<Sha1>::new((&*block).into());
        mac.update(&step.to_be_bytes());
        let hash: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(hash[19] & 0xF);
        let mut four = [0; 4];
        four.copy_from_slice(&hash[offset..offset + 4]);
        let number = u32::from_be_bytes(four) & 0x7FFF_FFFF;
        format!("{:0DIGITS$}", number % CODE_END)
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use acta_ambient::SeededEntropy;
    use proptest::prelude::*;

    use super::*;

    /// The secret of RFC 6238, appendix B, for SHA-1.
    fn secret() -> TotpSecret {
        TotpSecret(Zeroizing::new(*b"12345678901234567890"))
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_unix_micros(secs * 1_000_000)
    }

    #[test]
    fn makes_the_codes_of_the_standard() {
        // RFC 6238, appendix B, without the first two of eight digits.
        let table = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (secs, code) in table {
            let step = u64::try_from(secs / 30).unwrap();
            assert_eq!(secret().verify(code, at(secs), None), Some(step), "at {secs} s");
        }
    }

    #[track_caller]
    fn check(code: &str, secs: i64, last_step: Option<u64>, expected: Option<u64>) {
        let found = secret().verify(code, at(secs), last_step);
        assert_eq!(found, expected, "{code:?} at {secs} s after {last_step:?}");
    }

    #[test]
    fn accepts_a_code_once_and_one_step_around_its_own() {
        // The code of step 1, from 30 s to 60 s.
        let code = "287082";
        let table = [
            (0, Some(1)),
            (29, Some(1)),
            (30, Some(1)),
            (89, Some(1)),
            (90, None),
            (1_000_000, None),
        ];
        for (secs, expected) in table {
            check(code, secs, None, expected);
            check(code, secs, Some(0), expected);
            check(code, secs, Some(1), None);
            check(code, secs, Some(2), None);
        }
    }

    #[test]
    fn accepts_six_digits_and_nothing_else() {
        check("287 082", 59, None, Some(1));
        check(" 287082 ", 59, None, Some(1));
        for code in ["", "28708", "2870820", "94287082", "287081", "287-082", "２８７０８２"]
        {
            check(code, 59, None, None);
        }
    }

    #[test]
    fn writes_an_address_that_apps_read() {
        let label = TotpLabel { issuer: "Acta: Schule & Söhne", account: "ada+lrs@example.org" };
        let expected = "otpauth://totp/Acta%3A%20Schule%20%26%20S%C3%B6hne:ada%2Blrs%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acta%3A%20Schule%20%26%20S%C3%B6hne&algorithm=SHA1&digits=6&period=30";
        assert_eq!(secret().uri(label).expose(), expected);
    }

    #[test]
    fn refuses_invalid_secrets() {
        let text = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(TotpSecret::parse(text).unwrap().0, secret().0);
        for text in ["", &text[1..], &format!("{text}A"), &text.replace('3', "8"), "ä"] {
            assert_eq!(TotpSecret::parse(text).map(|_secret| ()), Err(NotATotpSecret), "{text}");
        }
    }

    #[test]
    fn new_secrets_differ_and_are_not_printed() {
        let entropy = SeededEntropy::new(1);
        let [one, other] = [0; 2].map(|_| TotpSecret::new(&entropy));
        assert_ne!(one.0, other.0);
        assert_eq!(format!("{one:?}"), "***");
    }

    proptest! {
        #[test]
        fn parses_its_own_output(bytes: [u8; SECRET_BYTES]) {
            let secret = TotpSecret(Zeroizing::new(bytes));
            let again = TotpSecret::parse(secret.to_text().expose()).unwrap();
            prop_assert_eq!(&*again.0, &bytes);
        }
    }
}
