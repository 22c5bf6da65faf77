//! `POST /api/v1/tenants/{tenant}/facts/rebuild` and `POST /api/v1/facts/rebuild`: has facts made
//! again.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::view::TenantFacts;
use crate::api::json::{done, view};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_http_facts::no_facts;

/// Rebuild the facts of a tenant
///
/// Removes the facts of the tenant from this server, and makes them again from its statements.
/// Until they are as far as they were, answers have `is_rebuilding`. For operators of the server.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/facts/rebuild",
    operation_id = "rebuild_facts",
    tag = "facts",
    responses((status = 200, description = "The state of the facts.", body = TenantFacts)),
)]
pub(crate) async fn rebuild_facts(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let statements = shared.admin.permit_rebuilding_facts(&requester, tenant).await?;
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    facts.rebuild(tenant);
    Ok(view(&TenantFacts::read(facts, tenant, statements)))
}

/// Rebuild the facts of all tenants
///
/// Removes all facts from this server, and makes them again. For operators of the server.
#[utoipa::path(
    post,
    path = "/facts/rebuild",
    operation_id = "rebuild_all_facts",
    tag = "facts",
    responses((status = 204, description = "The facts are being made again.")),
)]
pub(crate) async fn rebuild_all_facts(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    shared.admin.permit_rebuilding_all_facts(&requester).await?;
    shared.facts.as_ref().ok_or_else(no_facts)?.rebuild_all()?;
    Ok(done())
}
