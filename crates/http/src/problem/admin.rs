//! What the admin API refuses.

use std::time::Duration;

use acta_admin::{AdminError, AdminFault};
use acta_service::{OverQuota, QuotaError, QuotaLimit, ServiceError};
use hyper::StatusCode;

use super::{FaultView, Problem};

/// For those who do not sign in as a person. Browsers do nothing about it, so that no window
/// opens over a page that shows the refusal itself.
const BEARER_CHALLENGE: &str = "Bearer realm=\"acta\"";

impl Problem {
    /// Nobody has signed in.
    pub(crate) fn signed_out() -> Self {
        let detail = "sign in first, or send a credential";
        let problem = Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail);
        Self { challenge: BEARER_CHALLENGE, ..problem }
    }

    /// A page of another origin would change something in the name of who has signed in.
    pub(crate) fn foreign_page() -> Self {
        let detail = "a request that changes something must come from a page of this server, \
                      and tell so by Sec-Fetch-Site or Origin";
        Self::new(StatusCode::FORBIDDEN, "foreign-origin", detail)
    }

    /// What would change something does not show that a page of this server has made it.
    pub(crate) fn without_csrf_token() -> Self {
        let detail = "a request with a session that changes something needs the header \
                      X-CSRF-Token; GET /api/v1/session tells its value";
        Self::new(StatusCode::FORBIDDEN, "csrf-token", detail)
    }

    /// The same for a request that is none of xAPI: requirements of xAPI say nothing about it.
    pub(crate) fn without_rules(self) -> Self {
        let faults = self.faults.into_iter().map(FaultView::without_rule).collect();
        Self { faults, ..self }
    }
}

impl Problem {
    /// The body is of another type than the resource takes.
    pub(crate) fn not_json() -> Self {
        let detail = "the body must be JSON, and Content-Type application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    }

    /// Who asks may not do it; `permission` names what would allow it.
    pub(crate) fn not_permitted(permission: &str) -> Self {
        let detail = format!("the permission {permission} is needed");
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// What is there already stands against it; `detail` tells what, and how to go on.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", detail)
    }

    /// It was changed by somebody else since it was read.
    pub(crate) fn changed() -> Self {
        let detail = "it was changed since you read it; read it again";
        Self::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", detail)
    }

    /// It may only be changed by who has read it.
    pub(crate) fn unconditional() -> Self {
        let detail = "read it, then send its ETag in If-Match, or * to change it in any case";
        Self::new(StatusCode::PRECONDITION_REQUIRED, "precondition-required", detail)
    }

    /// The key of an earlier request came with another one.
    pub(crate) fn key_reused() -> Self {
        let detail = "this Idempotency-Key belongs to a request with other content; \
                      take a new one";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", detail)
    }

    /// More than is allowed in a span of time; `detail` tells of what and how many.
    pub(crate) fn too_many(detail: impl Into<String>, retry_after: Duration) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail);
        Self { retry_after: Some(retry_after), ..problem }
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Faulty(faults) => {
                let view = |fault: AdminFault| FaultView::at(fault.pointer, &fault.message, "");
                Self::faulty(faults.into_iter().map(view).collect())
            }
            AdminError::Forbidden { permission } => Self::not_permitted(permission),
            AdminError::NotFound => Self::not_found(),
            AdminError::Stale => Self::changed(),
            AdminError::Conflict(detail) => Self::conflict(detail),
            AdminError::KeyReused => Self::key_reused(),
            AdminError::NotSignedIn => {
                let detail = "the address, the password or the code is not right";
                let problem = Self::new(StatusCode::UNAUTHORIZED, "not-signed-in", detail);
                Self { challenge: BEARER_CHALLENGE, ..problem }
            }
            AdminError::CodeNeeded => {
                let detail = "the password is right; send a code of the second factor as well";
                let problem = Self::new(StatusCode::UNAUTHORIZED, "code-needed", detail);
                Self { challenge: BEARER_CHALLENGE, ..problem }
            }
            AdminError::Delayed { retry_after } => {
                Self::too_many("too many attempts have failed; wait, then try again", retry_after)
            }
            AdminError::LinkVoid => {
                let detail = "the link was used, has expired, or never was; ask for a new one";
                Self::new(StatusCode::GONE, "link-void", detail)
            }
            AdminError::Service(error) => error.into(),
        }
    }
}

impl From<OverQuota> for Problem {
    fn from(over: OverQuota) -> Self {
        let OverQuota { limit, max, retry_after } = over;
        let detail = match limit {
            QuotaLimit::Requests => format!("the tenant may send {max} requests a second"),
            QuotaLimit::Bytes => format!("the tenant may store {max} bytes a day (in UTC)"),
            QuotaLimit::Statements => {
                format!("the tenant may store {max} statements a day (in UTC)")
            }
        };
        Self::too_many(detail, retry_after)
    }
}

impl From<QuotaError> for Problem {
    fn from(error: QuotaError) -> Self {
        match error {
            QuotaError::Over(over) => over.into(),
            QuotaError::Storage(error) => ServiceError::from(error).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ProblemForm;

    #[test]
    fn every_refusal_has_a_status_and_a_type() {
        let table = [
            (Problem::signed_out(), 401, "unauthenticated"),
            (Problem::foreign_page(), 403, "foreign-origin"),
            (Problem::not_permitted("tenants/write"), 403, "forbidden"),
            (Problem::conflict("the name is taken"), 409, "conflict"),
            (Problem::changed(), 412, "precondition-failed"),
            (Problem::not_json(), 415, "unsupported-media-type"),
            (Problem::key_reused(), 422, "idempotency-key-reused"),
            (Problem::unconditional(), 428, "precondition-required"),
            (Problem::too_many("9 a minute", Duration::from_secs(7)), 429, "too-many-requests"),
        ];
        for (problem, status, slug) in table {
            let json = problem.write(ProblemForm::Problem);
            assert_eq!(problem.status.as_u16(), status, "{json}");
            assert!(json.contains(&format!("\"type\":\"urn:acta:problem:{slug}\"")), "{json}");
        }
        let detail = Problem::not_permitted("tenants/write").write(ProblemForm::Text);
        assert!(detail.contains("tenants/write"), "{detail}");
    }

    #[test]
    fn faults_outside_of_xapi_name_no_requirement_of_it() {
        let faults = || vec![FaultView::at("/name", "expected a text", "7")];
        let json = Problem::faulty(faults()).write(ProblemForm::Problem);
        assert!(json.contains("\"pointer\":\"/name\",\"message\""), "{json}");
        let broken = Problem::broken(acta_xapi::Rule::Json, "x").without_rules();
        let json = broken.write(ProblemForm::Problem);
        assert!(!json.contains("XAPI") && json.contains("\"found\":\"x\""), "{json}");
    }
}
