//! Versioned resources: read with an `ETag`, changed with `If-Match`.

use crate::problem;
use acta_http::edge::Conditions;
use acta_http::problem::Problem;
use acta_service::EtagMatch;
use axum::extract::FromRequestParts;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::{ETAG, HeaderValue, LOCATION};
use hyper::http::request::Parts;
use serde::Serialize;

use super::json::view;
use crate::operations::BASE;

/// The precondition of a change or removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Any version.
    Any,
    /// One of these versions.
    OneOf(Vec<u64>),
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Conditions(sent) = Conditions::from_request_parts(parts, state).await?;
        match sent.if_match {
            None => Err(problem::unconditional()),
            Some(EtagMatch::Any) => Ok(Self::Any),
            // A tag that this server never sent matches no version.
            Some(EtagMatch::OneOf(tags)) => {
                Ok(Self::OneOf(tags.iter().filter_map(|tag| tag.0.parse().ok()).collect()))
            }
        }
    }
}

impl IfMatch {
    /// The versions that match; none for any.
    pub(crate) fn versions(&self) -> Option<&[u64]> {
        match self {
            Self::Any => None,
            Self::OneOf(versions) => Some(versions),
        }
    }
}

/// A response with a resource in this version.
pub(crate) fn versioned(value: &impl Serialize, version: u64) -> Response {
    tagged(view(value), version)
}

fn tagged(mut response: Response, version: u64) -> Response {
    if let Ok(etag) = HeaderValue::try_from(format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

/// The response to a request that created a resource at `path` below the API.
pub(crate) fn created(value: &impl Serialize, version: u64, path: &str) -> Response {
    placed(view(value), version, path)
}

/// The same with an existing body.
pub(super) fn placed(response: Response, version: u64, path: &str) -> Response {
    let mut response = tagged(response, version);
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::try_from(format!("{BASE}{path}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    #[tokio::test]
    async fn if_match_lists_the_versions_that_match() {
        type Row = (Option<&'static str>, Result<Option<&'static [u64]>, u16>);
        let table: [Row; 6] = [
            (None, Err(428)),
            (Some("*"), Ok(None)),
            (Some("\"7\""), Ok(Some(&[7]))),
            (Some("\"6\", W/\"7\""), Ok(Some(&[6, 7]))),
            (Some("\"6\""), Ok(Some(&[6]))),
            (Some("\"x\""), Ok(Some(&[]))),
        ];
        for (sent, expected) in table {
            let request = Request::builder();
            let request = sent.into_iter().fold(request, |all, tag| all.header("if-match", tag));
            let mut parts = request.body(()).unwrap().into_parts().0;
            let read = IfMatch::from_request_parts(&mut parts, &()).await;
            let read = read.map_err(|problem| problem.status.as_u16());
            assert_eq!(
                read.as_ref().map(IfMatch::versions),
                expected.as_ref().copied(),
                "{sent:?}"
            );
        }
    }

    #[test]
    fn creation_returns_location_and_version() {
        let response = created(&serde_json::json!({"id": "a"}), 1, "/tenants/a");
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()[LOCATION], "/api/v1/tenants/a");
        assert_eq!(response.headers()[ETAG], "\"1\"");
    }
}
