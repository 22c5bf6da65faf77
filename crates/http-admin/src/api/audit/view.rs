//! Views of the audit.

use acta_storage::AuditEntry;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An audit entry.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct EntryView {
    /// The position in the chain, from 1, without gaps.
    #[schema(minimum = 1, example = 42)]
    sequence: u64,
    /// The id of the entry.
    #[schema(format = "uuid")]
    id: String,
    /// The time of the act.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    at: String,
    /// Who acted: `operator`, `server`, `anonymous`, or `account:`, `credential:`, `token:` or
    /// `bearer:` and an id.
    #[schema(example = "credential:k7f2m9x4q8w3n6t1")]
    who: String,
    /// The address that the request came from, or `local` for the machine itself; empty for the
    /// server.
    #[schema(example = "192.0.2.7")]
    from: String,
    /// The act.
    #[schema(example = "credential.created")]
    act: String,
    /// The object of the act; empty if it has none.
    #[schema(example = "credential:k7f2m9x4q8w3n6t1")]
    target: String,
    /// Whether the act was done or refused.
    #[schema(value_type = String, pattern = "^(done|refused)$", example = "done")]
    outcome: &'static str,
    /// What changed, or why the act was refused.
    #[schema(value_type = Object)]
    detail: Map<String, Value>,
    /// SHA-256 over the previous entry and this one, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
}

impl EntryView {
    pub(super) fn of(entry: &AuditEntry) -> Self {
        let content = &entry.content;
        Self {
            sequence: entry.sequence,
            id: content.id.to_string(),
            at: content.at.to_string(),
            who: content.who.to_string(),
            from: content.from.clone(),
            act: content.act.clone().into_owned(),
            target: content.target.clone(),
            outcome: content.outcome.as_str(),
            // It is always written as an object.
            detail: serde_json::from_str(&content.detail).unwrap_or_default(),
            hash: entry.hash.to_string(),
        }
    }
}
