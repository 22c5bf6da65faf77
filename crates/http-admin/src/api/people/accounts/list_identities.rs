//! `GET /api/v1/accounts/{account}/identities`: lists the identities of an account.

use acta_http::edge::{NoParams, Query};
use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;

use crate::api::json::view;
use crate::api::path::Id;
use crate::api::people::view::Identities;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// List the identities of an account
///
/// The identities at identity providers with which the person can sign in. Lists all of them on
/// one page.
#[utoipa::path(
    get,
    path = "/accounts/{account}/identities",
    operation_id = "list_identities",
    tag = "accounts",
    responses((status = 200, description = "The identities.", body = Identities)),
)]
pub(crate) async fn list_identities(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(account): Id<AccountId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(view(&Identities::of(&shared.admin.list_identities(&requester, account).await?)))
}
