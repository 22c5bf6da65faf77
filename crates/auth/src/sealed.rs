//! Sealed texts, which only this store can create.
//!
//! A sealed text carries a payload to a client and back. It is not stored: a keyed hash proves that
//! it was created by this store for this purpose, and is unchanged and not expired. Its holder can
//! read the payload, and use the text again until it expires.

use acta_ambient::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::Secret;
use crate::mac::MacKey;

/// The first byte: the version of the layout.
const VERSION: u8 = 1;

/// Bytes of the expiry: microseconds since 1970, big-endian.
const EXPIRES_BYTES: usize = 8;

/// Bytes of the keyed hash at the end.
const MAC_BYTES: usize = 32;

/// Bytes before the payload.
const HEAD_BYTES: usize = 1 + EXPIRES_BYTES;

/// Longest payload, in bytes: sealed, it still fits into a header in the Basic scheme.
pub const PAYLOAD_BYTES_MAX: usize = 2048;

/// Longest sealed text, in letters.
const TEXT_BYTES_MAX: usize = (4 * (HEAD_BYTES + PAYLOAD_BYTES_MAX + MAC_BYTES)).div_ceil(3);

/// The payload is longer than [`PAYLOAD_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot seal more than {PAYLOAD_BYTES_MAX} bytes")]
pub struct PayloadTooLong;

/// Why a text was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was not sealed by this store for this purpose, or it was changed. Refuse it.
    #[error("not sealed by this server for this purpose")]
    NotSealed,
    /// It is genuine but expired. Request a new one.
    #[error("expired")]
    Expired,
}

/// Seals and opens texts.
#[derive(Clone, Debug)]
pub struct Sealer(MacKey);

impl Sealer {
    /// A sealer with a secret key. A sealer with the same key can open its texts.
    pub fn new(key: [u8; 32]) -> Self {
        Self(MacKey::new(key))
    }

    /// Seals `payload` for one purpose, until `expires`.
    ///
    /// # Errors
    ///
    /// [`PayloadTooLong`].
    pub fn seal(
        &self,
        purpose: &str,
        payload: &[u8],
        expires: Timestamp,
    ) -> Result<Secret, PayloadTooLong> {
        if PAYLOAD_BYTES_MAX < payload.len() {
            return Err(PayloadTooLong);
        }
        let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len() + MAC_BYTES);
        bytes.push(VERSION);
        bytes.extend_from_slice(&expires.unix_micros().to_be_bytes());
        bytes.extend_from_slice(payload);
        let mac = self.0.mac_of(&[purpose.as_bytes(), &bytes]);
        bytes.extend_from_slice(&mac);
        Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The payload of a text that was sealed for `purpose` and has not expired.
    ///
    /// # Errors
    ///
    /// [`OpenError::NotSealed`] or [`OpenError::Expired`].
    pub fn open(&self, purpose: &str, text: &str, now: Timestamp) -> Result<Vec<u8>, OpenError> {
        if TEXT_BYTES_MAX < text.len() {
            return Err(OpenError::NotSealed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_invalid| OpenError::NotSealed)?;
        let (sealed, mac) = bytes.split_last_chunk::<MAC_BYTES>().ok_or(OpenError::NotSealed)?;
        let expected = self.0.mac_of(&[purpose.as_bytes(), sealed]);
        if !bool::from(expected.ct_eq(mac)) {
            return Err(OpenError::NotSealed);
        }
        let (version, rest) = sealed.split_first().ok_or(OpenError::NotSealed)?;
        let (expires, payload) =
            rest.split_first_chunk::<EXPIRES_BYTES>().ok_or(OpenError::NotSealed)?;
        if *version != VERSION {
            return Err(OpenError::NotSealed);
        }
        if Timestamp::from_unix_micros(i64::from_be_bytes(*expires)) <= now {
            return Err(OpenError::Expired);
        }
        Ok(payload.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_000_000);
    const LATER: Timestamp = Timestamp::from_unix_micros(1_000_001);

    fn sealer() -> Sealer {
        Sealer::new([7; 32])
    }

    fn sealed(payload: &[u8]) -> Secret {
        sealer().seal("test", payload, LATER).unwrap()
    }

    #[track_caller]
    fn check(sealer: &Sealer, purpose: &str, text: &str, expected: Result<&[u8], OpenError>) {
        let opened = sealer.open(purpose, text, NOW);
        assert_eq!(opened.as_deref().map_err(|error| *error), expected, "text: {text:?}");
    }

    #[test]
    fn opens_only_with_its_key_for_its_purpose() {
        let text = sealed(b"payload");
        check(&sealer(), "test", text.expose(), Ok(b"payload"));
        check(&sealer(), "tes", text.expose(), Err(OpenError::NotSealed));
        check(&sealer(), "", text.expose(), Err(OpenError::NotSealed));
        check(&Sealer::new([8; 32]), "test", text.expose(), Err(OpenError::NotSealed));
    }

    #[test]
    fn does_not_open_what_has_expired() {
        let text = sealed(b"payload");
        assert_eq!(sealer().open("test", text.expose(), LATER), Err(OpenError::Expired));
        // That it has expired is told only of what is genuine.
        assert_eq!(sealer().open("other", text.expose(), LATER), Err(OpenError::NotSealed));
    }

    #[test]
    fn does_not_open_other_texts() {
        for text in ["", "A", "AAAA", "not sealed", "====", &"A".repeat(TEXT_BYTES_MAX + 1)] {
            check(&sealer(), "test", text, Err(OpenError::NotSealed));
        }
        // Genuine, but laid out otherwise: a later version, and nothing in it.
        for bytes in [&[VERSION + 1, 0, 0, 0, 0, 0, 0, 0, 9][..], &[VERSION], &[]] {
            let mac = sealer().0.mac_of(&[b"test", bytes]);
            let text = URL_SAFE_NO_PAD.encode([bytes, &mac].concat());
            check(&sealer(), "test", &text, Err(OpenError::NotSealed));
        }
    }

    #[test]
    fn seals_no_more_than_fits() {
        let longest = sealed(&[1; PAYLOAD_BYTES_MAX]);
        assert_eq!(longest.expose().len(), TEXT_BYTES_MAX);
        check(&sealer(), "test", longest.expose(), Ok(&[1; PAYLOAD_BYTES_MAX]));
        let refused = sealer().seal("test", &[1; PAYLOAD_BYTES_MAX + 1], LATER);
        assert_eq!(refused.map(|_text| ()), Err(PayloadTooLong));
    }

    proptest! {
        #[test]
        fn opens_sealed_texts(payload: Vec<u8>, purpose: String) {
            let text = sealer().seal(&purpose, &payload, LATER).unwrap();
            prop_assert_eq!(sealer().open(&purpose, text.expose(), NOW), Ok(payload));
        }

        #[test]
        fn refuses_any_flipped_bit(payload: Vec<u8>, place: prop::sample::Index, bit in 0..8_u8) {
            let mut bytes = URL_SAFE_NO_PAD.decode(sealed(&payload).expose()).unwrap();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            let text = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert_eq!(sealer().open("test", &text, NOW), Err(OpenError::NotSealed));
        }

        #[test]
        fn refuses_any_other_letter(
            payload: Vec<u8>,
            place: prop::sample::Index,
            letter in "[ -~]",
        ) {
            let genuine = sealed(&payload);
            let place = place.index(genuine.expose().len());
            let mut text = genuine.expose().to_owned();
            text.replace_range(place..=place, &letter);
            prop_assume!(text != genuine.expose());
            prop_assert_eq!(sealer().open("test", &text, NOW), Err(OpenError::NotSealed));
        }
    }
}
