//! `DELETE /api/v1/accounts/{account}`: removes an account.

use acta_http::edge::{NoParams, Query};
use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;

use crate::api::json::done;
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Remove an account
///
/// Also removes its roles, sessions and links. The last operator of the server and the last owner
/// of a tenant cannot be removed.
#[utoipa::path(
    delete,
    path = "/accounts/{account}",
    operation_id = "remove_account",
    tag = "accounts",
    responses((status = 204, description = "The account was removed.")),
)]
pub(crate) async fn remove_account(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(account): Id<AccountId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    shared.admin.remove_account(&requester, account).await?;
    Ok(done())
}
