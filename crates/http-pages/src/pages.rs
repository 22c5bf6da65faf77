//! HTML pages: set-up, sign-in, sign-out, one-time links, and the account page. They are forms
//! without scripts.
//!
//! With a session, every form contains its CSRF token. Without one, a form must come from a page of
//! this server, or from a client that is not a browser. The response to a form is a redirect, or
//! the form with its errors.
//!
//! Spec: OWASP ASVS 5.0, 3.3 to 3.5; RFC 9110, 15.4.4.

mod account;
mod form;
mod invitation;
mod provider;
mod qr;
mod reset;
mod setup;
mod shell;
mod signin;
mod signout;

use acta_http::route::{Gate, Route, RouteTable};
use acta_http_admin::Shared;
use axum::middleware::map_response;
use axum::routing::{MethodRouter, get};

/// Every page with its methods. The path of a page is its name in metrics and logs. The query is in
/// neither, because it may contain tokens.
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
        let methods = methods.layer(map_response(shell::as_page));
        table.path(path, Route::new(path, Gate::Guest), methods)
    })
}
