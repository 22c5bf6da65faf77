//! `GET /api/v1/account`: the account of the person who asks.

use axum::extract::State;
use axum::response::Response;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::json::view;
use crate::admin::people::view::AccountView;
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Read your account
///
/// Nothing is found for who is no person.
#[utoipa::path(
    get,
    path = "/account",
    operation_id = "read_own_account",
    tag = "account",
    responses((status = 200, description = "Your account.", body = AccountView)),
)]
pub(in crate::admin) async fn read_own_account(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, Problem> {
    let account = asker.account().ok_or_else(Problem::not_found)?;
    Ok(view(&AccountView::read(&shared.admin, account).await?))
}
