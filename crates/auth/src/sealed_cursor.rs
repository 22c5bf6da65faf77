//! Cursors as clients get them: encrypted, because the position in a log tells how many statements
//! a tenant, or the whole store, has.
//!
//! A sealed cursor is valid for one tenant, on every node, and does not expire. The same position
//! always has the same text.

use std::fmt;
use std::str::FromStr;

use acta_access::TenantId;
use acta_storage::Cursor;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::mac::MacKey;

/// Bytes of the tag of ChaCha20-Poly1305.
const TAG_BYTES: usize = 16;

/// Bytes of an encrypted position.
const POSITION_BYTES: usize = 8 + TAG_BYTES;

/// Bytes of a sealed cursor.
const BYTES: usize = NONCE_LEN + POSITION_BYTES;

/// A cursor for a client, to be opened by [`CursorSealer::open`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedCursor([u8; BYTES]);

/// The text is not a cursor, or not one for this tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a cursor as returned in the link to the next page")]
pub struct NotASealedCursor;

impl SealedCursor {
    /// Bytes of its text.
    pub const TEXT_BYTES: usize = (BYTES * 4).div_ceil(3);
}

impl fmt::Display for SealedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for SealedCursor {
    type Err = NotASealedCursor;

    fn from_str(text: &str) -> Result<Self, NotASealedCursor> {
        let mut bytes = [0; BYTES];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(BYTES) => Ok(Self(bytes)),
            Ok(_) | Err(_) => Err(NotASealedCursor),
        }
    }
}

/// Seals cursors and opens them.
pub struct CursorSealer {
    key: LessSafeKey,
    /// Makes the nonce of a position. Different positions never share one but by a collision of 96
    /// bits, and the same position needs no other.
    nonces: MacKey,
}

impl fmt::Debug for CursorSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl CursorSealer {
    /// A sealer with a secret key. A sealer with the same key can open its cursors.
    #[expect(clippy::expect_used, reason = "the length of the key is that of its type")]
    #[expect(clippy::missing_panics_doc, reason = "it never panics")]
    pub fn new(secret: [u8; 32]) -> Self {
        let derived = MacKey::new(secret);
        let key = UnboundKey::new(&CHACHA20_POLY1305, &derived.mac_of(&[b"cursor key"]));
        let key = LessSafeKey::new(key.expect("a key of 32 bytes"));
        Self { key, nonces: MacKey::new(derived.mac_of(&[b"cursor nonces"])) }
    }

    /// Seals a cursor for a client of a tenant.
    #[expect(clippy::expect_used, reason = "ring refuses only texts of many gigabytes")]
    #[expect(clippy::missing_panics_doc, reason = "it never panics")]
    pub fn seal(&self, tenant: TenantId, cursor: Cursor) -> SealedCursor {
        let tenant = tenant.number().to_be_bytes();
        let position = cursor.0.to_be_bytes();
        let mut bytes = [0; BYTES];
        let (nonce, sealed) = bytes.split_at_mut(NONCE_LEN);
        let mac = self.nonces.mac_of(&[&tenant, &position]);
        nonce.copy_from_slice(&mac[..NONCE_LEN]);
        let (text, tag) = sealed.split_at_mut(position.len());
        text.copy_from_slice(&position);
        let nonce = nonce_of(&mac);
        let sealing = self.key.seal_in_place_separate_tag(nonce, Aad::from(tenant), text);
        tag.copy_from_slice(sealing.expect("eight bytes can be encrypted").as_ref());
        SealedCursor(bytes)
    }

    /// Opens a cursor that was sealed for the tenant.
    ///
    /// # Errors
    ///
    /// [`NotASealedCursor`]: for another tenant, by another store, or not by a store at all.
    pub fn open(&self, tenant: TenantId, sealed: SealedCursor) -> Result<Cursor, NotASealedCursor> {
        let SealedCursor(mut bytes) = sealed;
        let (nonce, sealed) = bytes.split_at_mut(NONCE_LEN);
        let nonce = nonce_of(nonce);
        let aad = Aad::from(tenant.number().to_be_bytes());
        let opened = self.key.open_in_place(nonce, aad, sealed);
        let position = opened.ok().and_then(|opened| <[u8; 8]>::try_from(&*opened).ok());
        let position = position.ok_or(NotASealedCursor)?;
        Ok(Cursor(u64::from_be_bytes(position)))
    }
}

/// The nonce in the first bytes.
fn nonce_of(bytes: &[u8]) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(&bytes[..NONCE_LEN]);
    Nonce::assume_unique_for_key(nonce)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealer() -> CursorSealer {
        CursorSealer::new([7; 32])
    }

    fn tenant(number: u32) -> TenantId {
        TenantId::new(number).unwrap()
    }

    proptest! {
        #[test]
        fn opens_what_it_sealed_for_the_same_tenant(position: u64) {
            let sealed = sealer().seal(tenant(1), Cursor(position));
            let text = sealed.to_string();
            prop_assert_eq!(text.len(), SealedCursor::TEXT_BYTES);
            prop_assert_eq!(text.parse(), Ok(sealed));
            prop_assert_eq!(sealer().open(tenant(1), sealed), Ok(Cursor(position)));
            prop_assert_eq!(sealer().open(tenant(2), sealed), Err(NotASealedCursor));
            let other = CursorSealer::new([8; 32]);
            prop_assert_eq!(other.open(tenant(1), sealed), Err(NotASealedCursor));
            prop_assert_eq!(sealer().seal(tenant(1), Cursor(position)), sealed);
        }

        #[test]
        fn opens_nothing_that_was_changed(position: u64, index in 0..BYTES, bit in 0..8u32) {
            let SealedCursor(mut bytes) = sealer().seal(tenant(1), Cursor(position));
            bytes[index] ^= 1 << bit;
            prop_assert_eq!(sealer().open(tenant(1), SealedCursor(bytes)), Err(NotASealedCursor));
        }
    }

    #[test]
    fn neighbouring_positions_have_nothing_in_common() {
        let [one, two] = [1, 2].map(|number| sealer().seal(tenant(1), Cursor(number)).0);
        let equal = one.iter().zip(&two).filter(|(one, two)| one == two).count();
        assert!(equal < 4, "{equal} of {BYTES} bytes are equal");
    }

    #[test]
    fn other_texts_are_no_cursors() {
        let longer = "A".repeat(49);
        for text in ["", "1f", "xyz", "=", &"A".repeat(47), &longer, &"!".repeat(48)] {
            assert_eq!(text.parse::<SealedCursor>(), Err(NotASealedCursor), "{text:?}");
        }
    }
}
