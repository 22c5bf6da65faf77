//! `DELETE /api/v1/tenants/{tenant}/invitations/{invitation}`: revokes an invitation.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use crate::api::json::done;
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Revoke an invitation
///
/// Its link is no longer valid.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant}/invitations/{invitation}",
    operation_id = "remove_invitation",
    tag = "people",
    responses((status = 204, description = "The invitation was revoked.")),
)]
pub(crate) async fn remove_invitation(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, invitation): Ids<TenantId, String>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    shared.admin.remove_invitation(&requester, tenant, &invitation).await?;
    Ok(done())
}
