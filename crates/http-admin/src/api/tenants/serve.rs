//! `POST /api/v1/tenants/{tenant}/suspend`, `…/resume` and `…/restore`: suspends, resumes or
//! restores a tenant.

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
/// The tenant is closed until it is resumed. For operators of the server.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/suspend",
    operation_id = "suspend_tenant",
    tag = "tenants",
    responses(
        (status = 200, description = "The changed tenant.", body = TenantView,
            headers(("ETag" = String, description = "The version of the resource."))),
        (status = 409, description = "The tenant is deleted."),
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
/// Opens a suspended tenant again. For operators of the server.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/resume",
    operation_id = "resume_tenant",
    tag = "tenants",
    responses(
        (status = 200, description = "The changed tenant.", body = TenantView,
            headers(("ETag" = String, description = "The version of the resource."))),
        (status = 409, description = "The tenant is deleted."),
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
/// Opens a deleted tenant again, until its data is removed. For owners of the tenant and operators
/// of the server.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/restore",
    operation_id = "restore_tenant",
    tag = "tenants",
    responses(
        (status = 200, description = "The changed tenant.", body = TenantView,
            headers(("ETag" = String, description = "The version of the resource."))),
        (status = 409, description = "The tenant is not deleted."),
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
