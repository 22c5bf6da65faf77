//! `DELETE /api/v1/tenants/{tenant}/dashboards/{dashboard}`: removes a dashboard.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::QuestionId;
use axum::extract::State;
use hyper::StatusCode;

use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Remove a dashboard
///
/// For its owner, and of a shared dashboard for those who may change the settings of the tenant.
/// The questions of its tiles stay.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant}/dashboards/{dashboard}",
    operation_id = "remove_dashboard",
    tag = "dashboards",
    params(("dashboard" = String, Path, format = "uuid", description = "The dashboard.")),
    responses((status = 204, description = "The dashboard was removed.")),
)]
pub(crate) async fn remove_dashboard(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, dashboard): Ids<TenantId, QuestionId>,
    Query(NoParams): Query<NoParams>,
) -> Result<StatusCode, AdminProblem> {
    shared.admin.remove_dashboard(&requester, tenant, dashboard).await?;
    Ok(StatusCode::NO_CONTENT)
}
