//! `POST /api/v1/tenants/{tenant}/questions`: saves a question.

use acta_access::TenantId;
use acta_admin::{Idempotency, Idempotent};
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::SavedQuestion;
use axum::extract::State;
use axum::response::Response;

use super::asking::ask;
use super::body::QuestionBody;
use super::view::QuestionView;
use crate::api::idempotency::{IdempotentBody, answer_created, encode_answer};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Save a question
///
/// Saves a question, a statement in SQL or an analysis under a name. It is asked once, with the
/// rights of the requester, and saved only if there is an answer.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/questions",
    operation_id = "save_question",
    tag = "questions",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            pattern = "^[!-~]+$",
            description = "Identifies the request: a repetition with the same key within a day \
                           creates nothing.")
    ),
    request_body = QuestionBody,
    responses(
        (status = 201, description = "The question was saved, now or by the first request with \
                                      this key.",
            body = QuestionView,
            headers(
                ("ETag" = String, description = "The version of the resource."),
                ("Location" = String, description = "The path of the new resource."),
            )),
        (status = 409, description = "Another saved question has this name, or the tenant has the \
                                      maximum number of them, or the requester that of those that \
                                      are not shared."),
        (status = 422, description = "The answer needs too much memory."),
        (status = 503, description = "It took too long."),
    ),
)]
pub(crate) async fn save_question(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    IdempotentBody { new, key }: IdempotentBody<QuestionBody>,
) -> Result<Response, AdminProblem> {
    let show = |question: &SavedQuestion| {
        let path = format!("/tenants/{tenant}/questions/{}", question.id);
        (path, QuestionView::of(question))
    };
    let answered = shared.admin.permit_saving_questions(&requester, tenant, key.as_ref()).await?;
    if let Some(answer) = answered {
        return Ok(answer_created(&Idempotent::Replayed(answer), show));
    }
    let draft = new.into_draft()?;
    ask(&shared, &requester, tenant, (draft.kind, &draft.question)).await?;
    let once = Idempotency { key: key.as_ref(), encode: &|made| encode_answer(show(made)) };
    let made = shared.admin.save_question(&requester, tenant, draft, once).await?;
    Ok(answer_created(&made, show))
}
