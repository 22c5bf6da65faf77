//! `DELETE /api/v1/accounts/{account}/identities/{identity}`: removes an identity of an account.

use acta_http::edge::{NoParams, Query};
use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;

use crate::api::json::done;
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Remove an identity of an account
///
/// From now on nobody can sign in with it. All sessions of the account end.
#[utoipa::path(
    delete,
    path = "/accounts/{account}/identities/{identity}",
    operation_id = "remove_identity",
    tag = "accounts",
    responses((status = 204, description = "The identity was removed.")),
)]
pub(crate) async fn remove_identity(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(account, identity): Ids<AccountId, String>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    shared.admin.remove_identity(&requester, account, &identity).await?;
    Ok(done())
}
