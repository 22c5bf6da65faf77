//! `GET /api/v1/tenants/{tenant}/facts` and `GET /api/v1/facts`: how far facts go.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::view::{FactsOfTenant, TenantFacts};
use crate::api::json::view;
use crate::api::paging::{Page, PageParams};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_http_facts::no_facts;

/// Read the state of facts
///
/// Returns how many facts of the tenant this server has, and how far they go.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/facts",
    operation_id = "read_facts",
    tag = "facts",
    responses(
        (status = 200, description = "The state of the facts.", body = TenantFacts),
    ),
)]
pub(crate) async fn read_facts(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let statements = shared.admin.count_statements(&requester, tenant).await?;
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    Ok(view(&TenantFacts::read(facts, tenant, statements)))
}

/// List the state of facts of all tenants
///
/// Returns how many facts of each tenant this server has, and how far they go. For operators of the
/// server.
#[utoipa::path(
    get,
    path = "/facts",
    operation_id = "list_facts",
    tag = "facts",
    params(PageParams),
    responses(
        (status = 200, description = "A page of the facts of tenants.", body = Page<FactsOfTenant>),
    ),
)]
pub(crate) async fn list_facts(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(params): Query<PageParams>,
) -> Result<Response, AdminProblem> {
    let after: Option<TenantId> = params.after()?;
    let counted = shared.admin.count_all_statements(&requester, after, params.limit + 1).await?;
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    let states =
        counted.into_iter().map(|(tenant, count)| FactsOfTenant::read(facts, tenant, count));
    Ok(view(&Page::of(states.collect(), params.limit, |state| state.tenant.to_string())))
}
