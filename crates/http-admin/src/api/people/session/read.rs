//! `GET /api/v1/session`: who asks.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::view::Session;
use crate::api::json::view;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read who asks
///
/// Also tells the token that a page sends along with every request that changes something.
#[utoipa::path(
    get,
    path = "/session",
    operation_id = "read_session",
    tag = "session",
    responses((status = 200, description = "Who asks.", body = Session)),
)]
pub(crate) async fn read_session(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(view(&Session::of(&shared, &requester).await?))
}
