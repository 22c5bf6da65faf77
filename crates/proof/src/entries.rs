//! Records of the statement log as entries of a tenant's log for proofs.

use acta_merkle::{Entry, SALT_BYTES, preimage};
use acta_storage::{FeedContent, FeedRecord, StorageError, TransferredStatement};
use acta_xapi::StatementText;

/// What an entry commits to, and the key of the commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) preimage: Vec<u8>,
    pub(crate) salt: [u8; SALT_BYTES],
}

impl Opening {
    fn of(statement: &TransferredStatement) -> Self {
        let StatementText { text, is_timestamp_stored } = &statement.text;
        let stored = statement.stored.to_string();
        let complete = StatementText::complete(text, *is_timestamp_stored, &stored);
        Self { preimage: preimage(statement.version.as_str(), &complete), salt: statement.salt }
    }

    /// Of the statement of a record; none if it was erased.
    pub(crate) fn of_record(record: &FeedRecord) -> Result<Option<Self>, StorageError> {
        let statement = record.statement().map(|statement| statement.load()).transpose()?;
        Ok(statement.map(Self::of))
    }

    pub(crate) fn entry(&self) -> Entry {
        Entry::of_preimage(&self.preimage, &self.salt)
    }
}

/// The entry of a record.
pub(crate) fn entry_of(record: &FeedRecord) -> Result<Entry, StorageError> {
    match &record.content {
        FeedContent::Statement(statement) => Ok(Opening::of(statement.load()?).entry()),
        FeedContent::Erased { commitment } => Ok(Entry::of_commitment(commitment)),
    }
}

/// The entries of the records after the sequence `after`, which follow it without a gap.
pub(crate) fn entries_of(records: &[FeedRecord], after: u64) -> Result<Vec<Entry>, StorageError> {
    let entry = |(expected, record): (u64, &FeedRecord)| {
        if record.sequence != expected {
            let place = format!("the statement log: {expected} is missing in it");
            return Err(StorageError::Corrupt { place });
        }
        entry_of(record)
    };
    (after + 1..).zip(records).map(entry).collect()
}
