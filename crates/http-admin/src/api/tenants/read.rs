//! `GET /api/v1/tenants/{tenant}`: reads a tenant.

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
/// The response is 404 if the requester has no role in the tenant.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}",
    operation_id = "read_tenant",
    tag = "tenants",
    responses(
        (status = 200, description = "The tenant.", body = TenantView,
            headers(("ETag" = String, description = "The version of the resource."))),
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
