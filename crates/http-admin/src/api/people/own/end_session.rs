//! `DELETE /api/v1/account/sessions/{session}`: ends one of your sessions.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use crate::api::json::done;
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// End one of your sessions
///
/// Sessions of other people are not found.
#[utoipa::path(
    delete,
    path = "/account/sessions/{session}",
    operation_id = "end_session",
    tag = "account",
    responses((status = 204, description = "The session has ended.")),
)]
pub(crate) async fn end_session(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(session): Id<String>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    shared.admin.end_session(&requester, &session).await?;
    Ok(done())
}
