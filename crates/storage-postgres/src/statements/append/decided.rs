//! What was decided of a group, given what is stored already.

use std::collections::HashMap;

use acta_ambient::Timestamp;
use acta_storage::Appended;
use acta_xapi::{Fingerprint, StatementId};

use crate::attachments::Staged;
use crate::statements::encode::EncodedStatement;

/// The fingerprints of stored statements.
pub(crate) type StoredFingerprints = HashMap<StatementId, Fingerprint>;

/// What becomes of a batch.
#[derive(Debug)]
pub(crate) enum BatchVerdict {
    /// It is stored, or was already.
    Stored(Appended),
    /// Its ids are taken by different content.
    Conflict(Vec<StatementId>),
}

/// What was decided of a group.
#[derive(Debug, Default)]
pub(crate) struct Decided<'a> {
    pub(crate) verdicts: Vec<BatchVerdict>,
    /// What is new, with its times.
    pub(crate) new: Vec<(&'a EncodedStatement, Timestamp)>,
    /// The content that comes with what is stored.
    pub(crate) attachments: Vec<&'a Staged>,
    /// The last time that was given.
    pub(crate) last_stored: i64,
}

impl<'a> Decided<'a> {
    /// Of statements that bring their own times, in order.
    pub(crate) fn imported(new: Vec<(&'a EncodedStatement, Timestamp)>) -> Self {
        let last_stored = new.last().map_or(i64::MIN, |(_, stored)| stored.unix_micros());
        Self { new, last_stored, ..Self::default() }
    }
}
