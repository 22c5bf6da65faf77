//! `GET /api/v1/account/identities`: lists your identities at identity providers.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use crate::api::json::view;
use crate::api::people::view::Identities;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// List your identities
///
/// The identities at identity providers with which you can sign in. Lists all of them on one page.
#[utoipa::path(
    get,
    path = "/account/identities",
    operation_id = "list_own_identities",
    tag = "account",
    responses((status = 200, description = "Your identities.", body = Identities)),
)]
pub(crate) async fn list_own_identities(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(view(&Identities::of(&shared.admin.list_own_identities(&requester).await?)))
}
