//! `PUT /api/v1/tenants/{tenant}/questions/{question}`: replaces a saved question.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::QuestionId;
use axum::extract::State;
use axum::response::Response;

use super::asking::ask;
use super::body::QuestionBody;
use super::view::{QuestionView, show};
use crate::api::json::Json;
use crate::api::path::Ids;
use crate::api::versioned::IfMatch;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Change a saved question
///
/// Replaces everything but its owner. For its owner, and of a shared question for those who may
/// change the settings of the tenant. It is asked once, as when it is saved.
#[utoipa::path(
    put,
    path = "/tenants/{tenant}/questions/{question}",
    operation_id = "change_question",
    tag = "questions",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("question" = String, Path, format = "uuid", description = "The saved question."),
        ("If-Match" = String, Header, description = "The ETag of the version that was read, or *.")
    ),
    request_body = QuestionBody,
    responses(
        (status = 200, description = "The changed question.", body = QuestionView,
            headers(("ETag" = String, description = "The version of the resource."))),
        (status = 409, description = "Another saved question has this name."),
        (status = 422, description = "The answer needs too much memory."),
        (status = 503, description = "It took too long."),
    ),
)]
pub(crate) async fn change_question(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, question): Ids<TenantId, QuestionId>,
    (Query(NoParams), version): (Query<NoParams>, IfMatch),
    Json(body): Json<QuestionBody>,
) -> Result<Response, AdminProblem> {
    let of = (tenant, question);
    shared.admin.permit_changing_question(&requester, of, version.versions()).await?;
    let draft = body.into_draft()?;
    ask(&shared, &requester, tenant, (draft.kind, &draft.question)).await?;
    Ok(show(&shared.admin.change_question(&requester, of, draft, version.versions()).await?))
}
