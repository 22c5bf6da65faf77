//! `DELETE /api/v1/tenants/{tenant}/questions/{question}`: removes a saved question.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::QuestionId;
use axum::extract::State;
use hyper::StatusCode;

use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Remove a saved question
///
/// For its owner, and of a shared question for those who may change the settings of the tenant.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant}/questions/{question}",
    operation_id = "remove_question",
    tag = "questions",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("question" = String, Path, format = "uuid", description = "The saved question.")
    ),
    responses((status = 204, description = "The question was removed.")),
)]
pub(crate) async fn remove_question(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, question): Ids<TenantId, QuestionId>,
    Query(NoParams): Query<NoParams>,
) -> Result<StatusCode, AdminProblem> {
    shared.admin.remove_question(&requester, tenant, question).await?;
    Ok(StatusCode::NO_CONTENT)
}
