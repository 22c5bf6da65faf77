//! `PATCH /api/v1/account`: changes your name.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::json::{Json, view};
use crate::api::people::view::AccountView;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Changes to your account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnChange {
    /// Your display name.
    #[schema(min_length = 1, max_length = 200)]
    display_name: String,
}

/// Change your name
///
/// Changes the name that other people see.
#[utoipa::path(
    patch,
    path = "/account",
    operation_id = "change_own_account",
    tag = "account",
    request_body = OwnChange,
    responses((status = 200, description = "The changed account.", body = AccountView)),
)]
pub(crate) async fn change_own_account(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    Json(change): Json<OwnChange>,
) -> Result<Response, AdminProblem> {
    let account = shared.admin.rename_own(&requester, &change.display_name).await?;
    Ok(view(&AccountView::read(&shared.admin, &account).await?))
}
