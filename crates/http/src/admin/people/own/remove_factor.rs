//! `DELETE /api/v1/account/second-factor`: no code is asked for any more.

use axum::extract::State;
use axum::response::Response;

use super::begin_factor::CurrentPassword;
use crate::Shared;
use crate::admin::Administrator;
use crate::admin::json::Json;
use crate::admin::people::done;
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Remove your second factor
///
/// From now on the password alone suffices.
#[utoipa::path(
    delete,
    path = "/account/second-factor",
    operation_id = "remove_own_second_factor",
    tag = "account",
    request_body = CurrentPassword,
    responses((status = 204, description = "No code is asked for any more.")),
)]
pub(in crate::admin) async fn remove_own_second_factor(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Query(NoParams): Query<NoParams>,
    Json(shown): Json<CurrentPassword>,
) -> Result<Response, Problem> {
    shared.admin.remove_factor(&asker, &shown.current_password).await?;
    Ok(done())
}
