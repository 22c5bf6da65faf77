//! The admin API, below `/api/v1`: one folder for each noun, one file for each verb.
//!
//! A request is let in by [`admit`] before its body is read. Arguments of handlers are checks:
//! [`Administrator`], [`Json`], [`crate::edge::Query`] with [`PageParams`], [`Id`],
//! [`IdempotencyKey`], [`IfMatch`]. Answers are views with a schema each, from which, with the
//! handlers, [`openapi::text`] makes the OpenAPI document.

mod caller;
mod json;
pub(crate) mod openapi;
#[cfg_attr(not(test), expect(dead_code, reason = "for nouns that people change"))]
mod paging;
mod path;
mod reference;
#[cfg(test)]
mod repeating;
mod server;
mod versioned;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::StatusCode;
use hyper::header::ALLOW;

use crate::Shared;
pub(crate) use caller::{Administrator, Local, admit};

/// Where everything is.
const BASE: &str = "/api/v1";

/// The nouns, with the name of each in metrics and logs.
const NOUNS: &[(&str, &str)] = &[("server", "api/server")];

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
        .route("/server", get(server::read_server));
    Router::new().nest(BASE, resources).route("/api/v1/", get(reference::get_reference))
}

/// The name of a route, and whether it must be known who asks; none if it is not of this API.
pub(crate) fn route_of(path: &str) -> Option<(&'static str, bool)> {
    let rest = path.strip_prefix(BASE)?;
    if let Some((_, name)) = PUBLIC.iter().find(|(public, _)| *public == rest) {
        return Some((name, false));
    }
    let noun = rest.strip_prefix('/')?.split('/').next().unwrap_or_default();
    let known = NOUNS.iter().find(|(known, _)| *known == noun);
    Some(known.map_or(("api/other", false), |(_, name)| (name, true)))
}

/// The answer to an OPTIONS request: pages of other origins are told nothing.
pub(crate) fn answer_options() -> Response {
    (StatusCode::NO_CONTENT, [(ALLOW, METHODS)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_told_apart_by_their_noun() {
        let table = [
            ("/api/v1", Some(("api/reference", false))),
            ("/api/v1/", Some(("api/reference", false))),
            ("/api/v1/openapi.json", Some(("api/openapi", false))),
            ("/api/v1/server", Some(("api/server", true))),
            ("/api/v1/server/x/y", Some(("api/server", true))),
            ("/api/v1/nothing", Some(("api/other", false))),
            ("/api/v1/openapi.json/x", Some(("api/other", false))),
            ("/api/v10", None),
            ("/api/v2/server", None),
            ("/xapi/about", None),
        ];
        for (path, expected) in table {
            assert_eq!(route_of(path), expected, "{path}");
        }
    }
}
