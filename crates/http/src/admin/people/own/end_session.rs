//! `DELETE /api/v1/account/sessions/{session}`: you are signed out elsewhere.

use axum::extract::State;
use axum::response::Response;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::path::Id;
use crate::admin::people::done;
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// End one of your sessions
///
/// Those of other people are not found.
#[utoipa::path(
    delete,
    path = "/account/sessions/{session}",
    operation_id = "end_session",
    tag = "account",
    params(("session" = String, Path, description = "The id of the session.")),
    responses((status = 204, description = "It has ended.")),
)]
pub(in crate::admin) async fn end_session(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Id(session): Id<String>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, Problem> {
    shared.admin.end_session(&asker, &session).await?;
    Ok(done())
}
