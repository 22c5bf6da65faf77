//! The entries of a tenant's log: commitments to statements, and bundles of them.
//!
//! An entry has no id, time or person. Who has the salt and the text of a statement can show
//! that an entry commits to it; nobody else can find out which statement it is, and when salt
//! and text are erased, nobody at all.

use ring::hmac;

use crate::hash::Hash;
use crate::text::Malformed;
use crate::tile::TILE_HASHES;

/// Length of the salt of a statement, in bytes.
pub const SALT_BYTES: usize = 16;

/// Length of a commitment, in bytes.
const COMMITMENT_BYTES: usize = 32;

/// The first byte of an entry: how the rest was computed.
const HMAC_OF_STATEMENT: u8 = 0x01;

/// Bytes before each entry of a bundle: its length, big-endian.
const LENGTH_BYTES: usize = 2;

/// An entry of a tenant's log: a byte with its kind, and a commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry([u8; Entry::LEN_BYTES]);

impl Entry {
    /// Length in bytes.
    pub const LEN_BYTES: usize = 1 + COMMITMENT_BYTES;

    /// The entry for the statement with this [`preimage()`].
    pub fn of_preimage(preimage: &[u8], salt: &[u8; SALT_BYTES]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, salt);
        let tag = hmac::sign(&key, preimage);
        let mut commitment = [0; COMMITMENT_BYTES];
        commitment.copy_from_slice(tag.as_ref());
        Self::of_commitment(&commitment)
    }

    /// The entry for a statement of which only the commitment is left.
    pub fn of_commitment(commitment: &[u8; COMMITMENT_BYTES]) -> Self {
        let mut bytes = [HMAC_OF_STATEMENT; Self::LEN_BYTES];
        bytes[1..].copy_from_slice(commitment);
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN_BYTES] {
        &self.0
    }

    /// The hash of the leaf with this entry.
    pub fn hash(&self) -> Hash {
        Hash::of_leaf(&self.0)
    }
}

/// What an entry commits to: the version with which a statement arrived, a line feed, and the
/// complete text, with `stored` and `timestamp`.
pub fn preimage(version: impl std::fmt::Display, complete_text: &str) -> Vec<u8> {
    format!("{version}\n{complete_text}").into_bytes()
}

/// The bundle of entries that lies beside a tile of their hashes.
///
/// Spec: C2SP tlog-tiles, log entries.
pub fn encode_bundle(entries: &[Entry]) -> Vec<u8> {
    let [.., high, low] = Entry::LEN_BYTES.to_be_bytes();
    let mut bytes = Vec::with_capacity(entries.len() * (LENGTH_BYTES + Entry::LEN_BYTES));
    for entry in entries {
        bytes.extend_from_slice(&[high, low]);
        bytes.extend_from_slice(&entry.0);
    }
    bytes
}

/// The entries of a bundle, which may be of another log: of any length.
///
/// # Errors
///
/// The bundle has not exactly `width` entries, or they do not end with it.
///
/// Spec: C2SP tlog-tiles, log entries.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, Malformed> {
    let malformed = |reason| Malformed { format: "a bundle of entries", reason };
    let mut entries = Vec::with_capacity(usize::from(width.min(TILE_HASHES)));
    let mut rest = bytes;
    while let Some((length, behind)) = rest.split_first_chunk::<LENGTH_BYTES>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, behind) =
            behind.split_at_checked(length).ok_or(malformed("an entry is cut off"))?;
        if entries.len() == usize::from(width) {
            return Err(malformed("it has more entries than its path says"));
        }
        entries.push(entry);
        rest = behind;
    }
    if !rest.is_empty() {
        return Err(malformed("a length is cut off"));
    }
    if entries.len() < usize::from(width) {
        return Err(malformed("it has fewer entries than its path says"));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of `docs/format/log.md`.
    const TEXT: &str = r#"{"id":"11111111-1111-4111-8111-111111111111","actor":{"mbox":"mailto:ada@example.org"},"verb":{"id":"http://example.org/verbs/completed"},"object":{"id":"http://example.org/activities/course"},"timestamp":"2026-03-01T09:30:00.000250Z","stored":"2026-03-01T09:30:00.000250Z","authority":{"mbox":"mailto:client@example.org"},"version":"2.0.0"}"#;

    #[test]
    fn an_entry_commits_to_version_and_text_under_the_salt() {
        let salt = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let entry = Entry::of_preimage(&preimage("2.0.0", TEXT), &salt);
        let commitment: [u8; 32] = [
            0xcc, 0xeb, 0xad, 0x9b, 0x7f, 0x25, 0x13, 0x5e, 0xd8, 0xcd, 0xf6, 0x05, 0xa1, 0x3e,
            0x03, 0xfd, 0x7a, 0x57, 0x43, 0xcb, 0x09, 0x4b, 0x5e, 0x32, 0xa1, 0x90, 0xaa, 0xc2,
            0x5c, 0x77, 0xd1, 0x43,
        ];
        assert_eq!(entry.as_bytes()[0], 0x01);
        assert_eq!(Entry::of_commitment(&commitment), entry);
        let mut other_salt = salt;
        other_salt[15] ^= 1;
        for other in [
            Entry::of_preimage(&preimage("1.0.3", TEXT), &salt),
            Entry::of_preimage(&preimage("2.0.0", &TEXT.replace("09:30", "09:31")), &salt),
            Entry::of_preimage(&preimage("2.0.0", TEXT), &other_salt),
        ] {
            assert_ne!(other, entry);
        }
    }

    #[test]
    fn a_bundle_holds_each_entry_behind_its_length() {
        let entries = [[1; 32], [2; 32]].map(|commitment| Entry::of_commitment(&commitment));
        let bytes = encode_bundle(&entries);
        assert_eq!(bytes.len(), 2 * 35);
        assert_eq!(bytes[..4], [0, 33, 1, 1]);
        assert_eq!(decode_bundle(&bytes, 2).unwrap(), entries.each_ref().map(Entry::as_bytes));
    }

    #[test]
    fn decode_bundle_refuses_what_its_path_does_not_announce() {
        for (bytes, width, is_accepted) in [
            (&[][..], 0, true),
            (&[], 1, false),
            (&[0, 0], 1, true),
            (&[0, 1, 7], 1, true),
            (&[0, 1, 7, 0, 0], 2, true),
            (&[0, 1, 7, 0, 0], 1, false),
            (&[0, 1, 7, 0, 0], 3, false),
            (&[0, 1, 7, 0], 1, false),
            (&[0, 2, 7], 1, false),
            (&[1, 0, 7], 1, false),
        ] {
            assert_eq!(decode_bundle(bytes, width).is_ok(), is_accepted, "{bytes:?} {width}");
        }
    }
}
