//! `DELETE /api/v1/accounts/{account}/second-factor`: for those who have lost theirs.

use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::path::Id;
use crate::admin::people::done;
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Take the second factor off an account
///
/// For a person who has lost it. The account is signed out everywhere.
#[utoipa::path(
    delete,
    path = "/accounts/{account}/second-factor",
    operation_id = "remove_second_factor",
    tag = "accounts",
    params(("account" = String, Path, format = "uuid", description = "The id of the account.")),
    responses((status = 204, description = "No code is asked for any more.")),
)]
pub(in crate::admin) async fn remove_second_factor(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Id(account): Id<AccountId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, Problem> {
    shared.admin.remove_factor_of(&asker, account).await?;
    Ok(done())
}
