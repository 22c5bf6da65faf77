//! `DELETE /api/v1/accounts/{account}/second-factor`: removes a second factor that was lost.

use acta_http::edge::{NoParams, Query};
use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;

use crate::api::json::done;
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Remove the second factor of an account
///
/// For a person who has lost it. All sessions of the account end.
#[utoipa::path(
    delete,
    path = "/accounts/{account}/second-factor",
    operation_id = "remove_second_factor",
    tag = "accounts",
    responses((status = 204, description = "The second factor was removed.")),
)]
pub(crate) async fn remove_second_factor(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(account): Id<AccountId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    shared.admin.remove_factor_of(&requester, account).await?;
    Ok(done())
}
