//! `DELETE /api/v1/tenants/{tenant}`: deletes a tenant, after a waiting period.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::view::{TenantView, show};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Delete a tenant
///
/// It is served no more from now on. Everything in it is removed at the time that `purge`
/// tells; until then it can be restored. For its owners and operators of the server.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant}",
    operation_id = "delete_tenant",
    tag = "tenants",
    params(("tenant" = u32, Path, minimum = 1, description = "Its number.")),
    responses(
        (status = 200, description = "The tenant as it is now.", body = TenantView,
            headers(("ETag" = String, description = "Its version."))),
        (status = 409, description = "It is suspended: only operators of the server may."),
    ),
)]
pub(crate) async fn delete_tenant(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(show(&shared.admin.delete_tenant(&requester, tenant).await?))
}
