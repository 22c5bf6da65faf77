//! `GET /api/v1/session`: reads the current session.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::view::Session;
use crate::api::json::view;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read the current session
///
/// Also returns the CSRF token that a page must send with every request that changes something.
#[utoipa::path(
    get,
    path = "/session",
    operation_id = "read_session",
    tag = "session",
    responses((status = 200, description = "The current session.", body = Session)),
)]
pub(crate) async fn read_session(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(view(&Session::of(&shared, &requester).await?))
}
