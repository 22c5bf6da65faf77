//! `GET /api/v1/tenants/{tenant}/dashboards/{dashboard}`: a dashboard.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::QuestionId;
use axum::extract::State;
use axum::response::Response;

use super::view::{DashboardView, show};
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read a dashboard
///
/// Returns a shared dashboard, or one of the requester, with its tiles but without their answers.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/dashboards/{dashboard}",
    operation_id = "read_dashboard",
    tag = "dashboards",
    params(("dashboard" = String, Path, format = "uuid", description = "The dashboard.")),
    responses(
        (status = 200, description = "The dashboard.", body = DashboardView,
            headers(("ETag" = String, description = "The version of the resource."))),
    ),
)]
pub(crate) async fn read_dashboard(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, dashboard): Ids<TenantId, QuestionId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(show(&shared.admin.read_dashboard(&requester, tenant, dashboard).await?))
}
