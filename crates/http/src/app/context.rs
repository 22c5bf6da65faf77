//! The context of a request, until its response is finished.

use acta_access::TenantId;
use acta_xapi::Version;
use axum::extract::Request;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderValue, ORIGIN};
use hyper::{HeaderMap, Method};

use crate::edge::{ClientAddress, read_version};
use crate::route::Route;

/// The routes whose rules admit a request and finish its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteFamily {
    /// xAPI, for clients with credentials.
    Xapi,
    /// No rules: monitoring by operators, and unknown paths.
    Plain,
    /// The route group with this index.
    Group(usize),
}

/// The context of a request.
#[derive(Debug)]
pub(crate) struct RequestContext {
    pub(crate) route: Route,
    pub(crate) family: RouteFamily,
    pub(crate) method: Method,
    pub(crate) version: Version,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) origin: Option<HeaderValue>,
    pub(crate) request_id: HeaderValue,
    /// Where it came from.
    pub(crate) client: ClientAddress,
    /// What it authenticates with, right or not.
    pub(crate) authorization: Option<HeaderValue>,
    /// The key of its credential, once it is authenticated.
    pub(crate) key: Option<String>,
    /// Decides the form of a problem.
    pub(crate) accept: Vec<HeaderValue>,
    /// Decides whether the response is compressed.
    pub(crate) accept_encoding: Vec<HeaderValue>,
}

impl RequestContext {
    /// The context from the head of a request to a route.
    pub(super) fn of(
        request: &Request,
        route: Route,
        family: RouteFamily,
        request_id: HeaderValue,
        default_version: Version,
    ) -> Self {
        let headers = request.headers();
        Self {
            route,
            family,
            method: request.method().clone(),
            version: read_version(headers).unwrap_or(default_version),
            tenant: None,
            origin: headers.get(ORIGIN).cloned(),
            request_id,
            client: ClientAddress::Local,
            authorization: authorization_of(headers),
            key: None,
            accept: headers.get_all(ACCEPT).iter().cloned().collect(),
            accept_encoding: headers.get_all(ACCEPT_ENCODING).iter().cloned().collect(),
        }
    }
}

/// The header `Authorization`, which no log line shows.
pub(super) fn authorization_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut authorization = headers.get(AUTHORIZATION)?.clone();
    authorization.set_sensitive(true);
    Some(authorization)
}
