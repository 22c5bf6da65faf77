//! `DELETE /api/v1/tenants/{tenant}/invitations/{invitation}`: the invitation is taken back.

use acta_access::TenantId;
use axum::extract::State;
use axum::response::Response;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::path::Ids;
use crate::admin::people::done;
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Take an invitation back
///
/// Its link is void from then on.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant}/invitations/{invitation}",
    operation_id = "remove_invitation",
    tag = "people",
    params(
        ("tenant" = u32, Path, description = "The id of the tenant."),
        ("invitation" = String, Path, description = "The id of the invitation."),
    ),
    responses((status = 204, description = "It is gone.")),
)]
pub(in crate::admin) async fn remove_invitation(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Ids(tenant, invitation): Ids<TenantId, String>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, Problem> {
    shared.admin.remove_invitation(&asker, tenant, &invitation).await?;
    Ok(done())
}
