//! Queries of the index, and their results.

use acta_access::TenantId;
use acta_statement_log::entry::Location;
use acta_storage::{Order, Term};

/// What is known of a statement by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Place among all statements of the store.
    pub position: u64,
    /// Place among the tenant's statements.
    pub sequence: u64,
    /// When it was stored, in microseconds since 1970.
    pub stored_micros: i64,
    /// Where its record is.
    pub location: Location,
    /// Whether a voiding statement names it.
    pub is_voided: bool,
    /// Whether its verb voids its target.
    pub is_voiding: bool,
}

/// Which statements to look for.
#[derive(Clone, Debug)]
pub struct IndexQuery {
    /// The tenant whose statements are searched.
    pub tenant: TenantId,
    /// At least one term of each; every statement of the tenant if there is none.
    pub all_of: Vec<Vec<Term>>,
    /// Stored after this.
    pub since_micros_exclusive: Option<i64>,
    /// Stored at this or before.
    pub until_micros_inclusive: Option<i64>,
    /// With this place among the tenant's statements, or a later one.
    pub first_sequence: Option<u64>,
    /// With this place among the tenant's statements, or an earlier one.
    pub last_sequence: Option<u64>,
    /// Oldest or newest first.
    pub order: Order,
    /// Only what comes after this position, in the direction of the order.
    pub after: Option<u64>,
}

/// A statement that may match a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Place among all statements of the store.
    pub position: u64,
    /// Where its record is.
    pub location: Location,
    /// When it was stored, in microseconds since 1970.
    pub stored_micros: i64,
    /// Whether it refers to a statement. If so, different terms may hold for different
    /// statements along the chain, so whether it matches must be checked. If not, it
    /// matches.
    pub has_target: bool,
}

/// A statement in the order of its tenant's sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequencePlace {
    /// Place among the tenant's statements.
    pub sequence: u64,
    /// Place among all statements of the store.
    pub position: u64,
    /// Where its record is.
    pub location: Location,
    /// When it was stored, in microseconds since 1970.
    pub stored_micros: i64,
    /// Whether a voiding statement names it.
    pub is_voided: bool,
    /// Whether it was erased.
    pub is_erased: bool,
}
