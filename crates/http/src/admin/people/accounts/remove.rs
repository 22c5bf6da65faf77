//! `DELETE /api/v1/accounts/{account}`: an account is removed.

use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::path::Id;
use crate::admin::people::done;
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Remove an account
///
/// With its roles, sessions and links. The last account that runs the server, and the last
/// owner of a tenant, stay.
#[utoipa::path(
    delete,
    path = "/accounts/{account}",
    operation_id = "remove_account",
    tag = "accounts",
    params(("account" = String, Path, format = "uuid", description = "The id of the account.")),
    responses((status = 204, description = "It is gone.")),
)]
pub(in crate::admin) async fn remove_account(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Id(account): Id<AccountId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, Problem> {
    shared.admin.remove_account(&asker, account).await?;
    Ok(done())
}
