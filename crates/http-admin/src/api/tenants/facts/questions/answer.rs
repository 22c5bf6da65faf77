//! `POST /api/v1/tenants/{tenant}/questions/{question}/answer`: answers a saved question.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::QuestionId;
use axum::extract::State;
use axum::response::Response;

use super::asking::ask;
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Answer a saved question
///
/// Asks it with the rights of the requester, never with those of its owner: about the learners that
/// the requester reaches. The answer is that of `POST …/query`, `POST …/sql` or the analysis, and
/// the audit records the same.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/questions/{question}/answer",
    operation_id = "answer_question",
    tag = "questions",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("question" = String, Path, format = "uuid", description = "The saved question.")
    ),
    responses(
        (status = 200, description = "The answer: of a question, of a statement in SQL, or of \
                                      an analysis.",
            body = serde_json::Value),
        (status = 422, description = "The answer needs too much memory, or is too long."),
        (status = 503, description = "It took too long."),
    ),
)]
pub(crate) async fn answer_question(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, question): Ids<TenantId, QuestionId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let found = shared.admin.read_question(&requester, tenant, question).await?.value;
    Ok(ask(&shared, &requester, tenant, (found.kind, &found.question)).await?)
}
