//! People: their accounts, roles and sessions, and the links by which they come in.

pub(super) mod accounts;
pub(super) mod invitations;
pub(super) mod links;
pub(super) mod members;
pub(super) mod own;
pub(super) mod session;
mod view;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use hyper::StatusCode;

use crate::Shared;

pub(crate) use links::address_of;

/// Every resource of people with its methods.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .merge(tenant_routes())
        .merge(account_routes())
        .route(
            "/session",
            get(session::read_session).post(session::sign_in).delete(session::sign_out),
        )
        .route("/links/read", post(links::read_link))
        .route("/links/accept", post(links::accept_link))
}

fn tenant_routes() -> Router<Shared> {
    let person =
        get(members::read_person).patch(members::change_person).delete(members::remove_person);
    let invitations = get(invitations::list_invitations).post(invitations::create_invitation);
    Router::new()
        .route("/tenants/{tenant}/people", get(members::list_people))
        .route("/tenants/{tenant}/people/{account}", person)
        .route("/tenants/{tenant}/invitations", invitations)
        .route("/tenants/{tenant}/invitations/{invitation}", delete(invitations::remove_invitation))
}

fn account_routes() -> Router<Shared> {
    let account = get(accounts::read_account)
        .patch(accounts::change_account)
        .delete(accounts::remove_account);
    let own_factor = post(own::begin_second_factor)
        .put(own::confirm_second_factor)
        .delete(own::remove_own_second_factor);
    Router::new()
        .route("/accounts", get(accounts::list_accounts).post(accounts::create_account))
        .route("/accounts/{account}", account)
        .route("/accounts/{account}/reset", post(accounts::reset_account))
        .route("/accounts/{account}/second-factor", delete(accounts::remove_second_factor))
        .route("/account", get(own::read_own_account).patch(own::change_own_account))
        .route("/account/password", put(own::change_password))
        .route("/account/second-factor", own_factor)
        .route("/account/sessions", get(own::list_sessions))
        .route("/account/sessions/{session}", delete(own::end_session))
}

/// The answer to what was done and has nothing to show.
fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
