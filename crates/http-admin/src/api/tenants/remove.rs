//! `DELETE /api/v1/tenants/{tenant}`: deletes a tenant after a waiting period.

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
/// The tenant is closed at once. All of its data is removed at the time in `purge`; until then it
/// can be restored. For owners of the tenant and operators of the server.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant}",
    operation_id = "delete_tenant",
    tag = "tenants",
    responses(
        (status = 200, description = "The changed tenant.", body = TenantView,
            headers(("ETag" = String, description = "The version of the resource."))),
        (status = 409, description = "The tenant is suspended: only operators of the server may \
                                      delete it."),
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
