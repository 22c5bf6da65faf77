//! The hashes of a tree, by RFC 6962: of leaves, of nodes, of the whole.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::text::{Malformed, decode_base64, encode_base64};

/// Stands before an entry when it is hashed, so that no leaf has the hash of a node.
const LEAF: u8 = 0x00;

/// Stands before the hashes of two children.
const NODE: u8 = 0x01;

/// A SHA-256 in a Merkle tree: of a leaf, of a node, or of a tree.
///
/// Printed and parsed as base64, as all texts of proofs have it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; Hash::LEN_BYTES]);

impl Hash {
    /// Length in bytes.
    pub const LEN_BYTES: usize = 32;

    /// The root of a tree without leaves: the SHA-256 of no bytes.
    ///
    /// Spec: RFC 6962, 2.1.
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// The hash with these bytes.
    pub const fn from_bytes(bytes: [u8; Self::LEN_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN_BYTES] {
        &self.0
    }

    /// The hash of the leaf with this entry.
    ///
    /// Spec: RFC 6962, 2.1.
    pub fn of_leaf(entry: &[u8]) -> Self {
        let mut hasher = Sha256::new_with_prefix([LEAF]);
        hasher.update(entry);
        Self(hasher.finalize().into())
    }

    /// The hash of the node over these two, the left one first.
    ///
    /// Spec: RFC 6962, 2.1.
    pub fn of_children([left, right]: [&Self; 2]) -> Self {
        let mut bytes = [NODE; 1 + 2 * Self::LEN_BYTES];
        bytes[1..=Self::LEN_BYTES].copy_from_slice(&left.0);
        bytes[1 + Self::LEN_BYTES..].copy_from_slice(&right.0);
        Self(Sha256::digest(bytes).into())
    }
}

/// The root over hashes whose count is a power of two.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        let half = row.len() / 2;
        for at in 0..half {
            row[at] = Hash::of_children([&row[2 * at], &row[2 * at + 1]]);
        }
        row.truncate(half);
    }
    row.first().copied().unwrap_or(Hash::EMPTY)
}

/// The roots of the largest perfect subtrees that hashes divide into, from the left.
pub(crate) fn peaks(mut hashes: &[Hash]) -> Vec<Hash> {
    let mut peaks = Vec::new();
    while !hashes.is_empty() {
        let (perfect, rest) = hashes.split_at(1 << hashes.len().ilog2());
        peaks.push(perfect_root(perfect));
        hashes = rest;
    }
    peaks
}

/// The root of the tree that consists of these perfect subtrees, each smaller than the one
/// before.
pub(crate) fn root_of_peaks(peaks: &[Hash]) -> Hash {
    let Some((last, before)) = peaks.split_last() else { return Hash::EMPTY };
    before.iter().rev().fold(*last, |root, peak| Hash::of_children([peak, &root]))
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_base64(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes = decode_base64(text).and_then(|bytes| bytes.try_into().ok());
        let reason = "it is not the base64 of 32 bytes";
        bytes.map(Self).ok_or(Malformed { format: "a hash", reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_prints_as_base64_and_parses_again() {
        let text = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(Hash::EMPTY.to_string(), text);
        assert_eq!(text.parse(), Ok(Hash::EMPTY));
        for wrong in ["", "47DE", &text[1..], &text.replace('+', "-"), &format!("{text}\n")] {
            assert!(wrong.parse::<Hash>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_root_of_nothing_is_the_hash_of_no_bytes() {
        let expected: [u8; 32] = Sha256::digest([]).into();
        assert_eq!(Hash::EMPTY.as_bytes(), &expected);
        assert_eq!(root_of_peaks(&[]), Hash::EMPTY);
    }
}
