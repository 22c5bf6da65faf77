//! What rows of activities and persons are found by.

use sha2::{Digest, Sha256};

/// The hash that an activity, an identifier or a name is found by.
pub(crate) fn hash(text: impl AsRef<[u8]>) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}
