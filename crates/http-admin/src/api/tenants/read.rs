//! `GET /api/v1/tenants/{tenant}`: one tenant.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::view::{TenantView, show};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read a tenant
///
/// A tenant in which the requester has no part is not found.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}",
    operation_id = "read_tenant",
    tag = "tenants",
    params(("tenant" = u32, Path, minimum = 1, description = "Its number.")),
    responses(
        (status = 200, description = "The tenant.", body = TenantView,
            headers(("ETag" = String, description = "Its version."))),
    ),
)]
pub(crate) async fn read_tenant(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(show(&shared.admin.read_tenant(&requester, tenant).await?))
}
