//! The pages for people who have no console: setting up, signing in and out, links that were
//! sent, one's own account. They are forms that need no scripts.
//!
//! Whoever has signed in sends the token of the session along with each form. Before that, a
//! form comes from a page of this server or, where no browser tells, from no browser. Each form
//! that was sent is answered with a redirect, or with the form and what is wrong in it.
//!
//! Spec: OWASP ASVS 5.0, 3.3 to 3.5; RFC 9110, 15.4.4.

mod account;
mod form;
mod invitation;
pub(crate) mod markup;
mod reset;
mod setup;
mod shell;
mod signin;
mod signout;

use axum::Router;
use axum::routing::get;

use crate::Shared;

/// The addresses, which are their names in metrics and logs. What follows a `?` is in neither:
/// there are tokens in it.
const PATHS: [&str; 6] = ["/setup", "/signin", "/signout", "/invitation", "/reset", "/account"];

/// The name of a page; none if it is none of these.
pub(crate) fn route_of(path: &str) -> Option<&'static str> {
    PATHS.into_iter().find(|known| *known == path)
}

/// Every page with its methods.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/setup", get(setup::get_setup).post(setup::post_setup))
        .route("/signin", get(signin::get_signin).post(signin::post_signin))
        .route("/signout", get(signout::get_signout).post(signout::post_signout))
        .route("/invitation", get(invitation::get_invitation).post(invitation::post_invitation))
        .route("/reset", get(reset::get_reset).post(reset::post_reset))
        .route("/account", get(account::get_account).post(account::post_account))
}
