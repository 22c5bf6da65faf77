//! SHA-2 hashes as attachments declare them.

use std::str::FromStr;

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// A SHA-224, SHA-256, SHA-384 or SHA-512 hash in lower-case hexadecimal digits.
///
/// The length determines which one it is. Digits compare without regard to case.
///
/// Spec: xAPI 1.0.3, Part Two, 2.4.11; IEEE 9274.1.1, 4.2.2.6.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha2(Box<str>);

/// The text is no SHA-2 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 56, 64, 96 or 128 hexadecimal digits")]
pub struct NotASha2;

impl Sha2 {
    /// Lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Starts a computation of the hash function of this length.
    pub fn hasher(&self) -> Sha2Hasher {
        Sha2Hasher(match self.0.len() {
            56 => Member::Sha224(Sha224::new()),
            96 => Member::Sha384(Sha384::new()),
            128 => Member::Sha512(Sha512::new()),
            _ => Member::Sha256(Sha256::new()),
        })
    }

    /// The SHA-256 of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)).into())
    }
}

impl FromStr for Sha2 {
    type Err = NotASha2;

    fn from_str(text: &str) -> Result<Self, NotASha2> {
        let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hexadecimal && matches!(text.len(), 56 | 64 | 96 | 128) {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(NotASha2)
        }
    }
}

/// Computes a SHA-2 hash piece by piece.
#[derive(Clone, Debug)]
pub struct Sha2Hasher(Member);

#[derive(Clone, Debug)]
enum Member {
    Sha224(Sha224),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Sha2Hasher {
    /// Starts a computation of a SHA-256.
    pub fn sha256() -> Self {
        Self(Member::Sha256(Sha256::new()))
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Member::Sha224(hasher) => hasher.update(bytes),
            Member::Sha256(hasher) => hasher.update(bytes),
            Member::Sha384(hasher) => hasher.update(bytes),
            Member::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The hash of everything added.
    pub fn finish(self) -> Sha2 {
        Sha2(match self.0 {
            Member::Sha224(hasher) => hex::encode(hasher.finalize()).into(),
            Member::Sha256(hasher) => hex::encode(hasher.finalize()).into(),
            Member::Sha384(hasher) => hex::encode(hasher.finalize()).into(),
            Member::Sha512(hasher) => hex::encode(hasher.finalize()).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_abc(expected: &str) {
        let declared: Sha2 = expected.to_ascii_uppercase().parse().unwrap();
        let mut hasher = declared.hasher();
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.finish(), declared, "length: {}", expected.len());
        assert_eq!(declared.as_str(), expected);
    }

    #[test]
    fn computes_the_hash_of_the_declared_length() {
        // The hashes of "abc" in FIPS 180-2, appendices B and C, and change notice 1.
        check_abc("23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
        check_abc("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check_abc(
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7",
        );
        check_abc(
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        );
    }

    #[test]
    fn hashes_a_whole_with_sha_256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Sha2::sha256(b"abc").as_str(), expected);
    }

    #[test]
    fn refuses_other_lengths_and_digits() {
        let wrong_digit = "g".repeat(64);
        let accent = "\u{e9}".repeat(32);
        let table = ["", "abc", &"a".repeat(40), &"a".repeat(63), &"a".repeat(65)];
        for text in table.into_iter().chain([wrong_digit.as_str(), &accent]) {
            assert_eq!(text.parse::<Sha2>(), Err(NotASha2), "input: {text:?}");
        }
    }
}
