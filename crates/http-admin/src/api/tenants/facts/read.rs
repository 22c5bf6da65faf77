//! `GET /api/v1/tenants/{tenant}/facts`: how far the facts of a tenant go.

use acta_access::TenantId;
use acta_facts::FactStatus;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::view;
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::facts::no_facts;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// How the facts of a tenant are on the server that responds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TenantFacts {
    /// How many facts there are.
    facts: u64,
    /// The number of the last statement in the log of the tenant that is among them.
    sequence: u64,
    /// How many statements are stored that are not among them yet.
    lag: u64,
    /// Bytes on disk.
    disk_bytes: u64,
    /// Bytes of memory, approximately.
    memory_bytes: u64,
    /// Whether no more facts are made, since the distinct texts of the tenant take more memory than
    /// `facts.dictionary_bytes_max`.
    is_full: bool,
}

/// Read the state of facts
///
/// Returns how many facts of the tenant this server has, and how far they go.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/facts",
    operation_id = "read_facts",
    tag = "facts",
    params(("tenant" = u32, Path, minimum = 1, description = "The tenant.")),
    responses(
        (status = 200, description = "The state of the facts.", body = TenantFacts),
    ),
)]
pub(crate) async fn read_facts(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let statements = shared.admin.count_statements(&requester, tenant).await?;
    let status = shared.facts.as_ref().ok_or_else(no_facts)?.status(tenant);
    let status = status.unwrap_or_else(|| FactStatus::empty(tenant));
    Ok(view(&TenantFacts {
        facts: status.count,
        sequence: status.sequence,
        lag: statements.saturating_sub(status.sequence),
        disk_bytes: status.disk_bytes,
        memory_bytes: status.memory_bytes,
        is_full: status.is_full,
    }))
}
