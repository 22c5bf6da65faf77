//! `DELETE /api/v1/session`: signs out.

use acta_http::edge::{NoParams, Query};
use acta_http::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use hyper::HeaderMap;
use hyper::header::SET_COOKIE;

use crate::api::json::done;
use crate::caller::{Administrator, check_csrf_header};
use crate::cookie;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Sign out
///
/// Ends the current session and invalidates its cookie.
#[utoipa::path(
    delete,
    path = "/session",
    operation_id = "sign_out",
    tag = "session",
    responses((
        status = 204,
        description = "The session has ended.",
        headers(("Set-Cookie" = String, description = "Deletes the cookie.")),
    )),
)]
pub(crate) async fn sign_out(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    headers: HeaderMap,
) -> Result<Response, AdminProblem> {
    check_csrf_header(&shared, &headers, &requester)?;
    let session = requester.session().ok_or_else(Problem::not_found)?;
    shared.admin.end_session(&requester, &session.id).await?;
    let mut response = done();
    if let Some(value) = cookie::end(&shared) {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    Ok(response)
}
