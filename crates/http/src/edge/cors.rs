//! Requests from pages of other origins.
//!
//! By default every origin is allowed, because the credential decides what a request may do. The
//! origin is echoed and credentials are allowed, so that pages may send them in any way. If origins
//! are listed, requests from others are refused, with a response that pages cannot read.
//!
//! Spec: Fetch Standard, 3.2 (CORS protocol).

use axum::response::Response;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW,
    HeaderName, HeaderValue, VARY,
};
use hyper::{HeaderMap, StatusCode};

use crate::options::Origins;

/// The methods of all resources.
const METHODS: &str = "GET, HEAD, POST, PUT, DELETE, OPTIONS";

/// The request headers that pages may set.
const REQUEST_HEADERS: &str = "Authorization, Content-Type, X-Experience-API-Version, \
     X-Experience-API-Hash, If-Match, If-None-Match, Accept, Accept-Language, \
     Content-Encoding, Content-Language, Content-Transfer-Encoding, Cache-Control, X-Request-Id, \
     X-Requested-With, traceparent";

/// The response headers that pages may read.
const ANSWER_HEADERS: &str = "ETag, Last-Modified, Content-Length, Content-Type, Date, Location, \
     Retry-After, WWW-Authenticate, X-Experience-API-Version, \
     X-Experience-API-Consistent-Through, X-Experience-API-Hash, X-Request-Id";

/// How long a browser may cache a preflight response, in seconds.
const MAX_AGE_SECONDS: &str = "7200";

/// The response to an OPTIONS request, without authentication or redirect. A page may set the
/// headers in `asked` too: what a request may do is decided by its credential, not by its headers.
pub(crate) fn answer_options(asked: Option<&HeaderValue>) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    let allowed = asked
        .and_then(names_in)
        .and_then(|asked| HeaderValue::try_from(format!("{REQUEST_HEADERS}, {asked}")).ok());
    let allowed = allowed.unwrap_or(HeaderValue::from_static(REQUEST_HEADERS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_SECONDS));
    response
}

/// The value of `Access-Control-Request-Headers`, if it is a list of names of headers.
fn names_in(value: &HeaderValue) -> Option<&str> {
    let is_name = |name: &str| HeaderName::from_bytes(name.trim().as_bytes()).is_ok();
    value.to_str().ok().filter(|names| names.split(',').all(is_name))
}

/// Whether requests from pages of `origin` are allowed. A request without an origin does not come
/// from a page.
pub fn is_allowed(origin: Option<&HeaderValue>, origins: &Origins) -> bool {
    match (origin, origins) {
        (None, _) | (Some(_), Origins::Any) => true,
        (Some(origin), Origins::Listed(listed)) => {
            let is_same = |known: &String| origin.as_bytes().eq_ignore_ascii_case(known.as_bytes());
            listed.iter().any(is_same)
        }
    }
}

/// Permits a page of an allowed `origin` to read the response, errors included.
pub(crate) fn allow(headers: &mut HeaderMap, origin: Option<&HeaderValue>, origins: &Origins) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin.filter(|origin| is_allowed(Some(origin), origins)) else { return };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
}
