//! `POST /api/v1/session`: somebody signs in.

use acta_admin::{Asker, SignIn, SignedIn};
use axum::extract::State;
use axum::response::Response;
use hyper::header::SET_COOKIE;
use serde::Deserialize;
use utoipa::ToSchema;

use super::read::Session;
use crate::Shared;
use crate::admin::json::{Json, view};
use crate::edge::cookie;
use crate::edge::{ClientAddress, NoParams, Query};
use crate::problem::Problem;

/// What somebody presents to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Presented {
    /// The address of the account.
    email: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
    /// A code of the second factor, or a recovery code, if the account has one.
    code: Option<String>,
}

/// The answer to whoever has become known: the view of the session, and its cookie.
pub(in crate::admin) async fn welcome(
    shared: &Shared,
    signed_in: SignedIn,
    from: &str,
) -> Result<Response, Problem> {
    let token = signed_in.token.clone();
    let mut response = view(&Session::of(shared, &Asker::of(signed_in, from)).await?);
    let value = cookie::begin(shared, token.expose()).ok_or_else(Problem::internal)?;
    response.headers_mut().insert(SET_COOKIE, value);
    Ok(response)
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
    request_body = Presented,
    responses((
        status = 200,
        description = "Who has signed in.",
        body = Session,
        headers(("Set-Cookie" = String, description = "The cookie of the session.")),
    )),
    security(()),
)]
pub(in crate::admin) async fn sign_in(
    State(shared): State<Shared>,
    client: ClientAddress,
    Query(NoParams): Query<NoParams>,
    Json(presented): Json<Presented>,
) -> Result<Response, Problem> {
    let from = client.to_string();
    let sign_in = SignIn {
        email: &presented.email,
        password: &presented.password,
        code: presented.code.as_deref(),
        from: &from,
    };
    welcome(&shared, shared.admin.sign_in(&sign_in).await?, &from).await
}
