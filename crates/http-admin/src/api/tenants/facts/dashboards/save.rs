//! `POST /api/v1/tenants/{tenant}/dashboards`: saves a dashboard.

use acta_access::TenantId;
use acta_admin::{Idempotency, Idempotent};
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::SavedQuestion;
use axum::extract::State;
use axum::response::Response;

use super::body::DashboardBody;
use super::view::DashboardView;
use crate::api::idempotency::{IdempotentBody, answer_created, encode_answer};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Save a dashboard
///
/// Saves an ordered list of tiles under a name. Each has a saved question that the requester sees,
/// and may be a key figure (KPI).
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/dashboards",
    operation_id = "save_dashboard",
    tag = "dashboards",
    params(
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            pattern = "^[!-~]+$",
            description = "Identifies the request: a repetition with the same key within a day \
                           creates nothing."),
    ),
    request_body = DashboardBody,
    responses(
        (status = 201, description = "The dashboard was saved, now or by the first request with \
                                      this key.",
            body = DashboardView,
            headers(
                ("ETag" = String, description = "The version of the resource."),
                ("Location" = String, description = "The path of the new resource."),
            )),
        (status = 409, description = "Another dashboard has this name, or the tenant has the \
                                      maximum number of saved questions and dashboards, or the \
                                      requester that of those that are not shared."),
    ),
)]
pub(crate) async fn save_dashboard(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    IdempotentBody { new, key }: IdempotentBody<DashboardBody>,
) -> Result<Response, AdminProblem> {
    let show = |dashboard: &SavedQuestion| {
        let path = format!("/tenants/{tenant}/dashboards/{}", dashboard.id);
        (path, DashboardView::of(dashboard))
    };
    let answered = shared.admin.permit_saving_questions(&requester, tenant, key.as_ref()).await?;
    if let Some(answer) = answered {
        return Ok(answer_created(&Idempotent::Replayed(answer), show));
    }
    let draft = new.into_draft(&shared, (&requester, tenant), &[]).await?;
    let once = Idempotency { key: key.as_ref(), encode: &|made| encode_answer(show(made)) };
    let made = shared.admin.save_question(&requester, tenant, draft, once).await?;
    Ok(answer_created(&made, show))
}
