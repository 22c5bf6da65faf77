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
mod provider;
mod reset;
mod setup;
mod shell;
mod signin;
mod signout;

use acta_http::route::{Gate, Route, RouteTable};
use axum::routing::{MethodRouter, get};

use crate::state::Shared;

/// Every page with its methods. The address of a page is its name in metrics and logs. What
/// follows a `?` is in neither: there are tokens in it.
pub(crate) fn table() -> RouteTable<Shared> {
    let pages: [(&'static str, MethodRouter<Shared>); 8] = [
        ("/setup", get(setup::get_setup).post(setup::post_setup)),
        ("/signin", get(signin::get_signin).post(signin::post_signin)),
        (provider::BEGIN_PATH, get(provider::begin)),
        (provider::CALLBACK_PATH, get(provider::finish)),
        ("/signout", get(signout::get_signout).post(signout::post_signout)),
        ("/invitation", get(invitation::get_invitation).post(invitation::post_invitation)),
        ("/reset", get(reset::get_reset).post(reset::post_reset)),
        ("/account", get(account::get_account).post(account::post_account)),
    ];
    pages.into_iter().fold(RouteTable::default(), |table, (path, methods)| {
        table.path(path, Route::new(path, Gate::Guest), methods)
    })
}
