//! References between statements, and the hashes that they are found by.

use std::hash::Hasher;

use acta_access::TenantId;
use siphasher::sip::SipHasher13;

/// Hashes a statement's id, for filters and references.
pub(crate) fn id_hash(tenant: TenantId, id: u128) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(&tenant.number().to_le_bytes());
    hasher.write(&id.to_le_bytes());
    hasher.finish()
}

/// An entry that refers to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) position: u32,
    /// The hash of its own id; none of one that was erased.
    pub(crate) hash: Option<u64>,
    pub(crate) is_voiding: bool,
}

/// Bytes of a reference record.
pub(crate) const REFERENCE_WIDTH: usize = 21;

/// Flags of a reference record.
const REFERENCE_VOIDING: u8 = 1;
const REFERENCE_ERASED: u8 = 2;

impl Reference {
    /// The record of a run that says so; `target_hash` is that of the id it refers to.
    pub(crate) fn encode(&self, target_hash: u64) -> [u8; REFERENCE_WIDTH] {
        let mut record = [0; REFERENCE_WIDTH];
        record[..8].copy_from_slice(&target_hash.to_be_bytes());
        record[8..12].copy_from_slice(&self.position.to_be_bytes());
        record[12..20].copy_from_slice(&self.hash.unwrap_or_default().to_be_bytes());
        record[20] = if self.is_voiding { REFERENCE_VOIDING } else { 0 }
            | if self.hash.is_none() { REFERENCE_ERASED } else { 0 };
        record
    }

    /// The target's hash and the reference; none if the record is too short.
    pub(crate) fn decode(record: &[u8]) -> Option<(u64, Self)> {
        let (target_hash, rest) = record.split_first_chunk::<8>()?;
        let (position, rest) = rest.split_first_chunk::<4>()?;
        let (hash, rest) = rest.split_first_chunk::<8>()?;
        let flags = *rest.first()?;
        let reference = Self {
            position: u32::from_be_bytes(*position),
            hash: (flags & REFERENCE_ERASED == 0).then_some(u64::from_be_bytes(*hash)),
            is_voiding: flags & REFERENCE_VOIDING != 0,
        };
        Some((u64::from_be_bytes(*target_hash), reference))
    }
}
