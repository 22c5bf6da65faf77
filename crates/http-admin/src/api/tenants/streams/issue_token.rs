//! `POST /api/v1/tenants/{tenant}/stream/token`: issues a stream token.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::view;
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A stream token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct StreamToken {
    /// The value of the parameter `token` of streams.
    #[schema(format = Password)]
    token: String,
    /// When it expires. Streams that were opened with it go on.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    expires: String,
}

/// Issue a stream token
///
/// Browsers send no header `Authorization` when they open a stream, and pages of other origins no
/// session. They open it with a token, which is valid for five minutes and for the streams of the
/// tenant alone, with the rights of the session or the credential that requested it. Not for
/// browser tokens and access tokens.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/stream/token",
    operation_id = "issue_stream_token",
    tag = "streams",
    responses(
        (status = 201, description = "The token, which cannot be retrieved later.",
            body = StreamToken),
    ),
)]
pub(crate) async fn issue_stream_token(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let issued = shared.admin.issue_stream_token(&requester, tenant).await?;
    let token = issued.token.expose().to_owned();
    let mut response = view(&StreamToken { token, expires: issued.expires.to_string() });
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}
