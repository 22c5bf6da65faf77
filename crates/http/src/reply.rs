//! Helpers for responses.

use acta_ambient::Timestamp;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};

/// The header that names the version of the specification.
pub(crate) const VERSION_HEADER: HeaderName = HeaderName::from_static("x-experience-api-version");

/// The header with the time through which all statements can be read.
pub(crate) const CONSISTENT_HEADER: HeaderName =
    HeaderName::from_static("x-experience-api-consistent-through");

/// Security headers of every response: no content sniffing, no scripts or frames, no referrer, and
/// no access for pages without CORS. Documents and attachments can come from any client.
pub(crate) const HYGIENE: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A response with a JSON text as its body.
pub fn json(text: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(text.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Sets the time through which all statements can be read.
pub(crate) fn set_consistent_through(headers: &mut HeaderMap, through: Timestamp) {
    if let Ok(value) = HeaderValue::try_from(through.to_string()) {
        headers.insert(CONSISTENT_HEADER, value);
    }
}
