//! `POST /api/v1/accounts/{account}/reset`: creates a link for choosing a new password.

use acta_http::edge::{NoParams, Query};
use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;

use super::create::AccountLink;
use crate::api::json::view;
use crate::api::path::Id;
use crate::api::people::address::{OwnHost, address_of};
use crate::api::people::view::AccountView;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Create a password reset link
///
/// For a person who has forgotten the password. Send the link to the person yourself: it is
/// returned only once, and invalidates all earlier ones. The old password stays valid until the
/// link is used.
#[utoipa::path(
    post,
    path = "/accounts/{account}/reset",
    operation_id = "reset_account",
    tag = "accounts",
    responses((status = 200, description = "The account and its link.", body = AccountLink)),
)]
pub(crate) async fn reset_account(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(account): Id<AccountId>,
    Query(NoParams): Query<NoParams>,
    host: OwnHost,
) -> Result<Response, AdminProblem> {
    let made = shared.admin.reset_account(&requester, account).await?;
    let token = made.token.expose();
    Ok(view(&AccountLink {
        account: AccountView::read(&shared.admin, &made.account).await?,
        token: Some(token.to_owned()),
        link: address_of(&shared, &host, &format!("/reset?token={token}")),
        expires: made.ticket.expires.to_string(),
    }))
}
