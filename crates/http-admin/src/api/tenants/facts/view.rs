//! How the facts of a tenant are.

use acta_access::TenantId;
use acta_facts::FactStatus;
use serde::Serialize;
use utoipa::ToSchema;

use acta_http_facts::FactQueries;

/// How the facts of a tenant are on the server that responds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TenantFacts {
    /// How many facts there are.
    facts: u64,
    /// The number of the last statement in the log of the tenant that is among them.
    sequence: u64,
    /// How many statements are stored that are not among them yet.
    lag: u64,
    /// How many of the facts are of voided statements, which answers leave out.
    voided: u64,
    /// How many files of rows there are.
    segments: u64,
    /// Bytes on disk.
    disk_bytes: u64,
    /// Bytes of memory, approximately.
    memory_bytes: u64,
    /// Whether they are being made, so that answers lack statements that were stored long ago.
    is_rebuilding: bool,
    /// Whether no more facts are made, since the distinct texts of the tenant take more memory than
    /// `facts.dictionary_bytes_max`.
    is_full: bool,
}

/// How the facts of one of the tenants are on the server that responds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FactsOfTenant {
    /// The number of the tenant.
    #[schema(value_type = u32, minimum = 1)]
    pub(super) tenant: u32,
    #[serde(flatten)]
    facts: TenantFacts,
}

impl TenantFacts {
    /// The facts of a tenant that has this many statements.
    pub(super) fn read(facts: &FactQueries, tenant: TenantId, statements: u64) -> Self {
        let found = facts.status(tenant);
        let status = found.unwrap_or_else(|| FactStatus::empty(tenant));
        Self {
            facts: status.count,
            sequence: status.sequence,
            lag: statements.saturating_sub(status.sequence),
            voided: status.voided,
            segments: status.segments,
            disk_bytes: status.disk_bytes,
            memory_bytes: status.memory_bytes,
            // Where there are none yet, they are about to be made.
            is_rebuilding: status.is_rebuilding || (found.is_none() && 0 < statements),
            is_full: status.is_full,
        }
    }
}

impl FactsOfTenant {
    /// The same with the number of the tenant.
    pub(super) fn read(facts: &FactQueries, tenant: TenantId, statements: u64) -> Self {
        let number = tenant.number();
        Self { tenant: number, facts: TenantFacts::read(facts, tenant, statements) }
    }
}
