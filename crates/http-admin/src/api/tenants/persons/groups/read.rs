//! `GET /api/v1/tenants/{tenant}/groups/{group}`: a group.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::GroupId;
use axum::extract::State;
use axum::response::Response;

use super::view::{GroupView, show};
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read a group
///
/// Returns a group without its members.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/groups/{group}",
    operation_id = "read_group",
    tag = "groups",
    responses(
        (status = 200, description = "The group.", body = GroupView,
            headers(("ETag" = String, description = "The version of the resource."))),
    ),
)]
pub(crate) async fn read_group(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, group): Ids<TenantId, GroupId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(show(&shared.admin.read_group(&requester, tenant, group).await?))
}
