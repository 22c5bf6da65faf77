//! `POST /api/v1/accounts/{account}/reset`: a link to choose a new password.

use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;
use hyper::HeaderMap;

use super::create::AccountLink;
use crate::Shared;
use crate::admin::Administrator;
use crate::admin::json::view;
use crate::admin::path::Id;
use crate::admin::people::address_of;
use crate::admin::people::view::AccountView;
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Make a link to choose a new password
///
/// For a person who has forgotten theirs; to be sent by whoever asks. It is told this once, and
/// voids all earlier ones. Until it is used the old password holds.
#[utoipa::path(
    post,
    path = "/accounts/{account}/reset",
    operation_id = "reset_account",
    tag = "accounts",
    params(("account" = String, Path, format = "uuid", description = "The id of the account.")),
    responses((status = 200, description = "The account and its link.", body = AccountLink)),
)]
pub(in crate::admin) async fn reset_account(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Id(account): Id<AccountId>,
    Query(NoParams): Query<NoParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let made = shared.admin.reset_account(&asker, account).await?;
    let token = made.token.expose();
    Ok(view(&AccountLink {
        account: AccountView::read(&shared.admin, &made.account).await?,
        token: Some(token.to_owned()),
        link: address_of(&shared, &headers, &format!("/reset?token={token}")),
        expires: made.ticket.expires.to_string(),
    }))
}
