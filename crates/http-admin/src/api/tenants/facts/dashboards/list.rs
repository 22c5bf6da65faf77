//! `GET /api/v1/tenants/{tenant}/dashboards`: dashboards, page by page.

use acta_access::TenantId;
use acta_http::edge::Query;
use acta_storage::directory::SavedQuestion;
use axum::extract::State;
use axum::response::Response;

use super::view::SummaryView;
use crate::api::json::view;
use crate::api::paging::{Page, PageParams};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// List dashboards
///
/// Lists the shared dashboards of a tenant and those of the requester, by id, without their tiles.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/dashboards",
    operation_id = "list_dashboards",
    tag = "dashboards",
    params(PageParams),
    responses(
        (status = 200, description = "A page of dashboards.", body = Page<SummaryView>),
    ),
)]
pub(crate) async fn list_dashboards(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(page): Query<PageParams>,
) -> Result<Response, AdminProblem> {
    let (after, count_max) = (page.after()?, page.limit + 1);
    let found = shared.admin.list_dashboards(&requester, tenant, after, count_max).await?;
    let key_of = |found: &SavedQuestion| found.id.to_string();
    Ok(view(&Page::of(found, page.limit, key_of).map(SummaryView::of)))
}
