//! `GET /api/v1/accounts/{account}`: an account of the server.

use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::path::Id;
use crate::admin::people::view::AccountView;
use crate::admin::versioned::versioned;
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Read an account
///
/// Who it is, and what it is in each tenant.
#[utoipa::path(
    get,
    path = "/accounts/{account}",
    operation_id = "read_account",
    tag = "accounts",
    params(("account" = String, Path, format = "uuid", description = "The id of the account.")),
    responses((status = 200, description = "The account.", body = AccountView)),
)]
pub(in crate::admin) async fn read_account(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Id(account): Id<AccountId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, Problem> {
    let found = shared.admin.read_account(&asker, account).await?;
    let shown = AccountView::read(&shared.admin, &found.value).await?;
    Ok(versioned(&shown, found.record.version))
}
