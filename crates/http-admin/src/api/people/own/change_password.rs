//! `PUT /api/v1/account/password`: changes your password.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::json::Json;
use crate::api::json::done;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// The new and the current password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The current password. It may be missing if the account has none: then you must have signed
    /// in within the last 15 minutes.
    #[schema(format = Password)]
    current_password: Option<String>,
    /// The new password.
    #[schema(format = Password, max_length = 128)]
    new_password: String,
}

/// Change your password
///
/// Or set the first one. All your other sessions end.
#[utoipa::path(
    put,
    path = "/account/password",
    operation_id = "change_password",
    tag = "account",
    request_body = PasswordChange,
    responses((status = 204, description = "The password was changed.")),
)]
pub(crate) async fn change_password(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    Json(change): Json<PasswordChange>,
) -> Result<Response, AdminProblem> {
    let PasswordChange { current_password, new_password } = change;
    let current = current_password.unwrap_or_default();
    shared.admin.change_password(&requester, &current, &new_password).await?;
    Ok(done())
}
