//! `POST /api/v1/tokens`: exchanges a credential for a browser token.

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
/// For the credential that authenticates the request, with any scopes. Use it in systems that
/// launch content in a browser, which must not hold the secret of a credential. A token cannot be
/// exchanged again.
#[utoipa::path(
    post,
    path = "/tokens",
    operation_id = "exchange_token",
    tag = "tokens",
    request_body = NewTokenBody,
    responses(
        (
            status = 201,
            description = "The token, which cannot be retrieved later.",
            body = TokenView,
        ),
        (status = 400, description = "The body is not valid, or requests more than the credential \
                                      permits."),
        (status = 403, description = "The request is not authenticated by a credential."),
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
