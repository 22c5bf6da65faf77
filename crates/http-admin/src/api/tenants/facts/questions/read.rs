//! `GET /api/v1/tenants/{tenant}/questions/{question}`: a saved question.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::QuestionId;
use axum::extract::State;
use axum::response::Response;

use super::view::{QuestionView, show};
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read a saved question
///
/// Returns a shared question, or one of the requester, with what it asks.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/questions/{question}",
    operation_id = "read_question",
    tag = "questions",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("question" = String, Path, format = "uuid", description = "The saved question.")
    ),
    responses(
        (status = 200, description = "The saved question.", body = QuestionView,
            headers(("ETag" = String, description = "The version of the resource."))),
    ),
)]
pub(crate) async fn read_question(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, question): Ids<TenantId, QuestionId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(show(&shared.admin.read_question(&requester, tenant, question).await?))
}
