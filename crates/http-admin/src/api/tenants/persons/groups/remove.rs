//! `DELETE /api/v1/tenants/{tenant}/groups/{group}`: removes a group.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::GroupId;
use axum::extract::State;
use hyper::StatusCode;

use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Remove a group
///
/// Nobody is a member of it any more. The persons are not removed.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant}/groups/{group}",
    operation_id = "remove_group",
    tag = "groups",
    responses(
        (status = 204, description = "The group was removed."),
        (status = 409, description = "There are groups below it."),
    ),
)]
pub(crate) async fn remove_group(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, group): Ids<TenantId, GroupId>,
    Query(NoParams): Query<NoParams>,
) -> Result<StatusCode, AdminProblem> {
    shared.admin.remove_group(&requester, (tenant, group), None).await?;
    Ok(StatusCode::NO_CONTENT)
}
