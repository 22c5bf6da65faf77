//! `POST /api/v1/account/second-factor`: starts the set-up of a second factor.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::json::{Json, view};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Your password, as a confirmation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CurrentPassword {
    /// The current password. It may be missing if the account has none: then you must have signed
    /// in within the last 15 minutes.
    #[schema(format = Password)]
    current_password: Option<String>,
}

impl CurrentPassword {
    /// The password, or an empty text.
    pub(super) fn text(&self) -> &str {
        self.current_password.as_deref().unwrap_or_default()
    }
}

/// A second factor that is not confirmed yet.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecondFactorBegun {
    /// The secret to enter in an authenticator app.
    secret: String,
    /// The same as an `otpauth:` URI for a QR code.
    uri: String,
}

/// Start the set-up of a second factor
///
/// It takes effect once it is confirmed with a first code. The secret is returned only once.
#[utoipa::path(
    post,
    path = "/account/second-factor",
    operation_id = "begin_second_factor",
    tag = "account",
    request_body = CurrentPassword,
    responses((
        status = 200,
        description = "The secret for an authenticator app.",
        body = SecondFactorBegun,
    )),
)]
pub(crate) async fn begin_second_factor(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    Json(shown): Json<CurrentPassword>,
) -> Result<Response, AdminProblem> {
    let begun = shared.admin.begin_factor(&requester, shown.text()).await?;
    Ok(view(&SecondFactorBegun {
        secret: begun.secret.expose().to_owned(),
        uri: begun.uri.expose().to_owned(),
    }))
}
