//! The admin API, below `/api/v1`: one folder for each noun, one file for each verb.
//!
//! A request is let in by [`admit`] before its body is read. Arguments of handlers are checks:
//! [`Administrator`], [`Json`], [`crate::edge::Query`] with [`PageParams`], [`Id`],
//! [`IdempotencyKey`], [`IfMatch`]. Answers are views with a schema each, from which, with the
//! handlers, [`openapi::text`] makes the OpenAPI document.

mod caller;
pub(crate) mod cookie;
mod json;
pub(crate) mod openapi;
mod paging;
mod path;
mod people;
mod reference;
mod repeating;
mod server;
mod versioned;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::StatusCode;
use hyper::header::ALLOW;

use crate::Shared;
pub(crate) use caller::{Administrator, Local, Visitor, admit, check_csrf_header, is_csrf_token};

/// Where everything is.
const BASE: &str = "/api/v1";

/// Who comes through to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Anybody, without a body.
    Open,
    /// Anybody: whoever asks is about to become known, or does not need to.
    Guest,
    /// Those of whom it is known who they are.
    Known,
}

/// The nouns, with the name of each in metrics and logs.
const NOUNS: &[(&str, &str, Gate)] = &[
    ("server", "api/server", Gate::Known),
    ("tenants", "api/tenants", Gate::Known),
    ("accounts", "api/accounts", Gate::Known),
    ("account", "api/account", Gate::Known),
    ("session", "api/session", Gate::Guest),
    ("links", "api/links", Gate::Guest),
];

/// What anybody may read: it tells nothing about this server.
const PUBLIC: &[(&str, &str)] =
    &[("", "api/reference"), ("/", "api/reference"), ("/openapi.json", "api/openapi")];

/// The methods that some resource knows.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Every resource with its methods. HEAD has become GET before, and OPTIONS is answered.
pub(crate) fn routes() -> Router<Shared> {
    let resources = Router::new()
        .route("/", get(reference::get_reference))
        .route("/openapi.json", get(openapi::get_openapi))
        .route("/server", get(server::read_server))
        .merge(people::routes());
    Router::new().nest(BASE, resources).route("/api/v1/", get(reference::get_reference))
}

/// The name of a route, and who comes through; none if it is not of this API.
pub(crate) fn route_of(path: &str) -> Option<(&'static str, Gate)> {
    let rest = path.strip_prefix(BASE)?;
    if let Some((_, name)) = PUBLIC.iter().find(|(public, _)| *public == rest) {
        return Some((name, Gate::Open));
    }
    let noun = rest.strip_prefix('/')?.split('/').next().unwrap_or_default();
    let known = NOUNS.iter().find(|(known, _, _)| *known == noun);
    Some(known.map_or(("api/other", Gate::Open), |(_, name, gate)| (name, *gate)))
}

/// The answer to an OPTIONS request: pages of other origins are told nothing.
pub(crate) fn answer_options() -> Response {
    (StatusCode::NO_CONTENT, [(ALLOW, METHODS)]).into_response()
}

#[cfg(test)]
mod tests;
