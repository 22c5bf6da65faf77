//! `POST /api/v1/session`: somebody signs in.

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

/// What somebody presents to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInBody {
    /// The address of the account.
    email: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
    /// A code of the second factor, or a recovery code, if the account has one.
    code: Option<String>,
}

/// Sign in
///
/// Begins a session, whose cookie the browser keeps. The type of a refusal tells whether a code
/// of the second factor is missing (`code-needed`); nothing tells whether there is such an
/// account. After several failures each further one makes the next attempt wait (429).
#[utoipa::path(
    post,
    path = "/session",
    operation_id = "sign_in",
    tag = "session",
    request_body = SignInBody,
    responses((
        status = 200,
        description = "Who has signed in.",
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
