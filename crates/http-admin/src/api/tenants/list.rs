//! `GET /api/v1/tenants`: lists the tenants that are visible to the requester.

use acta_http::edge::Query;
use acta_storage::directory::{Tenant, Versioned};
use axum::extract::State;
use axum::response::Response;

use super::view::TenantView;
use crate::api::json::view;
use crate::api::paging::{Page, PageParams};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// List tenants
///
/// Lists tenants by id: operators of the server see all tenants, other people those in which they
/// have a role, and a credential its own.
#[utoipa::path(
    get,
    path = "/tenants",
    operation_id = "list_tenants",
    tag = "tenants",
    params(PageParams),
    responses(
        (status = 200, description = "A page of tenants.", body = Page<TenantView>),
        (status = 403, description = "A scope for administration is missing."),
    ),
)]
pub(crate) async fn list_tenants(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(params): Query<PageParams>,
) -> Result<Response, AdminProblem> {
    let after = params.after()?;
    let tenants = shared.admin.list_tenants(&requester, after, params.limit + 1).await?;
    let key_of = |tenant: &Versioned<Tenant>| tenant.value.id.to_string();
    let page = Page::of(tenants, params.limit, key_of);
    Ok(view(&page.map(|tenant| TenantView::of(&tenant.value))))
}
