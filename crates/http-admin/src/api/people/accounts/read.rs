//! `GET /api/v1/accounts/{account}`: reads an account.

use acta_http::edge::{NoParams, Query};
use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;

use crate::api::path::Id;
use crate::api::people::view::AccountView;
use crate::api::versioned::versioned;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read an account
///
/// Returns the account with its role in each tenant.
#[utoipa::path(
    get,
    path = "/accounts/{account}",
    operation_id = "read_account",
    tag = "accounts",
    responses((status = 200, description = "The account.", body = AccountView)),
)]
pub(crate) async fn read_account(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(account): Id<AccountId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let found = shared.admin.read_account(&requester, account).await?;
    let shown = AccountView::read(&shared.admin, &found.value).await?;
    Ok(versioned(&shown, found.record.version))
}
