//! `POST /api/v1/tenants/{tenant}/query`: answers a question about the facts of a tenant.

use acta_access::TenantId;
use acta_facts::{Answer, Question};
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use crate::api::json::{Json, view};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_http_facts::no_facts;

/// Ask a question about facts
///
/// Computes measures of the statements of a tenant, by dimensions, under conditions. For people and
/// credentials that may read all statements of the tenant. The audit records the question if the
/// tenant has enabled this.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/query",
    operation_id = "query_facts",
    tag = "facts",
    request_body = Question,
    responses(
        (status = 200, description = "The answer.", body = Answer),
        (status = 422, description = "The answer needs too much memory."),
        (status = 503, description = "It took too long."),
    ),
)]
pub(crate) async fn query_facts(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(question): Json<Question>,
) -> Result<Response, AdminProblem> {
    let what = question.measures_and_dimensions();
    let permit = shared.admin.permit_question(&requester, tenant, &what).await?;
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    let mut answer = facts.answer(&permit, question).await?;
    if answer.sequence == 0 {
        // There are no facts yet, or no statements.
        answer.is_rebuilding = shared.admin.has_statements(&permit).await?;
    }
    Ok(view(&answer))
}
