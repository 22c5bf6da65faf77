//! `POST /api/v1/account/second-factor`: a second factor is begun.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::json::{Json, view};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Your password, to show that it is you.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CurrentPassword {
    /// The one that holds now.
    #[schema(format = Password)]
    pub(super) current_password: String,
}

/// A second factor that waits for its first code.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecondFactorBegun {
    /// The secret, to be typed into an app.
    secret: String,
    /// The same as an address that apps read from a picture.
    uri: String,
}

/// Begin a second factor
///
/// It is asked for only once a first code was shown. What is told here is told this once.
#[utoipa::path(
    post,
    path = "/account/second-factor",
    operation_id = "begin_second_factor",
    tag = "account",
    request_body = CurrentPassword,
    responses((status = 200, description = "What an app needs.", body = SecondFactorBegun)),
)]
pub(crate) async fn begin_second_factor(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    Json(shown): Json<CurrentPassword>,
) -> Result<Response, AdminProblem> {
    let begun = shared.admin.begin_factor(&requester, &shown.current_password).await?;
    Ok(view(&SecondFactorBegun {
        secret: begun.secret.expose().to_owned(),
        uri: begun.uri.expose().to_owned(),
    }))
}
