//! What the log gives to the index: one entry for each record.

use std::fmt::Debug;
use std::ops::Range;

use acta_access::TenantId;
use acta_storage::{StorageError, Term};

/// Where in the log a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The segment's number.
    pub segment: u32,
    /// Byte offset of the record in the segment.
    pub offset: u32,
}

/// One statement as the index needs it.
#[derive(Clone, Debug)]
pub struct IndexEntry {
    /// Place among all statements of the store, from 0, without gaps: the order of commit.
    pub position: u64,
    /// The tenant that owns it.
    pub tenant: TenantId,
    /// Place among the tenant's statements, from 1, without gaps.
    pub sequence: u64,
    /// The statement's id; none of one that was erased, or removed with its tenant.
    pub id: Option<u128>,
    /// When it was stored, in microseconds since 1970; never less than the one before.
    pub stored_micros: i64,
    /// Where its record is.
    pub location: Location,
    /// Terms that hold for this statement alone (authority).
    pub own_terms: Vec<Term>,
    /// Terms that also hold for statements that refer to this one.
    pub shared_terms: Vec<Term>,
    /// The statement that its object refers to.
    pub target: Option<u128>,
    /// Whether its verb voids the target.
    pub is_voiding: bool,
}

/// The owner, within the engine, of what was removed together with its tenant.
pub const TOMBSTONE: TenantId = match TenantId::new(u32::MAX) {
    Some(tombstone) => tombstone,
    None => TenantId::FIRST,
};

impl IndexEntry {
    /// What stands in the place of a statement that was removed with its tenant: it cannot be
    /// found by anything.
    pub const fn removed(position: u64, stored_micros: i64) -> Self {
        Self {
            position,
            tenant: TOMBSTONE,
            sequence: 0,
            id: None,
            stored_micros,
            location: Location { segment: 0, offset: 0 },
            own_terms: Vec::new(),
            shared_terms: Vec::new(),
            target: None,
            is_voiding: false,
        }
    }
}

/// What the index reads of the log: entries by location, for following references.
pub trait IndexEntrySource: Debug + Send + Sync {
    /// Reads the entry whose record stands at `location`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    fn load_entry(&self, location: Location) -> Result<IndexEntry, StorageError>;
}

/// The log in order, for rebuilding runs of the index.
pub trait IndexEntryLog: IndexEntrySource {
    /// Gives the entries at these positions to `take`, in order.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`], or what `take` returns.
    fn read_entries(
        &self,
        positions: Range<u64>,
        take: &mut dyn FnMut(IndexEntry) -> Result<(), StorageError>,
    ) -> Result<(), StorageError>;
}
