//! `PUT /api/v1/account/second-factor`: confirms a second factor with a first code.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::json::{Json, view};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A first code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstCode {
    /// The code that the app shows.
    #[schema(example = "123456")]
    code: String,
}

/// Recovery codes for when the app is not available.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodesMade {
    /// Each replaces a code once.
    recovery_codes: Vec<String>,
}

/// Confirm your second factor
///
/// From now on sign-in requires a code in addition to the password. The recovery codes are returned
/// only once. All your other sessions end.
#[utoipa::path(
    put,
    path = "/account/second-factor",
    operation_id = "confirm_second_factor",
    tag = "account",
    request_body = FirstCode,
    responses((status = 200, description = "The recovery codes.", body = RecoveryCodesMade)),
)]
pub(crate) async fn confirm_second_factor(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    Json(first): Json<FirstCode>,
) -> Result<Response, AdminProblem> {
    let codes = shared.admin.confirm_factor(&requester, &first.code).await?;
    let recovery_codes = codes.0.iter().map(|code| code.expose().to_owned()).collect();
    Ok(view(&RecoveryCodesMade { recovery_codes }))
}
