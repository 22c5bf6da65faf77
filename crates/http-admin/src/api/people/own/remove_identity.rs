//! `DELETE /api/v1/account/identities/{identity}`: removes one of your identities.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::begin_factor::CurrentPassword;
use crate::api::json::{Json, done};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Remove one of your identities
///
/// From now on you cannot sign in with it. All your other sessions end. The only way to sign in to
/// an account cannot be removed.
#[utoipa::path(
    delete,
    path = "/account/identities/{identity}",
    operation_id = "remove_own_identity",
    tag = "account",
    request_body = CurrentPassword,
    responses(
        (status = 204, description = "The identity was removed."),
        (status = 409, description = "It is the only way to sign in; or the account has no \
                                      password, and the session is older than 15 minutes."),
    ),
)]
pub(crate) async fn remove_own_identity(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(identity): Id<String>,
    Query(NoParams): Query<NoParams>,
    Json(shown): Json<CurrentPassword>,
) -> Result<Response, AdminProblem> {
    shared.admin.remove_own_identity(&requester, &identity, shown.text()).await?;
    Ok(done())
}
