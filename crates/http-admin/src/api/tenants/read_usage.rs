//! `GET /api/v1/tenants/{tenant}/usage`: how much a tenant has stored.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::view;
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// How much a tenant has stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TenantUsage {
    /// Statements that it has, voided ones too.
    statements: u64,
    /// What it has stored today.
    today: DayUsage,
}

/// What a tenant has stored on a day in UTC, as far as its nodes have counted it together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct DayUsage {
    /// New statements.
    statements: u64,
    /// Bytes of statements, documents and attachments, as they were sent.
    bytes: u64,
}

/// Read the usage of a tenant
///
/// How many statements it has, and what counts towards its limits of today.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/usage",
    operation_id = "read_tenant_usage",
    tag = "tenants",
    params(("tenant" = u32, Path, minimum = 1, description = "Its number.")),
    responses(
        (status = 200, description = "What it has stored.", body = TenantUsage),
    ),
)]
pub(crate) async fn read_tenant_usage(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let (statements, today) = shared.admin.read_usage(&requester, tenant).await?;
    let today = DayUsage { statements: today.statement_count, bytes: today.bytes };
    Ok(view(&TenantUsage { statements, today }))
}
