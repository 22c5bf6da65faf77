//! What the operations on proofs have in common: the logs of this server, and answers.

use acta_admin::AdminError;
use acta_http::problem::Problem;
use acta_proof::{Proofs, ProveError};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};

use crate::problem::AdminProblem;
use crate::state::Shared;

/// The content type of notes and proof files.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// The content type of tiles and of what entries commit to.
pub(super) const BYTES: &str = "application/octet-stream";

/// The logs of this server.
///
/// # Errors
///
/// 404 if it keeps none.
pub(super) fn proofs_of(shared: &Shared) -> Result<&Proofs, Problem> {
    let detail = "no proofs are made here: proof.enabled is not true";
    let none = || Problem::new(StatusCode::NOT_FOUND, "no-proofs", detail);
    shared.proofs.as_deref().ok_or_else(none)
}

/// The log does not go so far yet.
pub(super) fn not_yet() -> Problem {
    let detail = "it is in no checkpoint yet: try again in some seconds";
    Problem::new(StatusCode::NOT_FOUND, "no-proof-yet", detail)
}

impl From<ProveError> for AdminProblem {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::NotYet => not_yet().into(),
            ProveError::NotFound => Problem::not_found().into(),
            ProveError::Storage(error) => AdminError::from(error).into(),
        }
    }
}

pub(super) fn answer(content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
