//! The conditions of analyses: that of the request, and what the analysis itself asks for.

use acta_facts::{ConditionRequest, QueryError, QuestionFault};
use serde_json::Value;

/// Where the condition of the request is within [`all_of`].
const FIRST: &str = "/where/and/0";

/// A condition that holds where the condition of the request and all others hold.
pub(crate) fn all_of(
    requested: Option<&ConditionRequest>,
    others: Vec<ConditionRequest>,
) -> ConditionRequest {
    // One that always holds keeps the place.
    let first = requested.cloned().unwrap_or_else(|| every(Vec::new()));
    every(std::iter::once(first).chain(others).collect())
}

/// Puts the fault in the condition of the request where the client has written it.
pub(crate) fn in_request(error: QueryError) -> QueryError {
    match error {
        QueryError::Fault(QuestionFault { place, text }) => {
            let inner = place.strip_prefix(FIRST).map(|rest| format!("/where{rest}"));
            QueryError::Fault(QuestionFault { place: inner.unwrap_or(place), text })
        }
        QueryError::Withheld(_)
        | QueryError::TooLarge(_)
        | QueryError::Stopped
        | QueryError::Io(_) => error,
    }
}

fn every(parts: Vec<ConditionRequest>) -> ConditionRequest {
    ConditionRequest { and: Some(parts), ..ConditionRequest::default() }
}

/// One of several conditions holds.
pub(crate) fn one_of(parts: Vec<ConditionRequest>) -> ConditionRequest {
    ConditionRequest { or: Some(parts), ..ConditionRequest::default() }
}

/// A field has a value.
pub(crate) fn is(field: &str, value: impl Into<Value>) -> ConditionRequest {
    let (field, is) = (Some(field.to_owned()), Some(value.into()));
    ConditionRequest { field, is, ..ConditionRequest::default() }
}

/// A field has any value.
pub(crate) fn exists(field: &str) -> ConditionRequest {
    let (field, exists) = (Some(field.to_owned()), Some(true));
    ConditionRequest { field, exists, ..ConditionRequest::default() }
}
