//! `PUT /api/v1/account/second-factor`: a second factor is confirmed by a first code.

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
    /// What the app shows.
    #[schema(example = "123456")]
    code: String,
}

/// Codes for when the app is not at hand.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodesMade {
    /// Each for one use, in place of a code.
    recovery_codes: Vec<String>,
}

/// Confirm your second factor
///
/// From now on a code is asked for beside the password. The recovery codes are told this once.
/// All your other sessions end.
#[utoipa::path(
    put,
    path = "/account/second-factor",
    operation_id = "confirm_second_factor",
    tag = "account",
    request_body = FirstCode,
    responses((status = 200, description = "Recovery codes.", body = RecoveryCodesMade)),
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
