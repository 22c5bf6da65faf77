//! Keyed hashes with a key of the store.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A key for HMAC-SHA256.
#[derive(Clone)]
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        // HMAC itself pads a short key with zeros to the block size.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(&key);
        Self(Hmac::new(&block.into()))
    }

    /// The keyed hash of `parts`. Each part is preceded by its length, so that bytes cannot move
    /// from one part to the next.
    pub(crate) fn mac_of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            let bytes = u64::try_from(part.len()).unwrap_or(u64::MAX);
            mac.update(&bytes.to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_differ_by_key_and_by_part_boundaries() {
        let key = MacKey::new([1; 32]);
        let mac = key.mac_of(&[b"ab", b"c"]);
        assert_eq!(mac, key.mac_of(&[b"ab", b"c"]));
        assert_ne!(mac, key.mac_of(&[b"a", b"bc"]));
        assert_ne!(mac, key.mac_of(&[b"abc"]));
        assert_ne!(mac, MacKey::new([2; 32]).mac_of(&[b"ab", b"c"]));
    }
}
