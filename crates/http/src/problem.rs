//! The one place where errors become responses.
//!
//! A handler returns a [`Problem`]. It gets the form that the client accepts when the response is
//! finished: JSON, plain text or a minimal page. Causes go to the log, never to the client, and no
//! learner's data goes to either.
//!
//! Spec: RFC 9457; xAPI 1.0.3, Part Three, 3.2.

mod fault;
mod outside;

use std::fmt::Write;
use std::time::Duration;

use acta_access::{Denied, Restriction, Scope};
use acta_auth::AuthError;
use acta_service::{Limit, ServiceError};
use acta_xapi::{Fault, Faults, Rule};
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use maud::{DOCTYPE, html};
use serde::Serialize;

use crate::multipart::MultipartError;
pub use fault::FaultView;

/// An error response.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The status of the response.
    pub status: StatusCode,
    /// The last part of the problem's type.
    slug: &'static str,
    detail: String,
    faults: Vec<FaultView>,
    /// The restriction that forbids the request.
    restriction: Option<Restriction>,
    /// The scopes of which each would permit the request.
    sufficient: &'static [Scope],
    /// How long the client should wait before the next request.
    pub retry_after: Option<Duration>,
    /// How to authenticate, for the header `WWW-Authenticate` of 401.
    pub(crate) challenge: &'static str,
}

/// Browsers ask the person for a name and a password.
const BASIC_CHALLENGE: &str = "Basic realm=\"acta\", charset=\"UTF-8\"";

/// The formats of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemForm {
    /// `application/problem+json`.
    Problem,
    /// The same, for clients that accept only `application/json`.
    Json,
    /// `text/plain`.
    Text,
    /// `text/html`.
    Html,
}

impl ProblemForm {
    /// Every format with its media type. The first is used for clients that accept anything.
    pub(crate) const EVERY: [(&'static str, Self); 4] = [
        ("application/problem+json", Self::Problem),
        ("application/json", Self::Json),
        ("text/plain", Self::Text),
        ("text/html", Self::Html),
    ];

    /// The value of `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Problem => "application/problem+json",
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// The body of RFC 9457.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    faults: &'a [FaultView],
    #[serde(skip_serializing_if = "Option::is_none")]
    restriction: Option<&'static str>,
}

impl Problem {
    /// How long a client should wait when the server is busy.
    pub const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

    /// The last part of the type of [`Problem::too_many_anonymous`].
    pub(crate) const TOO_MANY_ANONYMOUS: &str = "too-many-anonymous-requests";

    /// The problem of a server that was asked to stop.
    pub(crate) const STOPPING: &'static str = "stopping";

    /// A problem without faults.
    pub fn new(status: StatusCode, slug: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            slug,
            detail: detail.into(),
            faults: Vec::new(),
            restriction: None,
            sufficient: &[],
            retry_after: None,
            challenge: BASIC_CHALLENGE,
        }
    }

    /// The last part of its type.
    pub(crate) const fn slug(&self) -> &'static str {
        self.slug
    }

    /// The rules that the request breaks.
    pub(crate) fn faults(&self) -> &[FaultView] {
        &self.faults
    }

    /// The name of the restriction that forbids the request.
    pub(crate) fn restriction(&self) -> Option<&'static str> {
        self.restriction.map(Restriction::as_str)
    }

    /// The scopes of which each would permit the request; none if scopes are not the reason.
    pub(crate) const fn sufficient_scopes(&self) -> &'static [Scope] {
        self.sufficient
    }

    /// What is wrong, for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Sets the authentication challenge.
    #[must_use]
    pub fn with_challenge(self, challenge: &'static str) -> Self {
        Self { challenge, ..self }
    }

    /// The request breaks rules.
    pub fn faulty(faults: Vec<FaultView>) -> Self {
        let detail = match faults.as_slice() {
            [fault] => format!("{}: {}", fault.place(), fault.message),
            faults => format!("{} faults in the request; nothing was changed", faults.len()),
        };
        Self { faults, ..Self::new(StatusCode::BAD_REQUEST, "faults", detail) }
    }

    /// The same problem of a part of the request that is at `pointer`: places are below it.
    #[must_use]
    pub fn below(self, pointer: &str) -> Self {
        if self.faults.is_empty() {
            return self;
        }
        Self::faulty(self.faults.into_iter().map(|fault| fault.below(pointer)).collect())
    }

    /// One rule is broken by the request as a whole.
    pub fn broken(rule: Rule, found: &str) -> Self {
        Self::faulty(vec![Fault::new("", rule, found).into()])
    }

    /// The request is not authenticated.
    fn unauthenticated(why: &AuthError) -> Self {
        let detail = format!("{why}; send a key and its secret with the Basic scheme");
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// The resource does not exist.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "resource not found")
    }

    /// The resource does not support the method.
    pub(crate) fn method_not_allowed() -> Self {
        let detail = "the resource does not support this method; the Allow header lists the \
                      supported methods";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
    }

    /// Something is larger than the limit; `key` sets the limit.
    pub(crate) fn too_large(what: &str, bytes_max: u64, key: &str) -> Self {
        let detail = format!("{what} may have at most {bytes_max} bytes ({key})");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    }

    /// The URL is longer than the limit.
    pub(crate) fn url_too_long(bytes_max: usize) -> Self {
        let detail = format!("a URL may have at most {bytes_max} bytes (limits.url_bytes_max)");
        Self::new(StatusCode::URI_TOO_LONG, "uri-too-long", detail)
    }

    /// The headers of the request, or of one of its parts, are larger than the limit.
    pub(crate) fn head_too_large(what: &str, bytes_max: usize, key: &str) -> Self {
        let detail = format!("{what} may have at most {bytes_max} bytes ({key})");
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-large", detail)
    }

    /// The configuration lists the allowed origins, and this one is not listed.
    pub(crate) fn foreign_origin() -> Self {
        let detail = "pages of this origin are not allowed (cors.origins)";
        Self::new(StatusCode::FORBIDDEN, "foreign-origin", detail)
    }

    /// The server is busy.
    pub fn busy(retry_after: Duration) -> Self {
        let detail = "the server is busy; retry later";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// The server was asked to stop, and answers elsewhere are better.
    pub(crate) fn stopping() -> Self {
        let detail = "the server stops soon";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Self::STOPPING, detail)
    }

    /// A rate limit was exceeded; `detail` names it.
    pub fn too_many(detail: impl Into<String>, retry_after: Duration) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// The network address of the client has sent too many requests without a valid credential.
    pub(crate) fn too_many_anonymous(count_max: usize, retry_after: Duration) -> Self {
        let detail = format!(
            "your network address may send at most {count_max} requests per minute without a valid \
             credential (limits.anonymous_count_max)"
        );
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, Self::TOO_MANY_ANONYMOUS, detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// Removes the requirements of xAPI, for requests that are not xAPI.
    pub(crate) fn without_rules(self) -> Self {
        let faults = self.faults.into_iter().map(FaultView::without_rule).collect();
        Self { faults, ..self }
    }

    /// The database is not available.
    fn unavailable(retry_after: Duration) -> Self {
        let detail = "the database of the server is not available or is read-only; nothing was \
                      changed; retry later";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// A limit of a use case was exceeded.
    fn over(limit: Limit, max: u64) -> Self {
        match limit {
            Limit::Statement => Self::too_large("a statement", max, "limits.statement_bytes_max"),
            Limit::Signature => Self::too_large("a signature", max, "limits.signature_bytes_max"),
            Limit::Attachment => {
                Self::too_large("an attachment", max, "limits.attachment_bytes_max")
            }
            Limit::Document => {
                Self::too_large("the merged document", max, "limits.document_bytes_max")
            }
            Limit::Documents => {
                let detail = format!(
                    "this resource already has the maximum of {max} documents; delete one first \
                     (limits.documents_count_max)"
                );
                Self::new(StatusCode::BAD_REQUEST, "too-many-documents", detail)
            }
        }
    }

    /// An internal error that the client cannot correct.
    pub fn internal() -> Self {
        let detail = "internal server error; the cause is in the log of the server";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// The body in one of the formats.
    pub fn write(&self, form: ProblemForm) -> String {
        match form {
            ProblemForm::Problem | ProblemForm::Json => self.write_json(),
            ProblemForm::Text => self.write_text(),
            ProblemForm::Html => {
                let page = html! {
                    (DOCTYPE)
                    meta charset="utf-8";
                    title { (self.title()) }
                    pre { (self.write_text()) }
                };
                page.into_string()
            }
        }
    }

    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }

    fn write_json(&self) -> String {
        let body = Body {
            r#type: format!("urn:acta:problem:{}", self.slug),
            title: self.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            faults: &self.faults,
            restriction: self.restriction(),
        };
        // Strings and numbers alone cannot fail to be written.
        serde_json::to_string(&body).unwrap_or_default()
    }

    fn write_text(&self) -> String {
        let mut text = format!("{} {}: {}\n", self.status.as_u16(), self.title(), self.detail);
        for fault in &self.faults {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{}", fault.line());
        }
        text
    }
}

impl IntoResponse for Problem {
    /// A response without a body, which is added when the response is finished.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Faults> for Problem {
    fn from(faults: Faults) -> Self {
        Self::faulty(faults.0.into_iter().map(FaultView::from).collect())
    }
}

impl From<MultipartError> for Problem {
    fn from(error: MultipartError) -> Self {
        Self::broken(Rule::Multipart, &error.to_string())
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Missing | AuthError::UnsupportedScheme | AuthError::Refused => {
                Self::unauthenticated(&error)
            }
            AuthError::Exhausted { count_max, retry_after } => {
                let detail = format!(
                    "{error}: at most {count_max} per minute are permitted \
                     (limits.failures_count_max)"
                );
                let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-failures", detail);
                Self { retry_after: Some(retry_after), ..problem }
            }
            AuthError::Closed { .. } => {
                Self::new(StatusCode::FORBIDDEN, "tenant-closed", error.to_string())
            }
            AuthError::Issuer(error) => error.into(),
            AuthError::Storage(error) => ServiceError::from(error).into(),
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Scopes { sufficient: [] } => {
                let detail = "no scope of a credential permits this request";
                Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
            }
            Denied::Scopes { sufficient } => {
                let scopes: Vec<&str> = sufficient.iter().map(|scope| scope.as_str()).collect();
                let detail = format!("one of these scopes is required: {}", scopes.join(", "));
                Self { sufficient, ..Self::new(StatusCode::FORBIDDEN, "forbidden", detail) }
            }
            Denied::Restricted { restriction, statement_index } => {
                let name = restriction.as_str();
                let mut detail = format!("{restriction} (restriction `{name}`)");
                if let Some(index) = statement_index {
                    // Writing into a string cannot fail.
                    let _ = write!(
                        detail,
                        "; the statement at /{index} is the cause; nothing was stored"
                    );
                }
                let problem = Self::new(StatusCode::FORBIDDEN, "restricted", detail);
                Self { restriction: Some(restriction), ..problem }
            }
        }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Faulty(faults) => faults.into(),
            ServiceError::Denied(denied) => denied.into(),
            ServiceError::NotFound => Self::not_found(),
            ServiceError::Conflict(ids) => {
                let ids: Vec<String> = ids.iter().take(10).map(ToString::to_string).collect();
                let detail = format!(
                    "statements with these ids are already stored with different content: {}",
                    ids.join(", ")
                );
                Self::new(StatusCode::CONFLICT, "statement-conflict", detail)
            }
            ServiceError::PreconditionFailed => {
                let detail = "the document does not match If-Match or If-None-Match; read it again";
                Self::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", detail)
            }
            ServiceError::Unconditional => {
                let detail = "the document exists; read its current state, then send its ETag in \
                              If-Match to replace it";
                Self::new(StatusCode::CONFLICT, "document-exists", detail)
            }
            ServiceError::OverLimit { limit, max } => Self::over(limit, max),
            ServiceError::OverQuota(over) => over.into(),
            ServiceError::Busy { retry_after } => Self::busy(retry_after),
            ServiceError::Unavailable { retry_after } => Self::unavailable(retry_after),
            ServiceError::Full => {
                tracing::error!("a request failed because there is no space left");
                let detail = "the server has no space left; nothing was changed";
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "full", detail)
            }
            ServiceError::Halted => {
                let detail = "the server accepts no writes since its storage failed, until its \
                              operator restarts it; the data of this request may be stored, and \
                              repeating the request after the restart is safe";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "halted", detail)
            }
            ServiceError::Failed(_) => {
                let cause: &dyn std::error::Error = &error;
                tracing::error!(error = cause, "a request failed");
                Self::internal()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acta_access::Act;

    #[track_caller]
    fn check(error: ServiceError, status: u16, slug: &str) {
        let problem = Problem::from(error);
        assert_eq!((problem.status.as_u16(), problem.slug), (status, slug));
        let json = problem.write(ProblemForm::Json);
        let text = problem.write(ProblemForm::Text);
        assert!(json.contains(&format!("\"type\":\"urn:acta:problem:{slug}\"")), "{json}");
        assert!(text.starts_with(&status.to_string()) && text.ends_with('\n'), "{text}");
    }

    #[test]
    fn a_refusal_names_the_restriction_and_the_statement_in_its_way() {
        let restriction = Restriction::Agent;
        let denied = Denied::Restricted { restriction, statement_index: Some(3) };
        let json = Problem::from(denied).write(ProblemForm::Json);
        assert!(json.contains(r#""restriction":"agent""#), "{json}");
        assert!(json.contains("the statement at /3 is the cause"), "{json}");
        let scopes = Problem::from(Denied::Scopes { sufficient: Act::WriteState.sufficient() });
        let json = scopes.write(ProblemForm::Json);
        assert!(json.contains("state, all\"") && !json.contains("restriction"), "{json}");
        let nobody = Problem::from(Denied::Scopes { sufficient: &[] });
        assert!(nobody.write(ProblemForm::Json).contains("no scope"));
    }

    #[test]
    fn faults_outside_of_xapi_name_no_requirement_of_it() {
        let faults = || vec![FaultView::at("/name", "expected a text", "7")];
        let json = Problem::faulty(faults()).write(ProblemForm::Problem);
        assert!(json.contains("\"pointer\":\"/name\",\"message\""), "{json}");
        let broken = Problem::broken(Rule::Json, "x").without_rules();
        let json = broken.write(ProblemForm::Problem);
        assert!(!json.contains("XAPI") && json.contains("\"found\":\"x\""), "{json}");
    }

    #[test]
    fn problems_on_pages_are_escaped() {
        let page = Problem::broken(Rule::Json, "<script>").write(ProblemForm::Html);
        assert!(page.contains("<title>Bad Request</title><pre>400 Bad Request: "), "{page}");
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
    }

    #[test]
    fn every_error_has_a_status_and_a_type() {
        let sufficient = Act::WriteState.sufficient();
        let retry_after = Duration::from_secs(7);
        let table = [
            (ServiceError::fault("/a", Rule::Json, "x"), 400, "faults"),
            (ServiceError::Denied(Denied::Scopes { sufficient }), 403, "forbidden"),
            (ServiceError::Denied(Restriction::Origin.into()), 403, "restricted"),
            (ServiceError::NotFound, 404, "not-found"),
            (ServiceError::Conflict(Vec::new()), 409, "statement-conflict"),
            (ServiceError::PreconditionFailed, 412, "precondition-failed"),
            (ServiceError::Unconditional, 409, "document-exists"),
            (ServiceError::OverLimit { limit: Limit::Statement, max: 1 }, 413, "too-large"),
            (ServiceError::OverLimit { limit: Limit::Signature, max: 1 }, 413, "too-large"),
            (ServiceError::OverLimit { limit: Limit::Attachment, max: 1 }, 413, "too-large"),
            (ServiceError::OverLimit { limit: Limit::Document, max: 1 }, 413, "too-large"),
            (
                ServiceError::OverLimit { limit: Limit::Documents, max: 1 },
                400,
                "too-many-documents",
            ),
            (ServiceError::Busy { retry_after }, 503, "busy"),
            (ServiceError::Unavailable { retry_after }, 503, "unavailable"),
            (ServiceError::Full, 507, "full"),
            (ServiceError::Halted, 503, "halted"),
        ];
        for (error, status, slug) in table {
            check(error, status, slug);
        }
        for error in [ServiceError::Busy { retry_after }, ServiceError::Unavailable { retry_after }]
        {
            assert_eq!(Problem::from(error).retry_after, Some(retry_after));
        }
    }
}
