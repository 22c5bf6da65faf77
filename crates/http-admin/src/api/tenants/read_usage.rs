//! `GET /api/v1/tenants/{tenant}/usage`: reads the usage of a tenant.

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

/// The usage of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TenantUsage {
    /// Stored statements, including voided ones.
    statements: u64,
    /// What was stored today.
    today: DayUsage,
}

/// What a tenant has stored on a day (UTC), as far as all nodes have reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct DayUsage {
    /// New statements.
    statements: u64,
    /// Bytes of statements, documents and attachments, as sent.
    bytes: u64,
}

/// Read the usage of a tenant
///
/// Returns the number of statements, and what counts towards the limits of today.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/usage",
    operation_id = "read_tenant_usage",
    tag = "tenants",
    responses(
        (status = 200, description = "The usage of the tenant.", body = TenantUsage),
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
