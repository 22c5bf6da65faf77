//! `POST /api/v1/tokens`: a credential exchanges itself for a browser token.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::view::{NewTokenBody, TokenView, show};
use crate::api::json::Json;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Exchange a credential for a browser token
///
/// For the credential that asks, whatever its scopes: for systems that launch content in a
/// browser, which must not hold a real secret. A token cannot be exchanged again.
#[utoipa::path(
    post,
    path = "/tokens",
    operation_id = "exchange_token",
    tag = "tokens",
    request_body = NewTokenBody,
    responses(
        (status = 201, description = "The token, which cannot be had later.", body = TokenView),
        (status = 400, description = "The body is not right, or asks for more than there is."),
        (status = 403, description = "It is no credential that asks."),
    ),
)]
pub(crate) async fn exchange_token(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    Json(new): Json<NewTokenBody>,
) -> Result<Response, AdminProblem> {
    Ok(show(&shared.admin.exchange_own(&requester, new.into()).await?))
}
