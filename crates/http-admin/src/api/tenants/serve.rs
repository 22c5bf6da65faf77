//! `POST /api/v1/tenants/{tenant}/suspend`, `…/resume` and `…/restore`: whether it is served.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::view::{TenantView, show};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Suspend a tenant
///
/// It is served no more until it is resumed. For operators of the server.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/suspend",
    operation_id = "suspend_tenant",
    tag = "tenants",
    params(("tenant" = u32, Path, minimum = 1, description = "Its number.")),
    responses(
        (status = 200, description = "The tenant as it is now.", body = TenantView,
            headers(("ETag" = String, description = "Its version."))),
        (status = 409, description = "It is deleted."),
    ),
)]
pub(crate) async fn suspend_tenant(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(show(&shared.admin.suspend_tenant(&requester, tenant).await?))
}

/// Resume a tenant
///
/// It is served again after it was suspended. For operators of the server.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/resume",
    operation_id = "resume_tenant",
    tag = "tenants",
    params(("tenant" = u32, Path, minimum = 1, description = "Its number.")),
    responses(
        (status = 200, description = "The tenant as it is now.", body = TenantView,
            headers(("ETag" = String, description = "Its version."))),
        (status = 409, description = "It is deleted."),
    ),
)]
pub(crate) async fn resume_tenant(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(show(&shared.admin.resume_tenant(&requester, tenant).await?))
}

/// Restore a tenant
///
/// It is served again after it was deleted, as long as it is still there. For its owners and
/// operators of the server.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/restore",
    operation_id = "restore_tenant",
    tag = "tenants",
    params(("tenant" = u32, Path, minimum = 1, description = "Its number.")),
    responses(
        (status = 200, description = "The tenant as it is now.", body = TenantView,
            headers(("ETag" = String, description = "Its version."))),
        (status = 409, description = "It is not deleted."),
    ),
)]
pub(crate) async fn restore_tenant(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(show(&shared.admin.restore_tenant(&requester, tenant).await?))
}
