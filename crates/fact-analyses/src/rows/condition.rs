//! The conditions of analyses: that of the request, and what the analysis itself asks for.

use acta_facts::{ConditionRequest, QueryError, QuestionFault};
use serde_json::Value;

use super::calendar::time_text;

/// Where the condition of the request is within [`all_of`].
const FIRST: &str = "/where/and/0";

/// A condition that holds where the condition of the request and all others hold.
pub fn all_of(
    requested: Option<&ConditionRequest>,
    others: Vec<ConditionRequest>,
) -> ConditionRequest {
    // One that always holds keeps the place.
    let first = requested.cloned().unwrap_or_else(|| every(Vec::new()));
    every(std::iter::once(first).chain(others).collect())
}

/// Puts the fault in the condition of the request where the client has written it.
pub fn in_request(error: QueryError) -> QueryError {
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

/// Where the first of the other conditions is within [`all_of`].
const SECOND: &str = "/where/and/1";

/// Puts the fault in the first of the other conditions where the client has written it: as the
/// `where` of an item of a list.
pub fn in_list(error: QueryError, list: &str, index: usize) -> QueryError {
    match error {
        QueryError::Fault(QuestionFault { place, text }) => {
            let inner = place.strip_prefix(SECOND);
            let inner = inner.map(|rest| format!("/{list}/{index}/where{rest}"));
            QueryError::Fault(QuestionFault { place: inner.unwrap_or(place), text })
        }
        QueryError::Withheld(_)
        | QueryError::TooLarge(_)
        | QueryError::Stopped
        | QueryError::Io(_) => error,
    }
}

/// One of several conditions holds.
pub fn one_of(parts: Vec<ConditionRequest>) -> ConditionRequest {
    ConditionRequest { or: Some(parts), ..ConditionRequest::default() }
}

/// A field has a value.
pub fn is(field: &str, value: impl Into<Value>) -> ConditionRequest {
    let (field, is) = (Some(field.to_owned()), Some(value.into()));
    ConditionRequest { field, is, ..ConditionRequest::default() }
}

/// A field has any value.
pub fn exists(field: &str) -> ConditionRequest {
    let (field, exists) = (Some(field.to_owned()), Some(true));
    ConditionRequest { field, exists, ..ConditionRequest::default() }
}

/// A condition does not hold.
pub fn not(condition: ConditionRequest) -> ConditionRequest {
    ConditionRequest { not: Some(Box::new(condition)), ..ConditionRequest::default() }
}

/// A field has one of these values.
pub fn is_in(field: &str, values: &[&str]) -> ConditionRequest {
    let values = values.iter().map(|value| Value::from(*value)).collect();
    let (field, one_of) = (Some(field.to_owned()), Some(values));
    ConditionRequest { field, one_of, ..ConditionRequest::default() }
}

/// A time in microseconds since 1970 is `from` or later, and before `to`.
pub fn between(field: &str, from: i64, to: i64) -> ConditionRequest {
    let (from, to) = (Some(time_text(from).into()), Some(time_text(to).into()));
    ConditionRequest { field: Some(field.to_owned()), from, to, ..ConditionRequest::default() }
}

/// A time is before this one, in microseconds since 1970.
pub fn before(field: &str, to: i64) -> ConditionRequest {
    let (field, to) = (Some(field.to_owned()), Some(time_text(to).into()));
    ConditionRequest { field, to, ..ConditionRequest::default() }
}

/// Every one of several conditions holds.
pub fn every(parts: Vec<ConditionRequest>) -> ConditionRequest {
    ConditionRequest { and: Some(parts), ..ConditionRequest::default() }
}
