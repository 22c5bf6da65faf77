//! `PUT /api/v1/tenants/{tenant}/dashboards/{dashboard}`: replaces a dashboard.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::QuestionId;
use axum::extract::State;
use axum::response::Response;

use super::body::DashboardBody;
use super::tile::Tiles;
use super::view::{DashboardView, show};
use crate::api::json::Json;
use crate::api::path::Ids;
use crate::api::versioned::IfMatch;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Change a dashboard
///
/// Replaces everything but its owner. For its owner, and of a shared dashboard for those who may
/// change the settings of the tenant. Tiles that it has already may stay, also when their questions
/// were removed or are hidden from the requester.
#[utoipa::path(
    put,
    path = "/tenants/{tenant}/dashboards/{dashboard}",
    operation_id = "change_dashboard",
    tag = "dashboards",
    params(
        ("dashboard" = String, Path, format = "uuid", description = "The dashboard."),
        ("If-Match" = String, Header, description = "The ETag of the version that was read, or *."),
    ),
    request_body = DashboardBody,
    responses(
        (status = 200, description = "The changed dashboard.", body = DashboardView,
            headers(("ETag" = String, description = "The version of the resource."))),
        (status = 409, description = "Another dashboard has this name."),
    ),
)]
pub(crate) async fn change_dashboard(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, dashboard): Ids<TenantId, QuestionId>,
    (Query(NoParams), version): (Query<NoParams>, IfMatch),
    Json(body): Json<DashboardBody>,
) -> Result<Response, AdminProblem> {
    let (of, expected) = ((tenant, dashboard), version.versions());
    let before = shared.admin.permit_changing_dashboard(&requester, of, expected).await?;
    let before = Tiles::of(&before.value).tiles;
    let draft = body.into_draft(&shared, (&requester, tenant), &before).await?;
    Ok(show(&shared.admin.change_question(&requester, of, draft, expected).await?))
}
