//! `DELETE /api/v1/tenants/{tenant}/people/{account}`: removes a person from a tenant.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;

use crate::api::json::done;
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Remove a person from a tenant
///
/// Everybody may remove themselves. The account stays. The last owner of a tenant cannot be
/// removed.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant}/people/{account}",
    operation_id = "remove_person",
    tag = "people",
    responses((status = 204, description = "The person has no role in the tenant any more.")),
)]
pub(crate) async fn remove_person(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, account): Ids<TenantId, AccountId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    shared.admin.remove_member(&requester, tenant, account).await?;
    Ok(done())
}
