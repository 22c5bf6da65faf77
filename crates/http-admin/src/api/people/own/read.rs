//! `GET /api/v1/account`: reads your account.

use acta_http::edge::{NoParams, Query};
use acta_http::problem::Problem;
use axum::extract::State;
use axum::response::Response;

use crate::api::json::view;
use crate::api::people::view::AccountView;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read your account
///
/// The response is 404 if the requester is not a person.
#[utoipa::path(
    get,
    path = "/account",
    operation_id = "read_own_account",
    tag = "account",
    responses((status = 200, description = "Your account.", body = AccountView)),
)]
pub(crate) async fn read_own_account(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let account = requester.account().ok_or_else(Problem::not_found)?;
    Ok(view(&AccountView::read(&shared.admin, account).await?))
}
