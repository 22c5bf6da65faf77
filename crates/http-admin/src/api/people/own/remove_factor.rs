//! `DELETE /api/v1/account/second-factor`: removes your second factor.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::begin_factor::CurrentPassword;
use crate::api::json::Json;
use crate::api::json::done;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Remove your second factor
///
/// From now on the password alone is sufficient.
#[utoipa::path(
    delete,
    path = "/account/second-factor",
    operation_id = "remove_own_second_factor",
    tag = "account",
    request_body = CurrentPassword,
    responses((status = 204, description = "The second factor was removed.")),
)]
pub(crate) async fn remove_own_second_factor(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    Json(shown): Json<CurrentPassword>,
) -> Result<Response, AdminProblem> {
    shared.admin.remove_factor(&requester, shown.text()).await?;
    Ok(done())
}
