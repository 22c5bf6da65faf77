//! Problems of the admin API.

use acta_access::Denied;
use acta_admin::{AdminError, AdminFault};
use acta_auth::oidc::OidcError;
use acta_http::problem::{FaultView, Problem};
use acta_service::ServiceError;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;

/// The challenge for API clients. Browsers show no password dialog for it, because pages show the
/// error themselves.
pub const BEARER_CHALLENGE: &str = "Bearer realm=\"acta\"";

/// The request is not authenticated.
pub(crate) fn signed_out() -> Problem {
    let detail = "authentication required: sign in, or send a credential";
    without_window(Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail))
}

/// A change was requested by a page of another origin.
pub(crate) fn foreign_page() -> Problem {
    let detail = "a request that changes something must come from a page of this server, as shown \
                  by Sec-Fetch-Site or Origin";
    Problem::new(StatusCode::FORBIDDEN, "foreign-origin", detail)
}

/// The person has no account here, and none is created.
pub fn unknown_to_us() -> Problem {
    let detail = "sign-in at the identity provider succeeded, but you have no account here, and \
                  none of your roles creates one; contact an administrator";
    Problem::new(StatusCode::FORBIDDEN, "no-account", detail)
}

/// The CSRF token of a change is missing or wrong.
pub(crate) fn without_csrf_token() -> Problem {
    let detail = "a request with a session that changes something needs the header X-CSRF-Token; \
                  GET /api/v1/session returns its value";
    Problem::new(StatusCode::FORBIDDEN, "csrf-token", detail)
}

/// The same, without a password dialog of the browser.
pub(crate) fn without_window(problem: Problem) -> Problem {
    problem.with_challenge(BEARER_CHALLENGE)
}

/// The body does not have a content type that the resource accepts.
pub(crate) fn not_json() -> Problem {
    let detail = "the body must be JSON with Content-Type application/json";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
}

/// The body does not have the content type of comma-separated values.
pub(crate) fn not_csv() -> Problem {
    let detail = "the body must be comma-separated values with Content-Type text/csv";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
}

/// The requester lacks `permission`.
pub(crate) fn not_permitted(permission: &str) -> Problem {
    let detail = format!("the permission {permission} is required");
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
}

/// A conflict with the current state; `detail` says what, and how to proceed.
pub(crate) fn conflict(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::CONFLICT, "conflict", detail)
}

/// The resource was changed since it was read.
pub(crate) fn changed() -> Problem {
    let detail = "the resource has changed since you read it; read it again";
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", detail)
}

/// The precondition `If-Match` is missing.
pub(crate) fn unconditional() -> Problem {
    let detail = "If-Match is required: send the ETag that you read, or * for any version";
    Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition-required", detail)
}

/// The idempotency key was used for a different request.
pub(crate) fn key_reused() -> Problem {
    let detail = "this Idempotency-Key was used for a different request; use a new key";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", detail)
}

/// The error of a handler: a problem, or the error of a use case as one.
#[derive(Clone, Debug)]
pub struct AdminProblem(Problem);

impl IntoResponse for AdminProblem {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<AdminProblem> for Problem {
    fn from(refused: AdminProblem) -> Self {
        refused.0
    }
}

impl From<Problem> for AdminProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<ServiceError> for AdminProblem {
    fn from(error: ServiceError) -> Self {
        Self(error.into())
    }
}

impl From<Denied> for AdminProblem {
    fn from(denied: Denied) -> Self {
        Self(denied.into())
    }
}

impl From<OidcError> for AdminProblem {
    fn from(error: OidcError) -> Self {
        Self(error.into())
    }
}

impl From<AdminError> for AdminProblem {
    fn from(error: AdminError) -> Self {
        Self(match error {
            AdminError::Faulty(faults) => {
                let view = |fault: AdminFault| FaultView::at(fault.pointer, &fault.message, "");
                Problem::faulty(faults.into_iter().map(view).collect())
            }
            AdminError::Forbidden { permission } => not_permitted(permission),
            AdminError::NotFound => Problem::not_found(),
            AdminError::Stale => changed(),
            AdminError::Conflict(detail) => conflict(detail),
            AdminError::LimitReached(limit) => {
                Problem::new(StatusCode::CONFLICT, "limit-reached", limit.to_string())
            }
            AdminError::IdentifierTaken { identifier, person } => conflict(format!(
                "the identifier {identifier} belongs to the person {person}: join the persons, or \
                 split it off there first"
            )),
            AdminError::ImportStopped { rows, faults } => {
                let first = faults.first().map_or("", |fault| &fault.message);
                conflict(format!(
                    "{rows} rows were imported; then others had changed persons, so that {} of \
                     the next rows are faulty, the first in {first}: correct them and import all \
                     rows again",
                    faults.len()
                ))
            }
            AdminError::KeyReused => key_reused(),
            AdminError::NotSignedIn => {
                let detail = "the e-mail address, password or code is wrong";
                without_window(Problem::new(StatusCode::UNAUTHORIZED, "not-signed-in", detail))
            }
            AdminError::CodeNeeded => {
                let detail = "the password is correct; a code of the second factor is also \
                              required";
                without_window(Problem::new(StatusCode::UNAUTHORIZED, "code-needed", detail))
            }
            AdminError::Delayed { retry_after } => {
                Problem::too_many("too many failed attempts; try again later", retry_after)
            }
            AdminError::LinkVoid => {
                let detail = "the link was used, has expired or does not exist; request a new link";
                Problem::new(StatusCode::GONE, "link-void", detail)
            }
            AdminError::Service(error) => error.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use acta_http::problem::ProblemForm;

    #[test]
    fn every_refusal_has_a_status_and_a_type() {
        let table = [
            (signed_out(), 401, "unauthenticated"),
            (foreign_page(), 403, "foreign-origin"),
            (not_permitted("tenants/write"), 403, "forbidden"),
            (conflict("the name is taken"), 409, "conflict"),
            (changed(), 412, "precondition-failed"),
            (not_json(), 415, "unsupported-media-type"),
            (key_reused(), 422, "idempotency-key-reused"),
            (unconditional(), 428, "precondition-required"),
            (Problem::too_many("9 a minute", Duration::from_secs(7)), 429, "too-many-requests"),
        ];
        for (problem, status, slug) in table {
            let json = problem.write(ProblemForm::Problem);
            assert_eq!(problem.status.as_u16(), status, "{json}");
            assert!(json.contains(&format!("\"type\":\"urn:acta:problem:{slug}\"")), "{json}");
        }
        let detail = not_permitted("tenants/write").write(ProblemForm::Text);
        assert!(detail.contains("tenants/write"), "{detail}");
    }
}
