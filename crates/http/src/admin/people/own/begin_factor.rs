//! `POST /api/v1/account/second-factor`: a second factor is begun.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::json::{Json, view};
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Your password, to show that it is you.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct CurrentPassword {
    /// The one that holds now.
    #[schema(format = Password)]
    pub(super) current_password: String,
}

/// A second factor that waits for its first code.
#[derive(Serialize, ToSchema)]
pub(in crate::admin) struct SecondFactorBegun {
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
pub(in crate::admin) async fn begin_second_factor(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Query(NoParams): Query<NoParams>,
    Json(shown): Json<CurrentPassword>,
) -> Result<Response, Problem> {
    let begun = shared.admin.begin_factor(&asker, &shown.current_password).await?;
    Ok(view(&SecondFactorBegun {
        secret: begun.secret.expose().to_owned(),
        uri: begun.uri.expose().to_owned(),
    }))
}
