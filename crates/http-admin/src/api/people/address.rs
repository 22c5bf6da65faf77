//! The address of links that are sent to people.

use std::convert::Infallible;

use acta_http::Local;
use axum::extract::FromRequestParts;
use hyper::header::HOST;
use hyper::http::request::Parts;

use crate::state::Shared;

/// The host of this server as seen from this machine, for a request over the control socket, which
/// sets it. None for every other request: what the client says of the server (the headers `Host`
/// and `X-Forwarded-Host`) is never used in a link, because it could lead a person to another
/// server, with the token.
#[derive(Debug)]
pub(crate) struct OwnHost(Option<String>);

impl<S: Sync> FromRequestParts<S> for OwnHost {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let is_local = parts.extensions.get::<Local>().is_some();
        let host = parts.headers.get(HOST).filter(|_| is_local);
        Ok(Self(host.and_then(|host| host.to_str().ok()).map(str::to_owned)))
    }
}

/// The URL of a page, for a link that is sent to a person: below `public_url` or, for a request
/// over the control socket, below the address that the server listens on. None if neither is known.
pub(super) fn address_of(shared: &Shared, OwnHost(host): &OwnHost, path: &str) -> Option<String> {
    if let Some(url) = &shared.http.options.public_url {
        return Some(format!("{url}{path}"));
    }
    let scheme = if shared.http.options.tls.is_some() { "https" } else { "http" };
    host.as_ref().map(|host| format!("{scheme}://{host}{path}"))
}
