//! The admin API, below `/api/v1`: one folder for each noun, one file for each verb.
//!
//! A request is let in by [`admit`] before its body is read. Arguments of handlers are checks:
//! [`Administrator`], [`Json`], [`crate::edge::Query`] with [`PageParams`], [`Id`],
//! [`IdempotencyKey`], [`IfMatch`]. Answers are views with a schema each, from which, with the
//! handlers, [`openapi::text`] makes the OpenAPI document.

mod audit;
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
mod tenants;
mod tokens;
mod values;
mod versioned;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
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
    ("audit", "api/audit", Gate::Known),
    ("server", "api/server", Gate::Known),
    ("tenants", "api/tenants", Gate::Known),
    ("tokens", "api/tokens", Gate::Known),
    ("accounts", "api/accounts", Gate::Known),
    ("account", "api/account", Gate::Known),
    ("session", "api/session", Gate::Guest),
    ("links", "api/links", Gate::Guest),
];

/// What anybody may read: it tells nothing about this server.
const PUBLIC: &[(&str, &str)] =
    &[("", "api/reference"), ("/", "api/reference"), ("/openapi.json", "api/openapi")];

/// Every resource with its methods. HEAD has become GET before, and OPTIONS is answered.
pub(crate) fn routes() -> Router<Shared> {
    let resources = Router::new()
        .route("/", get(reference::get_reference))
        .route("/openapi.json", get(openapi::get_openapi))
        .route("/server", get(server::read_server))
        .merge(tenant_routes())
        .merge(audit_routes())
        .merge(people::routes());
    Router::new().nest(BASE, resources).route("/api/v1/", get(reference::get_reference))
}

/// Tenants and what belongs to them.
fn tenant_routes() -> Router<Shared> {
    use tenants::{credentials, statements};

    let tenant = get(tenants::read_tenant).patch(tenants::change_tenant);
    let credentials = get(credentials::list_credentials).post(credentials::create_credential);
    let credential = get(credentials::read_credential)
        .patch(credentials::change_credential)
        .delete(credentials::remove_credential);
    Router::new()
        .route("/tenants", get(tenants::list_tenants).post(tenants::create_tenant))
        .route("/tenants/{tenant}", tenant.delete(tenants::delete_tenant))
        .route("/tenants/{tenant}/suspend", post(tenants::suspend_tenant))
        .route("/tenants/{tenant}/resume", post(tenants::resume_tenant))
        .route("/tenants/{tenant}/restore", post(tenants::restore_tenant))
        .route("/tenants/{tenant}/usage", get(tenants::read_tenant_usage))
        .route("/tenants/{tenant}/credentials", credentials)
        .route("/tenants/{tenant}/credentials/{key}", credential)
        .route("/tenants/{tenant}/credentials/{key}/rotate", post(credentials::rotate_credential))
        .route("/tenants/{tenant}/credentials/{key}/tokens", post(credentials::issue_token))
        .route("/tenants/{tenant}/statements", get(statements::list_statements))
        .route("/tenants/{tenant}/statements/{id}", get(statements::read_statement))
        .route("/tokens", post(tokens::exchange_token))
}

/// The audit of the server and of tenants.
fn audit_routes() -> Router<Shared> {
    Router::new()
        .route("/audit", get(audit::list_server_audit))
        .route("/audit/export", get(audit::export_server_audit))
        .route("/audit/verify", get(audit::verify_server_audit))
        .route("/tenants/{tenant}/audit", get(audit::list_tenant_audit))
        .route("/tenants/{tenant}/audit/export", get(audit::export_tenant_audit))
        .route("/tenants/{tenant}/audit/verify", get(audit::verify_tenant_audit))
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

/// The answer to an OPTIONS request: which methods the resource knows, as `handled` tells, for
/// which there is no handler. Pages of other origins are told nothing.
pub(crate) fn answer_options(handled: Response) -> Response {
    if handled.status() != StatusCode::METHOD_NOT_ALLOWED {
        return handled;
    }
    let known = handled.headers().get(ALLOW).and_then(|allow| allow.to_str().ok());
    let known = known.unwrap_or_default().replace(',', ", ");
    (StatusCode::NO_CONTENT, [(ALLOW, format!("{known}, OPTIONS"))]).into_response()
}

#[cfg(test)]
mod tests;
