//! Who asks, and in which version.

use acta_access::Principal;
use acta_xapi::{Rule, Version};
use axum::extract::FromRequestParts;
use hyper::HeaderMap;
use hyper::header::HeaderName;
use hyper::http::request::Parts;

use crate::problem::Problem;

/// The header that names the version of the specification.
pub(crate) const VERSION_HEADER: HeaderName = HeaderName::from_static("x-experience-api-version");

/// Who asks, and in which version: known before a request reaches its handler.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    pub(crate) version: Version,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // A route that is reached without a caller is a defect of ours: it stays closed.
        parts.extensions.remove::<Self>().ok_or_else(Problem::internal)
    }
}

/// The version that a request names.
///
/// Spec: XAPI-00331; xAPI 1.0.3, Part Three, 3.3; IEEE 9274.1.1, 4.1.7.
pub(crate) fn read_version(headers: &HeaderMap) -> Result<Version, Problem> {
    let mut values = headers.get_all(VERSION_HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        let found = if headers.contains_key(VERSION_HEADER) { "two values" } else { "no header" };
        return Err(Problem::broken(Rule::Version, found));
    };
    let text = value.to_str().unwrap_or_default().trim();
    text.parse().ok().ok_or_else(|| Problem::broken(Rule::Version, text))
}
