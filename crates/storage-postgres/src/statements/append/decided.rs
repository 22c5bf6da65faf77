//! The decision on a group of batches, given what is already stored.

use std::collections::HashMap;

use acta_ambient::Timestamp;
use acta_storage::Appended;
use acta_xapi::{Fingerprint, StatementId};

use crate::attachments::Staged;
use crate::statements::encode::EncodedStatement;

/// The fingerprints of stored statements.
pub(crate) type StoredFingerprints = HashMap<StatementId, Fingerprint>;

/// The decision on a batch.
#[derive(Debug)]
pub(crate) enum BatchVerdict {
    /// It is stored, now or before.
    Stored(Appended),
    /// Its ids are already stored with different content.
    Conflict(Vec<StatementId>),
}

/// The decision on a group.
#[derive(Debug, Default)]
pub(crate) struct Decided<'a> {
    pub(crate) verdicts: Vec<BatchVerdict>,
    /// The new statements, with their times.
    pub(crate) new: Vec<(&'a EncodedStatement, Timestamp)>,
    /// The content of the stored batches.
    pub(crate) attachments: Vec<&'a Staged>,
    /// The last assigned time.
    pub(crate) last_stored: i64,
}

impl<'a> Decided<'a> {
    /// The decision to store statements with their own times, in order.
    pub(crate) fn imported(new: Vec<(&'a EncodedStatement, Timestamp)>) -> Self {
        let last_stored = new.last().map_or(i64::MIN, |(_, stored)| stored.unix_micros());
        Self { new, last_stored, ..Self::default() }
    }
}
