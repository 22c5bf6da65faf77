//! `POST /api/v1/session`: signs in.

use acta_admin::SignIn;
use acta_http::edge::{ClientAddress, NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{Session, welcome};
use crate::api::json::Json;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// What a person sends to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInBody {
    /// The e-mail address of the account.
    email: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
    /// A code of the second factor, or a recovery code. Required if the account has a second
    /// factor.
    code: Option<String>,
}

/// Sign in
///
/// Starts a session and sets its cookie. The error type `code-needed` means that a code of the
/// second factor is missing. No response reveals whether an account exists. After several failures,
/// each further failure delays the next attempt (429).
#[utoipa::path(
    post,
    path = "/session",
    operation_id = "sign_in",
    tag = "session",
    request_body = SignInBody,
    responses((
        status = 200,
        description = "The new session.",
        body = Session,
        headers(("Set-Cookie" = String, description = "The cookie of the session.")),
    )),
    security(()),
)]
pub(crate) async fn sign_in(
    State(shared): State<Shared>,
    client: ClientAddress,
    Query(NoParams): Query<NoParams>,
    Json(presented): Json<SignInBody>,
) -> Result<Response, AdminProblem> {
    let from = client.to_string();
    let sign_in = SignIn {
        email: &presented.email,
        password: &presented.password,
        code: presented.code.as_deref(),
        from: &from,
    };
    welcome(&shared, shared.admin.sign_in(&sign_in).await?, &from).await
}
