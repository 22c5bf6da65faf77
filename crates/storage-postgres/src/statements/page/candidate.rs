//! Statements that may match a query.

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{Filters, StatementQuery, StoredStatement, TermHasher};
use acta_xapi::{StatementId, Uuid};
use tokio_postgres::Row;

use crate::statements::encode::version_of;
use crate::types::{Id, SqlTimestamp};

/// A query for a page.
#[derive(Debug)]
pub(super) struct PageQuery {
    pub(super) query: StatementQuery,
    pub(super) filters: Filters,
    pub(super) hasher: TermHasher,
    pub(super) tenant: TenantId,
}

/// A statement that may match, and does match if it refers to no other.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) sequence: i64,
    pub(super) id: StatementId,
    pub(super) stored: Timestamp,
    pub(super) version: i16,
    pub(super) has_target: bool,
    /// `None` if it is beyond the wanted bytes.
    pub(super) text: Option<String>,
}

impl Candidate {
    /// The statement for the page.
    pub(super) fn statement(self) -> StoredStatement {
        StoredStatement {
            sequence: self.sequence.unsigned_abs(),
            id: self.id,
            stored: self.stored,
            version: version_of(self.version),
            is_voided: false,
            text: self.text.unwrap_or_default(),
        }
    }
}

pub(super) fn read_candidate(row: &Row) -> Candidate {
    let (Id(id), SqlTimestamp(stored)): (Id, SqlTimestamp) = (row.get(1), row.get(2));
    Candidate {
        sequence: row.get(0),
        id: StatementId(Uuid::from_u128(id)),
        stored,
        version: row.get(3),
        has_target: row.get(4),
        text: row.get(5),
    }
}
