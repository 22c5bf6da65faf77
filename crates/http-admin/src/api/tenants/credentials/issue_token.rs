//! `POST /api/v1/tenants/{tenant}/credentials/{key}/tokens`: issues a browser token.

use acta_access::TenantId;
use acta_admin::CredentialId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use crate::api::json::Json;
use crate::api::path::Ids;
use crate::api::tokens::view::{NewTokenBody, TokenView, show};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Issue a browser token
///
/// The token acts for the credential with fewer rights. It is refused once the credential is
/// removed or expires.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/credentials/{key}/tokens",
    operation_id = "issue_token",
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
        (status = 409, description = "The tenant is suspended or deleted, or the credential has \
                                      expired."),
    ),
)]
pub(crate) async fn issue_token(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, key): Ids<TenantId, String>,
    Query(NoParams): Query<NoParams>,
    Json(new): Json<NewTokenBody>,
) -> Result<Response, AdminProblem> {
    Ok(show(
        &shared
            .admin
            .issue_token(&requester, CredentialId { tenant, key: &key }, new.into())
            .await?,
    ))
}
