//! `POST /api/v1/tenants/{tenant}/credentials/{key}/tokens`: issues a browser token.

use acta_access::TenantId;
use axum::extract::State;
use axum::response::Response;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::json::Json;
use crate::admin::path::Ids;
use crate::admin::tokens::{NewTokenBody, TokenView, show};
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Issue a browser token
///
/// It stands for the credential within narrower bounds, and is refused once the credential is
/// removed or expires.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/credentials/{key}/tokens",
    operation_id = "issue_token",
    tag = "tokens",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("key" = String, Path, min_length = 1, description = "The key of the credential.")
    ),
    request_body = NewTokenBody,
    responses(
        (status = 201, description = "The token, which cannot be had later.", body = TokenView),
        (status = 400, description = "The body is not right, or asks for more than there is."),
        (status = 401, description = "It is not known who asks."),
        (status = 403, description = "A permission is missing."),
        (status = 404, description = "There is no such credential, or none to know of."),
        (status = 409, description = "The tenant is not served, or the credential has expired."),
        (status = 415, description = "The body is not JSON."),
    ),
)]
pub(crate) async fn issue_token(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Ids(tenant, key): Ids<TenantId, String>,
    Query(NoParams): Query<NoParams>,
    Json(new): Json<NewTokenBody>,
) -> Result<Response, Problem> {
    Ok(show(&shared.admin.issue_token(&asker, (tenant, &key), new.into()).await?))
}
